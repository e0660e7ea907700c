"""One playground, one Bobby with a real worker, and users who talk to it over real sockets."""

import asyncio
import inspect
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.app.client import Bobby
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import assembled, connected
from bot.core.settings import Settings
from bot.playground.model.records import Channel
from bot.playground.server import Playground
from tests.e2e.chat_user import ChatUser

_numbers = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every end-to-end test share one event loop, and so one Bobby and one worker."""
    for item in items:
        if "tests/e2e" in item.path.as_posix() and _is_async(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


def _is_async(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function)


@dataclass(frozen=True)
class Env:
    """Where everything happens: the server and the bot that is logged in to it."""

    playground: Playground
    bot: Bobby


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def env(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Env]:
    """Run a playground with Bobby logged in and warm, for all tests of this package."""
    cache, data = tmp_path_factory.mktemp("weights"), tmp_path_factory.mktemp("data")
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        settings = Settings(_env_file=None, max_per_person=40, cache=cache, data=data)
        async with assembled(settings) as bot, connected(bot, playground.bot_token) as gateway:
            ready = asyncio.create_task(_ready(bot))
            await asyncio.wait({ready, gateway}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
            assert ready.done(), f"Bobby did not get ready: {gateway}"
            bot.waiting.silent = 60.0  # a busy machine is no reason to announce anything
            yield Env(playground, bot)
    point_discord_at(DISCORD)


async def _ready(bot: Bobby) -> None:
    await bot.executor.ready()
    await bot.wait_until_ready()
    await bot.publisher.tried.wait()


@pytest_asyncio.fixture(loop_scope="package")
async def channel(env: Env) -> Channel:
    """Return a channel of the test's own."""
    return env.playground.world.add_channel(f"room-{next(_numbers)}")


@pytest_asyncio.fixture(loop_scope="package")
async def user(env: Env, channel: Channel) -> AsyncIterator[ChatUser]:
    """Return a person of the test's own, in its channel."""
    person = await env.playground.new_person(f"guest{next(_numbers)}")
    async with ChatUser(env.playground, person, channel.id) as user:
        yield user
