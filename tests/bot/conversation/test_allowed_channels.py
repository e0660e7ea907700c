"""Where Bobby answers, once a server has named the channels."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.conversation.allowed_channels import channels_hint, is_open
from bot.storage.guild_settings import Servers, ServerSettings
from bot.storage.store import Store
from tests.bot.room import Room, room, running
from tests.playground.clients import eventually

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def servers(tmp_path: Path) -> AsyncIterator[Servers]:
    """Return what holds in each server: nothing special."""
    async with Store(tmp_path) as store:
        yield store.servers


async def test_only_the_named_channels_are_open(room: Room, servers: Servers) -> None:
    """With their threads; elsewhere the commands are answered that a manager may need."""
    other = room.world.add_channel("other")
    threads = [room.world.add_thread(place, "details") for place in (room.channel, other)]
    await eventually(lambda: all(room.bot.get_channel(one.id) for one in (other, *threads)))
    places = [room.bot.get_channel(one.id) for one in (room.channel, threads[0], other, threads[1])]
    assert [is_open(servers, place, "classify") for place in places] == [True] * 4
    named = ServerSettings(channels=(room.channel.id,))
    await servers.change(room.world.guild.id, lambda _: named)
    assert [is_open(servers, place, "classify") for place in places] == [True, True, False, False]
    for command in ("settings model", "settings", "forget", "privacy"):
        assert is_open(servers, places[2], command)
    for command in ("", "model settings", "settingsmodel"):
        assert not is_open(servers, places[2], command)
    itself = ServerSettings(channels=(threads[1].id,))
    await servers.change(room.world.guild.id, lambda _: itself)
    assert [is_open(servers, place, "classify") for place in places] == [False, False, False, True]


async def test_a_conversation_of_two_is_open(room: Room, servers: Servers) -> None:
    """It belongs to no server that could have named any channels."""
    place = room.world.open_dm(room.user.person, room.world.bot)
    heard = await room.hears("!x", channel_id=place.id)
    assert is_open(servers, heard.channel, "classify")


async def test_the_sentence_names_every_open_channel() -> None:
    """As links."""
    assert channels_hint(ServerSettings(channels=(1, 2))) == (
        "On this server I only answer in <#1> and <#2>."
    )
