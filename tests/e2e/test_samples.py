"""`/try`: a first answer without a picture of one's own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from bot.pictures.samples import SAMPLES
from tests.e2e.chat_user import ChatUser, top
from tests.e2e.conftest import Env
from tests.e2e.test_models import COMMAND, EPHEMERAL, buttons, page_of, press
from tests.playground.clients import Page


@pytest_asyncio.fixture(loop_scope="package")
async def page(env: Env, user: ChatUser) -> AsyncIterator[Page]:
    """Connect the user."""
    async with page_of(env.playground, user.person) as connected:
        yield connected


async def test_the_slash_command_offers_the_same(page: Page, user: ChatUser) -> None:
    """The person who presses sees the very picture, and what it shows."""
    await page.interact(
        COMMAND, await page.command("try", user.channel_id), channel_id=user.channel_id
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
