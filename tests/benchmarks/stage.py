"""Where the benchmarks take place: a playground in this process, the bot in one of its own.

Owns the processes it starts and the users who ask. What is measured is the others' business.
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

from bot.playground.server import Playground
from models.bench.pictures import photograph
from tests.e2e.chat_user import ChatUser
from tests.e2e.processes import ROOT, TOKEN, environment

START = 300.0
"""Seconds that a start may take, the worker's included."""


class WatchedBot:
    """A running `tests.benchmarks.watched`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def report(self) -> dict[str, Any]:
        """Return what the bot did since the last report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"report\n")
        return cast("dict[str, Any]", json.loads(await self._process.stdout.readline()))


@contextlib.asynccontextmanager
async def watched_bot(playground: Playground) -> AsyncIterator[WatchedBot]:
    """Run a watched bot that is logged in to `playground` and warm."""
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.benchmarks.watched"),
            cwd=ROOT,
            env=door(playground, Path(folder)),
            stdin=PIPE,
            stdout=PIPE,
            limit=2**24,
        )
        try:
            await logged_in(playground, START)
            async with user(playground, "warmer") as warmer:
                await warmer.ask("!classify", ("a.jpg", photograph(400, 300)), within=START)
            yield WatchedBot(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


def door(playground: Playground, folder: Path) -> dict[str, str]:
    """Return the environment of a bot that logs in to `playground`."""
    settings = {"BOBBY_API_URL": playground.api, "BOBBY_TIMEOUT": "600"}
    return environment(
        folder, settings | {TOKEN: playground.bot_token, "BOBBY_LOG_LEVEL": "WARNING"}
    )


async def logged_in(playground: Playground, within: float) -> None:
    """Wait until the bot's session is open, which is when the first message would reach it."""
    async with asyncio.timeout(within):
        while not playground.hub.connected(playground.world.bot):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def user(playground: Playground, name: str) -> AsyncIterator[ChatUser]:
    """Return a person with a channel of their own."""
    channel = playground.world.add_channel(name)
    person = await playground.new_person(name)
    async with ChatUser(playground, person, channel.id) as one:
        yield one


def python(code: str) -> str:
    """Run `code` in a new process and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
