"""The Message Content Intent: who asks Discord for it, and what happens when it is withdrawn."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from bot.app.client import Bobby
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import assembled, connected
from bot.app.status import rows
from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.playground.gateway.intents import MESSAGE_CONTENT
from bot.playground.server import Playground
from models.jobs.control import Ready
from tests.bot.conftest import Desk, card
from tests.e2e.chat_user import ChatUser, said
from tests.playground.clients import eventually


@pytest.fixture(autouse=True)
def _back_to_discord() -> Iterator[None]:
    """Point discord.py at Discord again."""
    yield
    point_discord_at(DISCORD)


@pytest_asyncio.fixture
async def playground() -> AsyncIterator[Playground]:
    """Run a playground of the test's own."""
    async with Playground() as playground:
        yield playground


@contextlib.asynccontextmanager
async def logged_in(
    desk: Desk, playground: Playground, **settings: Any
) -> AsyncIterator[tuple[Bobby, asyncio.Task[None]]]:
    """Log a Bobby in, and yield it with the task that ends when it can't stay."""
    point_discord_at(playground.api, gateway=playground.gateway)
    desk.ready = Ready(device="cpu", default="here", models=(card("here", ready=True),))
    folders = {"cache": desk.folder / "w", "data": desk.folder / "d"}
    known = Settings(_env_file=None, **(folders | settings))
    async with assembled(known) as bot, connected(bot, playground.bot_token) as end:
        yield bot, end


def asks(playground: Playground) -> list[bool]:
    """Tell of each connection of the bot whether it asks for the intent."""
    sessions = playground.hub.connected(playground.world.bot)
    return [bool((one.intents or 0) & MESSAGE_CONTENT) for one in sessions]


def told(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    """Return what the log says of the intent."""
    name = "bot.app.message_content"
    return [one.getMessage() for one in caplog.records if (one.name, one.levelno) == (name, level)]


@pytest.mark.parametrize(
    ("wanted", "granted", "asked"),
    [("auto", True, True), ("auto", False, False), ("off", True, False), ("on", True, True)],
)
async def test_it_asks_for_what_it_may_have(
    desk: Desk,
    playground: Playground,
    caplog: pytest.LogCaptureFixture,
    *,
    wanted: str,
    granted: bool,
    asked: bool,
) -> None:
    """By the setting and the application's flags; the log says once which, and the status too."""
    caplog.set_level(logging.INFO)
    playground.world.application.message_content = granted
    async with logged_in(desk, playground, message_content=wanted) as (bot, _):
        await eventually(lambda: asks(playground))
        assert asks(playground) == [asked]
        (line,) = told(caplog)
        assert line.startswith(f"Message Content Intent: {'on' if asked else 'off'}")
        assert rows(bot)["Message content"].startswith("on" if asked else "off")


async def test_who_insists_on_it_does_not_start_without(desk: Desk, playground: Playground) -> None:
    """The operator is told where the switch is, and of the other way."""
    playground.world.application.message_content = False
    with pytest.raises(SetupError) as caught:
        async with logged_in(desk, playground, message_content="on") as (_, end):
            await asyncio.wait({end}, timeout=10)
    assert 'Switch on "Message Content Intent"' in str(caught.value)
    assert "BOBBY_MESSAGE_CONTENT=auto" in str(caught.value)


async def test_withdrawn_it_goes_on_without(
    desk: Desk, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """Every shard comes back by itself; mentions are answered from then on, and say how to ask."""
    ann = await playground.new_person("ann")
    async with (
        logged_in(desk, playground, shards=2) as (bot, end),
        ChatUser(playground, ann, playground.channel_id) as user,
    ):
        await bot.wait_until_ready()
        assert "Did you mean `!classify`" in said(await user.ask("!classfy"))
        playground.withdraw_message_content()
        await eventually(lambda: asks(playground) == [False, False], within=20)
        assert not end.done()
        (line,) = told(caplog, logging.WARNING)
        assert "withdrawn" in line
        assert rows(bot)["Message content"].startswith("off")
        await eventually(lambda: bot.connected)
        unheard = await user.say("!help")
        name = f"@{playground.world.bot.name}"
        reply = await user.ask(f"<@{playground.bot_user_id}> classfy")
        assert f"Did you mean `{name} classify`" in said(reply)
        assert user.replies(unheard) == []
        direct = playground.world.open_dm(ann, playground.world.bot)
        reply = await user.ask("!classfy", channel_id=direct.id)
        assert "Did you mean `!classify`" in said(reply)


async def test_refused_without_it_is_the_end(desk: Desk, playground: Playground) -> None:
    """The code can't mean this intent a second time, so Bobby doesn't log in for ever."""

    async def be_refused_twice() -> None:
        async with logged_in(desk, playground) as (_, end):
            await eventually(lambda: asks(playground) == [True])
            playground.withdraw_message_content()
            await eventually(lambda: asks(playground) == [False], within=20)
            playground.faults.close_connections(4014, playground.world.bot)
            await asyncio.wait({end}, timeout=10)

    with pytest.raises(SetupError):
        await be_refused_twice()
