"""One person's files stop nobody else, however small they are and however much they unpack to."""

import asyncio

import pytest

from tests.e2e import pictures
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, said
from tests.fuzz.bombs import BOMBS

COMMANDS = (
    *("!classify", "!caption", "!zebra", "!why", "!shake", "!cycle"),
    *("!compare efficientnet_lite0", "!untrained efficientnet_lite0", "!teach it"),
)
LONG = 170.0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", BOMBS)
async def test_somebody_else_is_answered_beside(house: House, guest: Guest, name: str) -> None:
    """The file is answered or refused, once for each command; an honest question beside it, too."""
    file = name, BOMBS[name]()
    channel = house.playground.world.add_channel("next door")
    neighbour = await house.playground.new_person("neighbor")
    async with Guest(house.playground, neighbour, channel.id) as honest:
        posted = [await guest.say(command, file) for command in COMMANDS]
        replies = [asyncio.create_task(guest.reply(message, LONG)) for message in posted]
        for color in ("teal", "red", "gold"):
            answer = await honest.ask("!classify", (f"{color}.png", pictures.plain(color)))
            assert "efficientnet_lite0" in said(answer)
        for command, reply in zip(COMMANDS, await asyncio.gather(*replies), strict=True):
            assert said(reply), command
        assert all(len(guest.replies(message)) == 1 for message in posted)
    assert house.bot.executor.snapshot().restarts == 0
