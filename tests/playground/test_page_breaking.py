"""The chat page: whatever people break, the bot answers afterwards."""

from typing import get_args

import pytest
from playwright.async_api import expect

from bot.playground.faults import Break
from bot.playground.gateway.sessions import GatewayConnection
from tests.playground.chat_page import Chat, upload
from tests.playground.clients import Rest, eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

WAYS = {
    "invalidate": "End the bot’s session",
    "reconnect": "Ask it to reconnect",
    "cut": "Cut its connection",
    "limit": "Rate-limit it for a while",
    "fail": "Answer it with errors for a while",
    "slow": "Deliver pictures slowly for a while",
}


@pytest.mark.parametrize("kind", get_args(Break))
async def test_the_bot_answers_after_what_was_broken(chat: Chat, kind: str) -> None:
    """Chosen in the menu by keyboard, felt by the bot alone, and over after a while."""
    playground = chat.playground
    bot, hub = playground.world.bot, playground.hub

    def wires() -> list[GatewayConnection | None]:
        return [session.wire for session in hub.connected(bot)]

    before = wires()
    await chat.page.get_by_role("button", name="Break something").press("Enter")
    entry = chat.page.get_by_role("menuitem", name=WAYS[kind])
    while not await entry.evaluate("one => one === document.activeElement"):
        await chat.page.keyboard.press("ArrowDown")
    await chat.page.keyboard.press("Enter")
    await expect(chat.page.get_by_text("Broken. Ask the bot something")).to_be_visible()
    if kind in {"invalidate", "reconnect", "cut"}:
        await eventually(lambda: wires() and wires() != before)
    elif kind == "slow":
        assert playground.faults.cdn.bytes_per_second
    await chat.choose(upload())
    await chat.say("!echo")
    answer = chat.messages.filter(has=chat.page.locator(".embed-title", has_text="Echo"))
    await expect(answer).to_have_count(1, timeout=40_000)
    felt = {one.status for one in playground.faults.requests if one.who == bot.id}
    assert (429 in felt, 502 in felt) == (kind == "limit", kind == "fail")


async def test_only_the_owner_breaks_things(chat: Chat) -> None:
    """Nobody else who is here, nor the bot, may."""
    playground = chat.playground
    other = await playground.new_person("other")
    for token in (other.token, f"Bot {playground.bot_token}"):
        async with Rest(playground.api, token) as stranger:
            refused = await stranger.ask("POST", "/playground/break/cut")
            assert (refused.status, refused.data["code"]) == (403, 50001)
    async with Rest(playground.api, playground.user_token) as owner:
        assert (await owner.ask("POST", "/playground/break/everything")).status == 501
