"""The list of models, page by page."""

import discord
import msgspec

from cogs.models import QUERY, Turn, listing
from tests.bot.test_replies_models import CARD

CARDS = tuple(msgspec.structs.replace(CARD, name=f"net{n:02}", year=None) for n in range(25))


def turned(number: int, query: str = "net") -> tuple[str, list[tuple[str | None, int, int, str]]]:
    """Return the small print of a page, and its buttons: label, asker, page and query."""
    reply = listing(CARDS, query, number, 7)
    (embed,) = reply.embeds
    buttons = []
    for item in reply.view.children if reply.view else ():
        assert isinstance(item, Turn)
        assert isinstance(item.item, discord.ui.Button)
        assert item.custom_id == f"models:{item.asker}:{item.number}:{item.query}"
        buttons.append((item.item.label, item.asker, item.number, item.query))
    return embed.footer.text or "", buttons


async def test_buttons_lead_to_the_pages_that_there_are() -> None:
    """Back and on, for whoever asked, with what was searched for."""
    back, more = "◀ Back", "More ▶"
    pages = [turned(number) for number in range(3)]
    assert [buttons for _, buttons in pages] == [
        [(more, 7, 1, "net")],
        [(back, 7, 0, "net"), (more, 7, 2, "net")],
        [(back, 7, 1, "net")],
    ]
    assert ["page 1 of 3" in pages[0][0], "page 2 of 3" in pages[1][0]] == [True, True]


async def test_a_page_that_is_no_more_is_the_nearest() -> None:
    """As when a model has gone since the button was made."""
    assert turned(9) == turned(2)
    assert turned(-1) == turned(0)


async def test_what_fits_on_a_page_needs_no_buttons() -> None:
    """Not even an empty row of them."""
    assert listing(CARDS[:10], "", 0, 7).view is None
    assert listing(CARDS, "nothing of that name", 0, 7).view is None


async def test_a_long_search_is_cut_to_fit_a_button() -> None:
    """Its id has 100 characters; spaces count once."""
    _, ((_, _, _, query),) = turned(0, "  net " + " net" * 40)
    assert query == " ".join(["net"] * 40)[:QUERY]
    assert len(f"models:{2**63}:100:{query}") <= 100
