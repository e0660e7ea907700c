"""When Discord's copy of the commands is another, and what Bobby does while it can't be renewed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.app import command_sync, outage
from bot.app.client import Bobby
from bot.app.command_sync import _normal
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import assembled, connected
from bot.core.settings import Settings
from bot.playground.model.records import Command
from bot.playground.server import Playground
from tests.bot.conftest import Desk
from tests.e2e.chat_user import ChatUser, said
from tests.playground.clients import Page, Rest, eventually

COMMANDS = "/applications/{application_id}/commands"
OF_A_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def command(**fields: Any) -> dict[str, Any]:
    """Return a command as discord.py states it, but for `fields`."""
    return {"name": "zebra", "type": 1, "description": "A zebra.", "options": []} | fields


ONE, OTHER = command(description=None), command(contexts=[0, 2], integration_types=[0])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([ONE, OTHER], [OTHER, ONE]),
        ([command(contexts=[2, 0, 1])], [command(contexts=[0, 1, 2])]),
        ([command(contexts=[])], [command(contexts=None)]),
        ([command()], [command(integration_types=None, id="7", version="1")]),
        ([command(default_member_permissions=32)], [command(default_member_permissions="32")]),
        ([command(options=None)], [command(options=[])]),
        ([command(name_localizations={})], [command()]),
    ],
)
def test_the_same_in_another_form_is_not_published(here: Any, there: Any) -> None:
    """Creations are rationed by the day."""
    assert _normal(here) == _normal(there)


@pytest.mark.parametrize(
    "fields",
    [
        {"contexts": [0]},
        {"integration_types": [1]},
        {"default_member_permissions": 0},
        {"description": "A horse."},
        {"name_localizations": {"ko": "x"}},
        {"options": [{"name": "picture", "type": 11, "description": "Yours."}]},
    ],
)
def test_a_difference_in_one_field_is_published(fields: dict[str, Any]) -> None:
    """Also where it is a right that nobody sees."""
    before = command(contexts=[0, 1], integration_types=[0], default_member_permissions=None)
    assert _normal([before | fields]) != _normal([before])


# --- publishing while everything else goes on ----------------------------------------------------


@pytest_asyncio.fixture
async def playground(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Playground]:
    """Run a playground of the test's own, for a Bobby who does not wait for minutes."""
    monkeypatch.setattr(outage, "LONGEST", 0.05)
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        yield playground
    point_discord_at(DISCORD)


@contextlib.asynccontextmanager
async def in_service(desk: Desk, playground: Playground) -> AsyncIterator[tuple[Bobby, ChatUser]]:
    """Log Bobby in, and have a user in its channel."""
    settings = Settings(_env_file=None, cache=desk.folder / "w", data=desk.folder / "d")
    person = await playground.new_person("ann")
    async with (
        assembled(settings) as bot,
        connected(bot, playground.bot_token),
        ChatUser(playground, person, playground.channel_id) as user,
    ):
        await eventually(bot.is_ready)
        yield bot, user


async def status(user: ChatUser) -> str:
    """Return what a text command says of the slash commands."""
    lines = said(await user.ask("!status", within=5.0)).splitlines()
    (line,) = [one for one in lines if one.startswith("Slash commands ")]
    return line.removeprefix("Slash commands ")


@pytest.mark.parametrize(
    "case",
    [
        ("PUT", {"status": 400, "code": 30034}, command_sync.RATIONED, "200 new slash commands"),
        ("PUT", {"status": 400, "code": 50035}, command_sync.REFUSED, "rejects the slash commands"),
        ("PUT", {"status": 400, "code": 30032}, command_sync.REFUSED, "rejects the slash commands"),
        ("PUT", {"status": 503, "times": 999}, command_sync.TRYING, "Can't publish the slash comm"),
        ("PUT", {"status": 403, "times": 999}, command_sync.TRYING, "Can't publish the slash comm"),
        ("GET", {"status": 503, "times": 999}, command_sync.TRYING, "Can't publish the slash comm"),
    ],
)
async def test_a_bobby_whose_commands_are_refused(
    desk: Desk, playground: Playground, caplog: pytest.LogCaptureFixture, case: Any
) -> None:
    """It answers text commands at once, and says in them and in the log what is the matter."""
    method, answer, sentence, logged = case
    playground.faults.answer(method, COMMANDS, **answer)
    async with in_service(desk, playground) as (bot, user):
        await asyncio.wait_for(bot.publisher.tried.wait(), 10)
        assert await status(user) == sentence
    assert logged in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_bobby_who_has_to_wait_to_publish(desk: Desk, playground: Playground) -> None:
    """Five minutes that Discord orders for the commands are not five minutes for people."""
    playground.faults.rate_limit("PUT", COMMANDS, retry_after=300)
    async with in_service(desk, playground) as (_, user):
        await eventually(lambda: playground.faults.asked("PUT", COMMANDS))
        assert await status(user) == command_sync.PUBLISHING


async def test_what_discord_takes_later(
    desk: Desk, playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage and the end of the day's ration, the commands are there and it is said."""
    monkeypatch.setattr(command_sync, "RATION_SECONDS", 0.1)
    playground.faults.answer("PUT", COMMANDS, 503, times=2)
    playground.faults.answer("PUT", COMMANDS, 400, code=30034)
    async with in_service(desk, playground) as (bot, user):
        await eventually(lambda: playground.world.application.commands)
        await eventually(lambda: bot.publisher.state == command_sync.PUBLISHED)
        assert await status(user) == "Up to date"


async def test_the_old_copy_works_meanwhile(desk: Desk, playground: Playground) -> None:
    """What an earlier Bobby has published is answered, though the new form is refused."""
    world = playground.world
    body = {"name": "privacy", "type": 1, "description": "As it once was."}
    old = Command(world.new_id(), world.new_id(), body)
    world.application.commands[old.id] = old
    playground.faults.answer("PUT", COMMANDS, 400, code=30034)
    async with in_service(desk, playground) as (bot, user):
        await asyncio.wait_for(bot.publisher.tried.wait(), 10)
        token = user.person.token
        async with Rest(playground.api, token) as rest, Page(playground, token, rest) as page:
            data = await page.command("privacy", playground.channel_id)
            await page.interact(2, data, channel_id=playground.channel_id)
            answer = await page.event("MESSAGE_CREATE", 1)
    assert "Your privacy" in said(answer)


async def test_commands_of_an_earlier_program(
    desk: Desk, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """Each server that has some is named with them, and none else; they are left alone."""
    world = playground.world
    other = world.add_guild("Zoo")
    world.add_guild("Circus")
    for guild, name in ((world.guild, "weather"), (other, "dice"), (other, "coin")):
        body = {"name": name, "type": 1, "description": "Old."}
        old = Command(world.new_id(), world.new_id(), body)
        world.application.guild_commands.setdefault(guild.id, []).append(old)
    async with in_service(desk, playground):
        await eventually(lambda: len(playground.faults.asked("GET", OF_A_GUILD)) == 3)
        await eventually(lambda: caplog.text.count("an earlier program") == 2)
    assert f"Server {world.guild.id} has commands of an earlier program" in caplog.text
    assert "weather." in caplog.text
    assert "dice, coin." in caplog.text
    assert sum(map(len, world.application.guild_commands.values())) == 3
