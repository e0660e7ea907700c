"""A playground on real sockets, people as plain REST clients, and bots on plain discord.py.

Whatever the playground answers in these tests is held against Discord's OpenAPI description when
a test ends, where the description is there.
"""

import json
from collections.abc import AsyncIterator

import discord
import pytest
from aiohttp import web

from bot.app.discord_patches import DISCORD, point_discord_at
from bot.playground.server import Playground
from tests.browser import browser  # noqa: F401 - a fixture
from tests.playground.chat_page import chat  # noqa: F401 - a fixture
from tests.playground.clients import EchoBot, Page, Rest, logged_in
from tests.playground.openapi import Exchange, description


@pytest.fixture
def exchanges() -> list[Exchange]:
    """Every answer that the playground gave in this test."""
    return []


@pytest.fixture
async def playground(exchanges: list[Exchange]) -> AsyncIterator[Playground]:
    """Run a playground, at which discord.py points, and judge its answers afterwards."""

    async def note(request: web.Request, response: web.StreamResponse) -> None:
        if isinstance(response, web.Response) and request.path.startswith("/api/"):
            assert isinstance(response.body, bytes | None)
            if not response.body:
                exchanges.append(Exchange(request.method, request.path, response.status, None))
            elif response.content_type == "application/json":
                body = json.loads(response.body)
                exchanges.append(Exchange(request.method, request.path, response.status, body))

    running = Playground()
    assert running._runner.app is not None
    running._runner.app.on_response_prepare.append(note)
    async with running:
        point_discord_at(running.api)
        yield running
        point_discord_at(DISCORD)
    if (judge := description()) is not None:
        complaints = [one for exchange in exchanges for one in judge.complaints(exchange)]
        assert complaints == []


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
