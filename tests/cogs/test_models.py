"""Which page of the list of models is shown, and which buttons lead on from there."""

import discord
import pytest

from bot.conversation.reply import Reply
from bot.replies.models import PAGE
from cogs.models import QUERY, listing
from models.jobs.model_info import ModelInfo

ASKER = 2**63


def cards(count: int) -> tuple[ModelInfo, ...]:
    """Return so many models."""
    card = {"parameters": 1, "weights": "W", "source": "S", "license": "L", "ready": False}
    return tuple(
        ModelInfo(name=f"net{number:03}", task="classify", **card)  # type: ignore[arg-type]
        for number in range(count)
    )


def ids(reply: Reply) -> list[str]:
    """Return what the buttons below `reply` ask for."""
    children = reply.view.children if reply.view else []
    buttons = [getattr(child, "item", child) for child in children]
    return [button.custom_id or "" for button in buttons if isinstance(button, discord.ui.Button)]


@pytest.mark.parametrize(
    ("count", "number", "shown", "leads_to"),
    [
        (0, 0, 0, []),
        (PAGE, 0, 0, []),
        (PAGE + 1, 0, 0, [1]),
        (PAGE + 1, 1, 1, [0]),
        (3 * PAGE, 1, 1, [0, 2]),
        (3 * PAGE, 99, 2, [1]),
        (0, 99, 0, []),
    ],
)
async def test_buttons_lead_to_the_pages_beside(
    count: int, number: int, shown: int, leads_to: list[int]
) -> None:
    """There are no others; a page that is no longer there becomes the last."""
    reply = listing(cards(count), "net", number, ASKER)
    assert f"page {shown + 1} of" in (reply.embeds[0].footer.text or "")
    assert ids(reply) == [f"models:{ASKER}:{page}:net" for page in leads_to]
    assert (reply.view is None) == (not leads_to)
    assert reply.view is None or reply.view.timeout is None


async def test_a_long_search_fits_a_button() -> None:
    """It is cut where the whole question would not fit into 100 characters; blanks don't count."""
    words = " ".join(["net"] * 40)
    reply = listing(cards(PAGE + 1), f"  {words.replace(' ', '   ')}", 0, ASKER)
    (only,) = ids(reply)
    assert only == f"models:{ASKER}:1:{words[:QUERY]}"
    assert len(only) <= 100
