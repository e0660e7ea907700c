"""How soon the bot process is logged in, and how much memory it needs."""

import asyncio
import json
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from bot.bench.figures import progress
from bot.playground.server import Playground
from tests.benchmarks.figures import Figure
from tests.benchmarks.stage import START, door, logged_in, python
from tests.e2e.processes import BOBBY

ROUNDS = 7
SETTLED = 3.0
"""Seconds from the login until all that belongs to it has happened."""

_IMPORTS = """
import time
begun = time.perf_counter()
import bot.cli.main, bot.app.lifecycle, cogs.about, cogs.classify
took = time.perf_counter() - begun
import json, sys
print(json.dumps([took, "torch" in sys.modules]))
"""


async def measure() -> list[Figure]:
    """Start `bobby run` again and again, each time against a playground of this process."""
    imports, torch, logins, resident = [], [], [], []
    for number in range(-1, ROUNDS):
        progress(f"start: round {max(0, number + 1)} of {ROUNDS}")
        took, has_torch = json.loads(await asyncio.to_thread(python, _IMPORTS))
        login, memory, mapped = await _start()
        if number >= 0:  # the first round only warms the disk's cache
            imports.append(took)
            torch.append(float(has_torch or mapped))
            logins.append(login)
            resident.append(memory / 2**20)
    return [
        Figure("from the start of the process to the login", "s", logins, goal=1.5),
        Figure("of which its imports, alone", "s", imports),
        Figure("resident memory of the bot process", "MiB", resident, goal=120),
        Figure("starts with torch in the bot process (1 is yes)", "", torch, goal=0),
    ]


async def _start() -> tuple[float, int, bool]:
    """Return seconds to the login, bytes of memory then, and whether torch is in the process."""
    async with Playground() as playground:
        with tempfile.TemporaryDirectory() as folder:
            environment = door(playground, Path(folder))
            begun = time.perf_counter()
            process = subprocess.Popen([*BOBBY, "run"], env=environment, cwd=folder)  # noqa: ASYNC220 - it returns at once
            try:
                await logged_in(playground, START)
                took = time.perf_counter() - begun
                await asyncio.sleep(SETTLED)
                bot = psutil.Process(process.pid)
                mapped = any("libtorch" in file.path for file in bot.memory_maps())
                return took, bot.memory_info().rss, mapped
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait)
