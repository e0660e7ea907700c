"""The local engine beside the Ray engine with one replica: what the way over a cluster costs.

Both run the model that is always here, on the processor, with all threads. Both are there all the
time and are asked in turns.
"""

import asyncio
import contextlib
import tempfile
import time
from pathlib import Path

import psutil

from bot.bench.figures import progress
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.executor.factory import open_executor, warm
from bot.executor.queue import Requester
from models.bench.pictures import photograph
from models.jobs.requests import Classify
from tests.benchmarks.figures import Figure, milliseconds

ROUNDS = 5
JOBS = 96
ANN = Requester(1)
ENGINES = ("local", "ray")


async def measure() -> list[Figure]:
    """Start each, weigh it, then ask each for many answers at once and for single ones."""
    cores = psutil.cpu_count() or 1
    job = Classify(picture=photograph(1024, 768))
    starts, memory, executors = {}, {}, {}
    each: dict[str, list[float]] = {name: [] for name in ENGINES}
    lone: dict[str, list[float]] = {name: [] for name in ENGINES}
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for name in ENGINES:
            progress(f"engines: starting {name}")
            before = {process.pid for process in psutil.Process().children(recursive=True)}
            settings = Settings.model_validate(
                {
                    "engine": name,
                    "default_model": "efficientnet_lite0",
                    "device": "cpu",
                    "cache": Path(folder),
                    "max_per_person": JOBS,
                    "ray_cpus": cores,
                }
            )
            begun = time.perf_counter()
            executors[name] = await stack.enter_async_context(open_executor(settings))
            await warm(executors[name])
            starts[name] = time.perf_counter() - begun
            await _ask(executors[name], job, 16)
            memory[name] = _unique_mib(before)
        for number in range(ROUNDS):
            progress(f"engines: round {number + 1} of {ROUNDS}")
            for name in ENGINES[:: 1 if number % 2 else -1]:
                begun = time.perf_counter()
                await _ask(executors[name], job, JOBS)
                each[name].append(JOBS / (time.perf_counter() - begun))
            for _ in range(10):
                for name in ENGINES:
                    begun = time.perf_counter()
                    await executors[name].submit(job, ANN)
                    lone[name].append(time.perf_counter() - begun)
    ratios = [ray / local for local, ray in zip(each["local"], each["ray"], strict=True)]
    more = [ray - local for local, ray in zip(lone["local"], lone["ray"], strict=True)]
    return [
        Figure(f"as fast over Ray as locally, {JOBS} jobs at once", "×", ratios),
        *(Figure(f"{JOBS} jobs at once, {name}", "/s", each[name]) for name in ENGINES),
        milliseconds("a lone request, more over Ray", more),
        *(milliseconds(f"a lone request, {name}", lone[name]) for name in ENGINES),
        *(Figure(f"from the start until warm, {name}", "s", [starts[name]]) for name in ENGINES),
        *(Figure(f"memory of its processes, {name}", "MiB", [memory[name]]) for name in ENGINES),
    ]


async def _ask(executor: Executor, job: Classify, count: int) -> None:
    await asyncio.gather(*(executor.submit(job, ANN) for _ in range(count)))


def _unique_mib(before: set[int]) -> float:
    """Return what the processes that are new have for themselves alone, in MiB."""
    family = psutil.Process().children(recursive=True)
    new = [process for process in family if process.pid not in before]
    return sum(process.memory_full_info().uss for process in new) / 2**20
