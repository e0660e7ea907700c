"""The way to Discord breaks while an answer is on it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from bot.app.discord_patches import point_discord_at
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.playground.clients import eventually


@contextlib.asynccontextmanager
async def broken(env: Env, times: int) -> AsyncIterator[list[None]]:
    """Hang up on Bobby's next `times` requests, then let it through; yields what was hung up."""
    playground, hung_up = env.playground, list[None]()

    def mend() -> None:
        point_discord_at(playground.api, gateway=playground.gateway)

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hung_up.append(None)
        if len(hung_up) == times:
            mend()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    point_discord_at(f"http://{host}:{port}/api", gateway=playground.gateway)
    try:
        yield hung_up
    finally:
        mend()
        server.close()


async def test_an_answer_that_did_not_get_through_is_tried_again(
    env: Env, user: ChatUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, after a moment."""
    monkeypatch.setattr("bot.conversation.responder.RETRY_AFTER", (0.01,))
    async with broken(env, 1) as hung_up:
        question = await user.say("!privacy")
        reply = await user.reply(question, within=5.0)
    assert "Your privacy" in said(reply)
    assert len(hung_up) == 1
    assert len(user.replies(question)) == 1


async def test_an_answer_that_gets_through_never_is_a_line_in_the_log(
    env: Env, user: ChatUser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says which question has none, and the next one is answered."""
    monkeypatch.setattr("bot.conversation.responder.RETRY_AFTER", (0.01,))
    async with broken(env, 2) as hung_up:
        question = await user.say("!privacy")
        await eventually(lambda: f"No reply to message {question['id']}" in caplog.text)
    assert "Discord can't be reached" in caplog.text
    assert len(hung_up) == 2
    assert user.replies(question) == []
    assert (await user.ask("!privacy"))["embeds"]
