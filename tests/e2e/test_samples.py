"""`!try` and `/try`: a first answer without a picture of one's own."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.samples import SAMPLES
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, said, top
from tests.e2e.test_models import COMMAND, EPHEMERAL, buttons, page_of, press
from tests.playground.clients import Page, eventually


@pytest_asyncio.fixture(loop_scope="package")
async def page(house: House, guest: Guest) -> AsyncIterator[Page]:
    """Connect the guest."""
    async with page_of(house, guest.person) as connected:
        yield connected


async def offered(page: Page, guest: Guest, how: str) -> dict[str, Any]:
    """Return the message with the buttons."""
    if how == "!try":
        return await guest.ask("!try")
    data = await page.command("try", guest.channel_id)
    await page.interact(COMMAND, data, channel_id=guest.channel_id)
    message: dict[str, Any] = await page.event("MESSAGE_CREATE")
    return message


@pytest.mark.parametrize("how", ["!try", "/try"])
async def test_a_sample_is_one_press_away(page: Page, guest: Guest, how: str) -> None:
    """Whoever presses sees the picture itself, whose it is and what it shows, and nobody else."""
    offer = await offered(page, guest, how)
    assert list(buttons(offer)) == ["A cat", "A cup of coffee", "A rocket", "An astronaut"]
    await press(page, offer, "A cup of coffee")
    await eventually(lambda: any(m["embeds"] for m in page.heard("MESSAGE_UPDATE")))
    (answer,) = page.heard("MESSAGE_UPDATE")
    assert answer["flags"] & EPHEMERAL
    assert top(answer)[0] == "espresso"
    assert SAMPLES["coffee"].credit in said(answer)
    async with (
        aiohttp.ClientSession() as session,
        session.get(answer["embeds"][0]["image"]["url"]) as file,
    ):
        assert await file.read() == SAMPLES["coffee"].read()
