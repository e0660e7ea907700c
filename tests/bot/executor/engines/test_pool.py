"""Several local engines as one, with real child processes: the least loaded, deaths, closing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from bot.core.errors import Closing, WorkerUnavailable
from bot.executor.engines.base import BatchLost, EngineStatus
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.pool import EnginePool
from bot.executor.executor import Executor
from bot.executor.queue import Requester
from models.jobs.control import Ready
from models.jobs.requests import Job
from tests.bot.executor.answers import READY, labels
from tests.bot.executor.engines.test_local import (
    QUICK,
    WIDE,
    Diary,
    alive,
    ignore,
    jobs,
    said,
    tiny,
    until,
)
from tests.bot.executor.fake_engine import FakeEngine


@pytest.fixture
def diaries(tmp_path: Path) -> list[Diary]:
    """Return a diary for each of two engines."""
    return [Diary(tmp_path / "one"), Diary(tmp_path / "other")]


@contextlib.asynccontextmanager
async def running(diaries: list[Diary], *starts: str) -> AsyncIterator[EnginePool]:
    """Open a local engine for each of `diaries`, which starts as told, or well."""
    programs = [tiny(diary, start) for diary, start in zip(diaries, starts, strict=True)]
    engines = [LocalEngine(program, hang_after=10, restarts=QUICK) for program in programs]
    async with EnginePool(engines) as several:
        yield several


async def both_ready(several: EnginePool) -> None:
    """Wait until each has a worker."""
    await until(lambda: several.status.ready is not None and "," in several.status.ready.device)


async def test_batches_go_to_the_least_loaded(diaries: list[Diary]) -> None:
    """Four at once are two for each, and each caller gets its own."""
    async with running(diaries, "well", "well") as several:
        await both_ready(several)
        assert several.batches_in_flight == 4
        runs = [several.run(jobs(name, model="slow"), ignore) for name in "abcd"]
        assert [said(results) for results in await asyncio.gather(*runs)] == [[n] for n in "abcd"]
    assert [len(diary.lines("run")) for diary in diaries] == [2, 2]


async def test_the_others_answer_while_one_is_gone(diaries: list[Diary]) -> None:
    """Its batch is lost by name; the next ones don't wait for its restart."""
    async with running(diaries, "well", "leave") as several:
        await several.ready()
        assert said(await several.run(jobs("a"), ignore)) == ["a"]
        assert several.status.state == "ready"
        with pytest.raises(BatchLost, match="while I was looking"):
            await several.run(jobs("x", model="die"), ignore)
        assert said(await several.run(jobs("b"), ignore)) == ["b"]
        assert several.status.restarts >= 1
    assert len(diaries[0].lines("run")) == 3


async def test_through_the_executor_a_death_costs_nobody_who_had_not_begun(
    diaries: list[Diary],
) -> None:
    """The batch goes to the other worker."""
    async with running(diaries, "die_early", "well") as several:
        await both_ready(several)
        async with Executor(several, limits=WIDE, batch_size=1, timeout=10) as executor:
            answers = await asyncio.gather(
                *(executor.submit(job, Requester(1)) for job in jobs("a", "b", "c"))
            )
    assert said(answers) == ["a", "b", "c"]


async def test_with_none_left_there_is_no_worker(diaries: list[Diary]) -> None:
    """As with one: unavailable, with the reason."""
    async with running(diaries, "refuse", "leave") as several:
        with pytest.raises(WorkerUnavailable):
            await several.ready()
        assert several.status.state == "unavailable"
        assert several.status.reason == "There are no weights here."


async def test_closing_ends_them_all(diaries: list[Diary]) -> None:
    """Also what waits for them."""
    async with running(diaries, "well", "hang") as several:
        await several.ready()
        waiting = asyncio.create_task(several.run(jobs("x", model="hang"), ignore))
        await until(lambda: bool(diaries[0].lines("run")))
    with pytest.raises(Closing):
        await waiting
    with pytest.raises(Closing):
        await several.ready()
    assert not any(alive(pid) for diary in diaries for pid in diary.pids)


class Noting(FakeEngine):
    """Notes what it is told, and says of itself what its test says."""

    def __init__(self, now: EngineStatus) -> None:
        super().__init__(lambda batch: [labels("fine") for _ in batch], READY)
        self.now = now
        self.told: list[object] = []

    @property
    def status(self) -> EngineStatus:
        """What the test says."""
        return self.now

    async def ready(self) -> Ready:
        """Be ready, or wait until it is cancelled."""
        if self.now.state != "ready":
            await asyncio.Event().wait()
        return READY

    def forget(self, job: Job) -> None:
        """Note it."""
        self.told.append(job)

    async def recount(self) -> None:
        """Note it."""
        self.told.append("recount")


async def test_what_is_told_to_all_reaches_each() -> None:
    """Which of them has a job, or new weights, only they know."""
    engines = [Noting(EngineStatus("ready", None, READY, 0)) for _ in range(2)]
    several = EnginePool(engines)
    (job,) = jobs("x")
    several.forget(job)
    await several.recount()
    assert [engine.told for engine in engines] == [[job, "recount"]] * 2


async def test_the_state_is_that_of_the_best_and_the_restarts_of_all() -> None:
    """One that is ready is enough, wherever it stands; who waits for the others leaves nothing."""
    other = structs.replace(READY, device="cuda:1")
    starting = Noting(EngineStatus("starting", "It was killed.", other, 2))
    gone = Noting(EngineStatus("unavailable", "It has no weights.", None, 3))
    ready = Noting(EngineStatus("ready", None, READY, 1))
    several = EnginePool([gone, starting, ready])
    both = structs.replace(READY, device="cpu, cuda:1")
    assert several.status == EngineStatus("ready", None, both, 6)
    before = asyncio.all_tasks()
    assert await several.ready() == both
    assert said(await several.run(jobs("x"), ignore)) == ["fine"]
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    ready.now = replace(gone.now, state="closed")
    assert (several.status.state, several.status.reason) == ("starting", "It was killed.")
    starting.now = gone.now
    assert (several.status.state, several.status.reason) == ("unavailable", "It has no weights.")
