"""The pictures of earlier questions: where a button's id says that they are."""

import re
from typing import cast

import pytest

from bot.app.client import Bobby
from bot.core.errors import NoPicture
from bot.pictures.picture import FoundPictures, linked
from bot.pictures.references import REMEMBERED, TEMPLATE, PictureRef, PictureReferences
from tests.bot.room import Room, room, running
from tests.e2e import pictures

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def found(number: int = 0) -> FoundPictures:
    """Return a picture that a slash command meant."""
    return FoundPictures((linked(f"https://a.example/{number}.png"),))


def bobby(room: Room) -> Bobby:
    """Return the room's client, which can do what is asked of it here."""
    return cast("Bobby", room.bot)


async def test_a_source_reads_as_it_was_written() -> None:
    """It stands among other things in a button's id."""
    for source in (PictureRef("ask", 1, 2), PictureRef("in", 3, 4), PictureRef("at", 0, 6)):
        match = re.fullmatch(f"why:{TEMPLATE}:0", f"why:{source}:0")
        assert match
        assert PictureRef.of(match) == source


async def test_a_slash_commands_pictures_are_remembered(room: Room) -> None:
    """By the interaction; what was not noted is gone."""
    asked = PictureReferences()
    asked.note(PictureRef("at", 1, 2), found(2))
    asked.note(PictureRef("at", 1, 3), found(3))
    assert await asked.find(bobby(room), PictureRef("at", 1, 2)) == (found(2), "")
    assert await asked.find(bobby(room), PictureRef("at", 1, 3)) == (found(3), "")
    with pytest.raises(NoPicture, match="can't find that picture"):
        await asked.find(bobby(room), PictureRef("at", 1, 4))


async def test_the_latest_are_remembered(room: Room) -> None:
    """Of one too many the first is forgotten; pictures of a text command take no room."""
    asked = PictureReferences()
    for number in range(REMEMBERED):
        asked.note(PictureRef("at", 1, number), found(number))
    asked.note(PictureRef("ask", 1, 10**6), found())
    assert await asked.find(bobby(room), PictureRef("at", 1, 0)) == (found(0), "")
    asked.note(PictureRef("at", 1, REMEMBERED), found(REMEMBERED))
    with pytest.raises(NoPicture):
        await asked.find(bobby(room), PictureRef("at", 1, 0))
    for number in (1, REMEMBERED):
        assert await asked.find(bobby(room), PictureRef("at", 1, number)) == (found(number), "")


async def test_a_messages_own_pictures_are_found_again(room: Room) -> None:
    """All of them; where it is gone or out of sight the sentence says which."""
    message = await room.user.say("", ("a.png", pictures.plain()), ("b.png", pictures.plain()))
    source = PictureRef("in", room.channel.id, int(message["id"]))
    inside, text = await PictureReferences().find(bobby(room), source)
    assert ([one.name for one in inside.pictures], text) == (["a.png", "b.png"], "")
    room.playground.faults.answer("GET", MESSAGE, 403, code=50001, by=room.world.bot)
    with pytest.raises(NoPicture, match="no longer have access to that message"):
        await PictureReferences().find(bobby(room), source)
    await room.user.delete(message)
    with pytest.raises(NoPicture, match="can't find that picture"):
        await PictureReferences().find(bobby(room), source)
