"""`bobby doctor`, as a real process against the playground: each thing right, and each wrong."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from tests.e2e.processes import bobby

DEFAULT = {"BOBBY_DEFAULT_MODEL": "efficientnet_lite0"}


@pytest_asyncio.fixture(loop_scope="package")
async def playground() -> AsyncIterator[Playground]:
    """Run a playground of the test's own."""
    async with Playground() as playground:
        yield playground


async def examined(
    folder: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run it in `folder`; the playground goes on meanwhile."""
    return await asyncio.to_thread(
        lambda: bobby("doctor", *arguments, folder=folder, **(DEFAULT | settings))
    )


def reach(playground: Playground) -> dict[str, str]:
    """Return the settings that lead to `playground`."""
    return {"DISCORD_TOKEN": playground.bot_token, "BOBBY_API_URL": playground.api}


async def test_all_is_well(playground: Playground, tmp_path: Path) -> None:
    """A line for everything, exit status 0, and never the token."""
    run = await examined(tmp_path, **reach(playground))
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    for name in ("Python", "Weights folder", "Memory", "Worker", "Weights", "Token", "Server"):
        assert any(line[7:].startswith(name) for line in lines), name
    assert "permissions=" in lines[-1]
    assert playground.bot_token not in run.stdout + run.stderr


async def test_what_is_missing_is_said_with_what_to_do(
    playground: Playground, tmp_path: Path
) -> None:
    """A permission, the intent, a setting that is a slip, and weights that are not here."""
    world = playground.world
    world.application.message_content = False
    everyone = world.guild.roles[world.guild.id]
    world.set_role(everyone, PermissionBits(everyone.permissions) & ~PermissionBits.ATTACH_FILES)
    run = await examined(
        tmp_path,
        "--json",
        **reach(playground),
        BOBBY_PERFIX="?",
        BOBBY_MESSAGE_CONTENT="on",
        BOBBY_DEFAULT_MODEL="resnet101",
    )
    assert run.returncode == 1
    found: dict[str, Any] = {}
    for line in run.stdout.splitlines():
        one = json.loads(line)
        found[one["name"]] = one
    assert found["Setting"]["wrong"] == "Did you mean BOBBY_PREFIX?"
    assert "To install it: `bobby fetch resnet101`" in found["Weights"]["wrong"]
    assert 'Switch on "Message Content Intent"' in found["Message Content Intent"]["wrong"]
    (server,) = [name for name in found if name.startswith("Server “")]
    assert found[server]["seen"] == "missing Attach Files"
    assert found["Token"]["wrong"] is None


async def test_a_wrong_token(playground: Playground, tmp_path: Path) -> None:
    """What Discord says of it, and how to get another."""
    run = await examined(tmp_path, DISCORD_TOKEN="MTIz.abc.def", BOBBY_API_URL=playground.api)
    assert run.returncode == 1
    assert "WRONG  Token: rejected by Discord" in run.stdout
    assert "Reset Token" in run.stdout
    assert "MTIz" not in run.stdout + run.stderr


async def test_a_token_from_a_file(playground: Playground, tmp_path: Path) -> None:
    """The line break at its end is taken off, and it is said; one inside is a sentence."""
    door = reach(playground)
    run = await examined(tmp_path, **(door | {"DISCORD_TOKEN": f"{playground.bot_token}\n"}))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "DISCORD_TOKEN has spaces or a line break around it" in run.stderr
    run = await examined(tmp_path, **(door | {"DISCORD_TOKEN": "MTIz\n.abc.def"}))
    assert run.returncode == 78
    assert run.stderr.startswith("Error: DISCORD_TOKEN can't be a token: ")
    assert "MTIz" not in run.stdout + run.stderr


async def test_without_a_token_a_network_or_a_worker(tmp_path: Path) -> None:
    """Each is told, whatever else is wrong."""
    (tmp_path / "file").write_text("no folder")
    run = await examined(tmp_path, BOBBY_DEVICE="cuda:99", BOBBY_DATA=str(tmp_path / "file"))
    assert run.returncode == 1
    assert "WRONG  Worker: it does not start" in run.stdout
    assert "WRONG  Token: not set" in run.stdout
    assert "scope=bot+applications.commands&permissions=274878024704" in run.stdout
    away = await examined(tmp_path, DISCORD_TOKEN="x", BOBBY_API_URL="http://127.0.0.1:9")
    assert "WRONG  Discord: http://127.0.0.1:9 can't be reached" in away.stdout
