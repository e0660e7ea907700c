"""A reply whose connection to Discord breaks off on the way."""

from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.conversation.message_responder import MessageResponder
from bot.conversation.reply import Reply, Upload
from tests.bot.room import Room, room, running
from tests.e2e import pictures

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES = "/channels/{channel_id}/messages"
FILE = Upload("a.png", pictures.plain(), "A plain picture")


@pytest.fixture
def cut(room: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let the next so many posts of messages break off without an answer."""
    monkeypatch.setattr("bot.conversation.responder.RETRY_AFTER", (0.0, 0.0))
    doors = room.playground._doors
    real, left = doors._api, [0]

    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and request.path.endswith("/messages") and left[0]:
            left[0] -= 1
            assert request.transport
            request.transport.abort()
            return web.Response()
        return await real(request, handler)

    monkeypatch.setattr(doors, "_api", enter)

    def order(times: int) -> None:
        left[0] = times

    return order


async def test_a_broken_connection_is_tried_again(room: Room, cut: Callable[[int], None]) -> None:
    """The file goes out whole the third time."""
    responder = MessageResponder(await room.hears("!x"))
    cut(2)
    await responder.answer(Reply("here", uploads=(FILE,)))
    assert responder.reply
    assert responder.reply.content == "here"
    assert await responder.reply.attachments[0].read() == FILE.data


async def test_a_connection_that_stays_broken_is_a_line_in_the_log(
    room: Room, cut: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is raised: there is nobody to tell."""
    message = await room.hears("!x")
    cut(3)
    await MessageResponder(message).answer(Reply("here"))
    assert f"No reply to message {message.id}" in caplog.text
    assert "can't be reached" in caplog.text
    assert room.user.in_channel(room.channel.id) == []
