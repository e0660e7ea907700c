"""What was said while the gateway was gone is read once, of the last minute, where it may be."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.app.backfill import HEARD, LONGEST, MessageBackfill
from bot.app.discord_clock import DiscordClock
from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import Channel, Guild
from tests.bot.room import Room, room, running
from tests.playground.clients import eventually

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGES = "/channels/{channel_id}/messages"


@dataclass(frozen=True)
class Server:
    """A server of the test's own, with three channels in which the room's user may write."""

    room: Room
    guild: Guild
    channels: tuple[Channel, Channel, Channel]

    @property
    def seen(self) -> discord.Guild:
        """The server as the bot knows it."""
        guild = self.room.bot.get_guild(self.guild.id)
        assert guild is not None
        return guild

    async def say(self, content: str, place: int = 0) -> int:
        """Have the user write in a channel, wait until the bot knows of it; return its id."""
        channel = self.channels[place]
        message = await self.room.user.say(content, channel_id=channel.id)
        await eventually(lambda: self._last(channel) == int(message["id"]))
        return int(message["id"])

    def _last(self, channel: Channel) -> int | None:
        known = self.room.bot.get_channel(channel.id)
        return known.last_message_id if isinstance(known, discord.TextChannel) else None

    async def missed(self, memory: MessageBackfill) -> list[discord.Message]:
        """Return what `memory` catches up with."""
        return [message async for message in memory.catch_up([self.seen])]

    async def words(self, memory: MessageBackfill) -> list[str]:
        """Return the words of what `memory` catches up with."""
        return [message.content for message in await self.missed(memory)]

    def read(self) -> list[int]:
        """Return the ids of the channels whose history was asked for."""
        asked = self.room.playground.faults.asked("GET", MESSAGES)
        ids = [int(one.path.split("/")[-2]) for one in asked]
        return [one for one in ids if one in {channel.id for channel in self.channels}]


@pytest_asyncio.fixture(loop_scope="module")
async def server(room: Room) -> Server:
    """Return a server of the test's own."""
    guild = room.world.add_guild("missed")
    room.world.join(guild, room.user.person)
    first, second, third = [room.world.add_channel(name, guild=guild) for name in "abc"]
    await eventually(lambda: room.bot.get_channel(third.id) is not None)
    return Server(room, guild, (first, second, third))


@pytest_asyncio.fixture(loop_scope="module")
async def memory(server: Server) -> MessageBackfill:
    """Return the memory of a process that has had its first session, and is cut off."""
    memory = MessageBackfill(DiscordClock())
    memory.let_in()
    memory.cut_off()
    return memory


async def test_a_process_begins_with_nothing_missed(server: Server) -> None:
    """What was said before its first session is for another; from then on it is its own."""
    memory = MessageBackfill(DiscordClock())
    await server.say("before")
    memory.let_in()
    await asyncio.sleep(0.005)  # ids tell the time to a millisecond
    await server.say("since")
    assert await server.words(memory) == []
    memory.cut_off()
    memory.let_in()
    assert await server.words(memory) == ["since"]


async def test_a_gap_that_was_not_read_yet_is_read_with_the_next(server: Server) -> None:
    """What was heard live between the two hides nothing of the first."""
    memory = MessageBackfill(DiscordClock())
    memory.let_in()
    memory.cut_off()
    await server.say("missed")
    memory.let_in()
    assert memory.hear(await server.say("live"))
    memory.cut_off()
    memory.let_in()
    assert await server.words(memory) == ["missed"]
    assert await server.words(memory) == []


async def test_what_was_heard_of_is_not_read_again(server: Server) -> None:
    """Of the others the oldest comes first, also where a later one was heard live."""
    memory = MessageBackfill(DiscordClock())
    memory.let_in()
    assert memory.hear(await server.say("before"))
    memory.cut_off()
    await server.say("missed")
    await server.say("missed, too")
    assert memory.hear(await server.say("live"))
    assert await server.words(memory) == ["missed", "missed, too"]


async def test_a_channel_in_which_nothing_was_missed_is_not_read(server: Server) -> None:
    """Its last message was heard before the gateway was gone."""
    memory = MessageBackfill(DiscordClock())
    memory.let_in()
    for words in ("heard", "heard, too"):
        memory.hear(await server.say(words))
    memory.cut_off()
    await server.say("missed", 1)
    assert await server.words(memory) == ["missed"]
    assert server.read() == [server.channels[1].id]


async def test_the_channel_that_waits_longest_comes_first(
    server: Server, memory: MessageBackfill
) -> None:
    """Whatever their order in the server."""
    for words, place in (("first", 2), ("second", 0), ("third", 1)):
        await server.say(words, place)
    assert await server.words(memory) == ["first", "second", "third"]


async def test_threads_are_read(server: Server, memory: MessageBackfill) -> None:
    """They are channels of their own."""
    room = server.room
    thread = room.world.add_thread(server.channels[0], "details")
    await eventually(lambda: room.bot.get_channel(thread.id) is not None)
    await room.user.say("in a thread", channel_id=thread.id)
    known: Any = room.bot.get_channel(thread.id)
    await eventually(lambda: known.last_message_id)
    assert await server.words(memory) == ["in a thread"]


async def test_what_is_older_than_a_minute_is_let_go(
    server: Server, memory: MessageBackfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside it what is younger is read; a channel with nothing younger is not asked at all."""
    long_ago = discord.utils.utcnow() - LONGEST - timedelta(seconds=10)
    ids: Iterator[int] = iter(range(discord.utils.time_snowflake(long_ago), 2**63))
    with monkeypatch.context() as patch:
        patch.setattr(server.room.world, "new_id", lambda: next(ids))
        await server.say("old", 0)
        await server.say("old", 1)
    await server.say("young", 0)
    assert await server.words(memory) == ["young"]
    assert server.read() == [server.channels[0].id]


async def test_a_closed_history_is_not_asked_for(server: Server, memory: MessageBackfill) -> None:
    """Nor is a channel that Bobby can't see."""
    world, bot = server.room.world, server.room.world.bot
    for place in range(3):
        await server.say("missed", place)
    world.set_overwrite(server.channels[0], bot, deny=PermissionBits.READ_MESSAGE_HISTORY)
    world.set_overwrite(server.channels[1], bot, deny=PermissionBits.VIEW_CHANNEL)
    known: Any = [server.room.bot.get_channel(channel.id) for channel in server.channels[:2]]
    await eventually(
        lambda: (
            not known[0].permissions_for(server.seen.me).read_message_history
            and not known[1].permissions_for(server.seen.me).view_channel
        )
    )
    assert await server.words(memory) == ["missed"]
    assert server.read() == [server.channels[2].id]


async def test_a_channel_that_cant_be_read_stops_no_other(
    server: Server, memory: MessageBackfill, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a line in the log, and is tried again when the gateway is back the next time."""
    await server.say("lost", 0)
    await server.say("missed", 1)
    faults, bot = server.room.playground.faults, server.room.world.bot
    faults.answer("GET", MESSAGES, 403, code=50001, by=bot)
    assert await server.words(memory) == ["missed"]
    assert f"channel {server.channels[0].id} can't be read" in caplog.text
    memory.cut_off()
    assert await server.words(memory) == ["lost", "missed"]


async def test_the_author_has_their_membership(server: Server, memory: MessageBackfill) -> None:
    """Histories leave it out; who has left meanwhile is heard all the same."""
    await server.say("from a member")
    (message,) = await server.missed(memory)
    assert isinstance(message.author, discord.Member)
    assert message.author.id == server.room.user.person.id
    server.room.world.leave(server.guild, server.room.user.person)
    memory.cut_off()
    (message,) = await server.missed(memory)
    assert isinstance(message.author, discord.User)


async def test_a_message_is_news_once() -> None:
    """The latest are remembered, the one heard of first is forgotten first."""
    memory = MessageBackfill(DiscordClock())
    assert all(memory.hear(number) for number in range(HEARD))
    assert not memory.hear(0)
    assert memory.hear(HEARD)
    assert not memory.hear(1)
    assert not memory.hear(HEARD)
    assert memory.hear(0)
