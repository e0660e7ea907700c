"""`bobby remove-old-commands`, as a real process against the playground."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bot.playground.model.records import Command
from bot.playground.server import Playground
from tests.e2e.processes import bobby


@pytest_asyncio.fixture(loop_scope="package")
async def playground() -> AsyncIterator[Playground]:
    """Run a playground in which an earlier program left two commands in one of two servers."""
    async with Playground() as playground:
        world = playground.world
        zoo = world.add_guild("Zoo")
        world.application.guild_commands[zoo.id] = [
            Command(
                world.new_id(), world.new_id(), {"name": name, "type": 1, "description": "Old."}
            )
            for name in ("dice", "coin")
        ]
        yield playground


async def removed(
    playground: Playground, folder: Path, *options: str, **settings: str
) -> tuple[int, str, str]:
    """Run it; return its exit status and what it printed on each stream."""
    door = {"DISCORD_TOKEN": playground.bot_token, "BOBBY_API_URL": playground.api} | settings
    done = await asyncio.to_thread(
        lambda: bobby("remove-old-commands", *options, folder=folder, **door)
    )
    return done.returncode, done.stdout, done.stderr


async def test_they_are_named_and_removed_on_request(
    playground: Playground, tmp_path: Path
) -> None:
    """Not without a yes; afterwards there is nothing left to remove."""
    left = playground.world.application.guild_commands
    status, out, _ = await removed(playground, tmp_path)
    assert (status, len(left)) == (1, 1)  # nobody said yes
    assert out.splitlines()[0].startswith("Zoo (")
    assert out.splitlines()[0].endswith("): dice, coin")
    status, _, _ = await removed(playground, tmp_path, "--yes")
    assert (status, left) == (0, {})
    status, out, _ = await removed(playground, tmp_path, "--yes")
    assert (status, out) == (0, "No server has commands of an earlier program.\n")


async def test_what_keeps_it_from_asking_is_said(playground: Playground, tmp_path: Path) -> None:
    """No token, a wrong one, and a Discord in trouble: one sentence, no traceback."""
    cases = (
        ({"DISCORD_TOKEN": ""}, 78, "DISCORD_TOKEN"),
        ({"DISCORD_TOKEN": "MTA.x.y"}, 78, "token"),
        ({"BOBBY_API_URL": "http://127.0.0.1:9/api/v10"}, 1, "Discord can't be asked: "),
    )
    for settings, expected, sentence in cases:
        status, _, errors = await removed(playground, tmp_path, **settings)
        assert status == expected, errors
        assert sentence in errors
        assert "Traceback" not in errors
