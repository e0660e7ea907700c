"""A room in the playground, with a plain discord.py bot in it, for what needs no worker."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import discord
import pytest_asyncio

from bot.app.discord_patches import DISCORD, point_discord_at
from bot.pictures.picture import FoundPictures
from bot.pictures.precedence import find, inside, typed
from bot.pictures.words import parse_text
from bot.playground.model.records import Channel
from bot.playground.model.state import World
from bot.playground.server import Playground
from tests.e2e.chat_user import ChatUser, File
from tests.playground.clients import EchoBot, eventually, logged_in

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Room:
    """A channel of the test's own: a person in it, another bot, and the client that hears them."""

    playground: Playground
    bot: EchoBot
    channel: Channel
    user: ChatUser
    other_bot: ChatUser

    @property
    def world(self) -> World:
        """Everything that there is."""
        return self.playground.world

    async def hears(self, content: str = "", *files: File, **fields: Any) -> discord.Message:
        """Have the user post a message, and return it as the bot hears it."""
        said = await self.user.say(content, *files, **fields)
        while (heard := await self.bot.hear()).id != int(said["id"]):
            pass
        return heard

    async def finds(self, content: str = "", *files: File, **fields: Any) -> FoundPictures:
        """Return what the user means with `content` behind a command."""
        return await self.means(await self.hears(f"!x {content}", *files, **fields), content)

    async def means(self, message: discord.Message, content: str = "") -> FoundPictures:
        """Return what `message` means, of which `content` stands behind the command."""
        return await find(typed(self.bot, message, parse_text(content)))

    async def inside(self, message: dict[str, Any]) -> FoundPictures:
        """Return what somebody means who points at `message`, as the bot fetches it."""
        return inside(await self.sees(message), self.world.bot.id)

    async def sees(self, message: dict[str, Any]) -> discord.Message:
        """Return a message as the bot fetches it."""
        where = self.bot.get_partial_messageable(int(message["channel_id"]))
        return await where.fetch_message(int(message["id"]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[tuple[Playground, EchoBot]]:
    """Run a playground with a bot logged in to it, for all tests of a file."""
    intents = discord.Intents(guilds=True, messages=True, message_content=True)
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        async with logged_in(EchoBot(intents, max_messages=None), playground) as bot:
            yield playground, bot
        point_discord_at(DISCORD)


@pytest_asyncio.fixture(loop_scope="module")
async def room(running: tuple[Playground, EchoBot]) -> AsyncIterator[Room]:
    """Return a room of the test's own, in a file whose tests share one event loop."""
    playground, bot = running
    number = next(_numbers)
    channel = playground.world.add_channel(f"room-{number}")
    person = await playground.new_person(f"guest{number}")
    robot = playground.world.add_person(f"robot{number}", bot=True)
    await eventually(lambda: bot.get_channel(channel.id) is not None)
    async with (
        ChatUser(playground, person, channel.id) as user,
        ChatUser(playground, robot, channel.id) as other_bot,
    ):
        yield Room(playground, bot, channel, user, other_bot)
