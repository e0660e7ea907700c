"""The measurements of `bobby bench`: the executor in this process, its contenders in another.

Owns the order of things: everything that is compared is measured in turns, round by round, and
each ratio is that of one round. Nothing here imports torch; a picture is bytes.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.bench.baseline_process import Contenders
from bot.bench.figures import Figure, progress
from bot.core.settings import Settings
from bot.executor.engines.base import Result
from bot.executor.engines.local import LocalEngine
from bot.executor.executor import Executor
from bot.executor.factory import warm
from bot.executor.queue import Limits, Requester
from models.jobs.base import Precision
from models.jobs.requests import Caption, Classify, Job, Translate

BEAT = 0.002
"""Seconds between two looks at the clock."""

WINDOWS = 300
"""Windows of real pictures on which precisions are compared."""

TIMEOUT = 3600.0
_WORDS = {
    "executor": "the executor",
    "bare": "the bare loop in batches of 8",
    "naive": "the naive bot",
    "direct": "direct calls",
    "openvino": "OpenVINO alone, in batches of 8",
}
CROWD, SINGLE = Requester(1), Requester(2)
NO_LIMITS = Limits(all=10**12, bytes=10**12, per_server=10**12, per_person=10**12)
ANSWER_BYTES = 32 * 2**20
"""What a zebra's file may have."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured: rounds, jobs of one requester in a round, large pictures at once."""

    rounds: int = 3
    jobs: int = 24
    large: int = 8


class _CountingEngine(LocalEngine):
    batches = 0

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        results = await super().run(batch, on_started)
        self.batches += 1
        return results


async def measure_executor(
    settings: Settings, contenders: Contenders, sizes: Sizes
) -> Mapping[str, Figure]:
    """Return the figures of the executor by their keys in the JSON.

    Raises:
        SetupError: The worker can't be started.
    """
    job = Classify(picture=(contenders.folder / "picture.jpg").read_bytes())
    large = Classify(picture=(contenders.folder / "large.jpg").read_bytes())
    engine = _CountingEngine(contenders.program(), hang_after=TIMEOUT)
    async with Executor(
        engine, limits=NO_LIMITS, batch_size=settings.batch_size, timeout=TIMEOUT
    ) as executor:
        await warm(executor)
        rivals = {
            "bare": partial(contenders.ask, "bare"),
            "naive": partial(contenders.ask, "naive", kind="classify"),
        }
        peers: list[str] = contenders.facts["peers"]
        rivals |= {name: partial(contenders.ask, name) for name in peers}
        figures = await _beside(executor, rivals, job, sizes, "picture")
        if peers:
            fastest = map(
                min, zip(*(figures[f"{name}_ratio"].values for name in peers), strict=True)
            )
            name = "as fast as the fastest runtime alone"
            figures = {"peer_ratio": Figure(name, "×", list(fastest))} | figures
        figures |= await _single_request(executor, contenders, job, sizes)
        figures |= await _fairness(executor, engine, job, sizes)
        figures |= await _loop_stalls(executor, large, sizes)
        if sys.platform == "linux":
            import resource

            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            figures |= {
                "worker_mib": Figure("most memory of the worker", "MiB", [contenders.worker_mib()]),
                "bot_mib": Figure("most memory of the process that asks", "MiB", [peak]),
            }
    return figures


async def _beside(
    executor: Executor,
    rivals: Mapping[str, Callable[..., Awaitable[float]]],
    job: Classify | Translate | Caption,
    sizes: Sizes,
    thing: str,
) -> dict[str, Figure]:
    """Time `sizes.jobs` answers from the executor and from each of `rivals`, in turns."""

    async def by_executor(count: int) -> float:
        begun = time.perf_counter()
        await _ask_together(executor, job, count)
        return (time.perf_counter() - begun) * 1000 / count

    runners = {"executor": by_executor, **rivals}
    took: dict[str, list[float]] = {name: [] for name in runners}
    for run in runners.values():
        await run(count=min(8, sizes.jobs))  # to warm up
    for number in range(sizes.rounds):
        progress(f"jobs: round {number + 1} of {sizes.rounds}")
        names = list(runners)
        first = number % len(names)
        for name in names[first:] + names[:first]:
            took[name].append(await runners[name](count=sizes.jobs))
    figures = {}
    for name in rivals:
        ratios = [theirs / ours for theirs, ours in zip(took[name], took["executor"], strict=True)]
        figures[f"{name}_ratio"] = Figure(f"as fast as {_WORDS[name]}", "×", ratios)
    for name, values in took.items():
        figures[f"{name}_ms"] = Figure(f"a {thing}, by {_WORDS[name]}", "ms", values)
    return figures


async def _single_request(
    executor: Executor, contenders: Contenders, job: Classify, sizes: Sizes
) -> dict[str, Figure]:
    asked, called = [], []
    for number in range(-1, 4 * sizes.rounds):
        direct = await contenders.ask("direct", kind="classify", count=1)
        begun = time.perf_counter()
        await executor.submit(job, SINGLE)
        took = (time.perf_counter() - begun) * 1000
        if number >= 0:  # the first only warms up
            asked.append(took)
            called.append(direct)
    over = [ours - theirs for ours, theirs in zip(asked, called, strict=True)]
    return {
        "lone_ms": Figure("a lone request over the direct call beside it", "ms", over),
        "lone_request_ms": Figure("  the lone request", "ms", asked),
        "lone_direct_ms": Figure("  the direct call", "ms", called),
    }


async def _fairness(
    executor: Executor, engine: _CountingEngine, job: Classify, sizes: Sizes
) -> dict[str, Figure]:
    """Have somebody ask for one while another waits for `sizes.jobs`; count batches till then."""
    waited = []
    for number in range(sizes.rounds):
        progress(f"fairness: round {number + 1} of {sizes.rounds}")
        crowd = [asyncio.create_task(executor.submit(job, CROWD)) for _ in range(sizes.jobs)]
        await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)  # they are under way now
        asked = engine.batches
        await executor.submit(job, SINGLE)
        waited.append(float(engine.batches - asked))
        await asyncio.gather(*crowd)
    name = f"batches until the single asker beside one with {sizes.jobs} has the answer"
    return {"single_batches_ratio": Figure(name, "×", waited)}


async def _loop_stalls(executor: Executor, large: Classify, sizes: Sizes) -> dict[str, Figure]:
    """Ask for large pictures at once, and note the longest that the event loop was away."""
    longest, worked, idle = [], [], []
    for number in range(sizes.rounds):
        progress(f"pauses: round {number + 1} of {sizes.rounds}")
        begun = time.perf_counter()
        async with _beating() as beats:
            await _ask_together(executor, large, sizes.large)
        longest.append(max(beat.late for beat in beats) * 1000)
        worked.append(max(beat.worked for beat in beats) * 1000)
        took = time.perf_counter() - begun
        async with _beating() as beats:
            await asyncio.sleep(min(took, 5.0))
        idle.append(max(beat.late for beat in beats) * 1000)
    name = f"the event loop's longest pause, {sizes.large} × 12 million pixels at once"
    return {
        "loop_pause_ms": Figure(name, "ms", longest),
        "loop_work_ms": Figure("  the most that it worked itself in one", "ms", worked),
        "idle_pause_ms": Figure("  the same with nothing to do", "ms", idle),
    }


@dataclass(frozen=True)
class _LoopTick:
    """How late a beat of the event loop was, and what its thread had computed since the last."""

    late: float = 0.0
    worked: float = 0.0


@contextlib.asynccontextmanager
async def _beating() -> AsyncIterator[list[_LoopTick]]:
    """Yield a list of this loop's beats, in seconds, which grows within the block.

    A pause in which the thread computes nothing is the system's, which runs something else.
    """
    beats = [_LoopTick()]

    async def beat() -> None:
        while True:
            due, worked = time.perf_counter() + BEAT, time.thread_time()
            await asyncio.sleep(BEAT)
            beats.append(_LoopTick(time.perf_counter() - due, time.thread_time() - worked))

    beating = asyncio.create_task(beat())
    try:
        yield beats
    finally:
        await asyncio.sleep(0)
        beating.cancel()


async def _ask_together(
    executor: Executor, job: Classify | Translate | Caption, count: int
) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(executor.submit(job, CROWD))


async def measure_whole(
    settings: Settings, contenders: Contenders, kind: str, sizes: Sizes
) -> Mapping[str, Figure]:
    """Return the figures of zebras or captions, `kind`, by their keys in the JSON.

    Raises:
        SetupError: The worker can't be started.
    """
    picture = (contenders.folder / "picture.jpg").read_bytes()
    job = (
        Translate(picture=picture, max_bytes=ANSWER_BYTES)
        if kind == "zebra"
        else Caption(picture=picture)
    )
    engine = LocalEngine(contenders.program(), hang_after=TIMEOUT)
    async with Executor(
        engine, limits=NO_LIMITS, batch_size=settings.batch_size, timeout=TIMEOUT
    ) as executor:
        await warm(executor)
        rivals = {name: partial(contenders.ask, name, kind=kind) for name in ("direct", "naive")}
        return await _beside(executor, rivals, job, sizes, kind)


async def measure_precisions(
    settings: Settings, contenders: Contenders, sizes: Sizes, pictures: Path | None
) -> Mapping[str, Figure]:
    """Return the network's speed and agreement in every precision that the device has units for.

    That of the settings is measured even where it has none.

    Raises:
        SetupError: The process that measures has ended.
    """
    fast: list[Precision] = contenders.facts["fast"]
    measured = list(dict.fromkeys(["float32", *fast, settings.precision]))
    if measured == ["float32"]:
        progress("  This device has units for float32 alone; BOBBY_PRECISION measures another.")
    took: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(-1, sizes.rounds):
        progress(f"precisions: round {max(0, number + 1)} of {sizes.rounds}")
        for name in measured:
            each = await contenders.ask("network", precision=name, count=sizes.jobs)
            if number >= 0:  # the first round only warms up
                took[name].append(each)
    figures: dict[str, Figure] = {}
    for name in measured:
        figures[f"{name}_ms"] = Figure(f"a picture through the network, {name}", "ms", took[name])
        if name == "float32":
            continue
        pairs = zip(took["float32"], took[name], strict=True)
        ratios = [exact / rounded for exact, rounded in pairs]
        figures[f"{name}_ratio"] = Figure(f"as fast in {name} as in float32", "×", ratios)
        if pictures is not None:
            share = await contenders.ask(
                "agreement", precision=name, folder=str(pictures), count=WINDOWS
            )
            words = f"of the windows have the same best label in {name}"
            figures[f"{name}_agreement_ratio"] = Figure(words, "", [share])
    return figures
