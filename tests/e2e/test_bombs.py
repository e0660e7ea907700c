"""One person's files stop nobody else, however small they are and however much they unpack to."""

import asyncio

import pytest

from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.fuzz.bombs import BOMBS

COMMANDS = (
    *("!classify", "!caption", "!zebra", "!why", "!shake", "!cycle"),
    *("!compare efficientnet_lite0", "!untrained efficientnet_lite0", "!teach it"),
)
LONG = 170.0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BOMBS)
async def test_somebody_else_is_answered_beside(env: Env, user: ChatUser, name: str) -> None:
    """The file is answered or refused, once for each command; an honest question beside it, too."""
    file = name, BOMBS[name]()
    channel = env.playground.world.add_channel("next door")
    neighbor = await env.playground.new_person("neighbor")
    async with ChatUser(env.playground, neighbor, channel.id) as honest:
        posted = [await user.say(command, file) for command in COMMANDS]
        replies = [asyncio.create_task(user.reply(message, LONG)) for message in posted]
        for color in ("teal", "red", "gold"):
            answer = await honest.ask("!classify", (f"{color}.png", pictures.plain(color)))
            assert "efficientnet_lite0" in said(answer)
        for command, reply in zip(COMMANDS, await asyncio.gather(*replies), strict=True):
            assert said(reply), command
        assert all(len(user.replies(message)) == 1 for message in posted)
    assert env.bot.executor.snapshot().restarts == 0
