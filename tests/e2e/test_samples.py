"""`/try`: a first answer without a picture of one's own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from bot.pictures.samples import SAMPLES
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, top
from tests.e2e.test_models import COMMAND, EPHEMERAL, buttons, page_of, press
from tests.playground.clients import Page


@pytest_asyncio.fixture(loop_scope="package")
async def page(house: House, guest: Guest) -> AsyncIterator[Page]:
    """Connect the guest."""
    async with page_of(house.playground, guest.person) as connected:
        yield connected


async def test_the_slash_command_offers_the_same(page: Page, guest: Guest) -> None:
    """The person who presses sees the very picture, and what it shows."""
    await page.interact(
        COMMAND, await page.command("try", guest.channel_id), channel_id=guest.channel_id
    )
    offer = await page.event("MESSAGE_CREATE")
    assert list(buttons(offer)) == ["A cat", "A cup of coffee", "A rocket", "An astronaut"]
    await press(page, offer, "A cup of coffee")
    answer = await page.event("MESSAGE_UPDATE")
    assert answer["flags"] & EPHEMERAL
    assert top(answer)[0] == "espresso"
    async with (
        aiohttp.ClientSession() as session,
        session.get(answer["embeds"][0]["image"]["url"]) as file,
    ):
        assert await file.read() == SAMPLES["coffee"].read()
