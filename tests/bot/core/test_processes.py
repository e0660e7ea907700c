"""Processes that Bobby starts: none of them is left over."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import psutil
import pytest

from bot.core.processes import child
from tests.e2e.processes import gone
from tests.playground.clients import eventually

PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
time.sleep(60)
"""


async def test_what_a_child_has_started_ends_with_it() -> None:
    """Also where the block is left because its task was cancelled."""
    family: list[psutil.Process] = []

    async def use() -> None:
        async with child([sys.executable, "-c", PARENT], os.environ, stdout=PIPE) as process:
            assert process.stdout is not None
            grandchild = int(await process.stdout.readline())
            family.extend(map(psutil.Process, (process.pid, grandchild)))
            await asyncio.sleep(60)

    task = asyncio.create_task(use())
    await eventually(lambda: len(family) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await eventually(lambda: all(map(gone, family)))


async def test_a_child_that_has_ended_is_no_error() -> None:
    """Its status is what it was."""
    async with child([sys.executable, "-c", "raise SystemExit(3)"], os.environ) as process:
        assert await process.wait() == 3
    assert process.returncode == 3
