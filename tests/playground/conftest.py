"""A playground on real sockets, people as plain REST clients, and bots on plain discord.py."""

from collections.abc import AsyncIterator

import discord
import pytest

from bot.discord_api import DISCORD, point_discord_at
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, logged_in


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Run a playground, at which discord.py points."""
    async with Playground() as running:
        point_discord_at(running.api)
        yield running
        point_discord_at(DISCORD)


@pytest.fixture
async def person(playground: Playground) -> AsyncIterator[Rest]:
    """Open a REST client of the page's person."""
    async with Rest(playground.api, playground.user_token) as client:
        yield client


@pytest.fixture
async def bot_rest(playground: Playground) -> AsyncIterator[Rest]:
    """Open a REST client of the bot's account."""
    async with Rest(playground.api, f"Bot {playground.bot_token}") as client:
        yield client


@pytest.fixture
async def page(playground: Playground, person: Rest) -> AsyncIterator[Page]:
    """Connect the page's person to the gateway."""
    async with Page(playground, playground.user_token, person) as connected:
        yield connected


@pytest.fixture
async def bot(playground: Playground) -> AsyncIterator[EchoBot]:
    """Log a discord.py bot in, with the message content intent."""
    intents = discord.Intents(guilds=True, messages=True, reactions=True, typing=True)
    intents.message_content = True
    async with logged_in(EchoBot(intents), playground) as running:
        yield running
