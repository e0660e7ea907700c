"""A picture whose file takes long leaves its batch, which ends without it; it is answered still."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from bot.core.errors import Closing, WorkerLost
from bot.executor.engines.base import Result, Settled
from bot.executor.engines.local import LocalEngine
from bot.executor.executor import Executor
from bot.executor.queue import Requester
from models.jobs.answers import Labels
from models.jobs.requests import Classify, Job
from tests.bot.executor.answers import READY
from tests.bot.executor.engines.test_local import QUICK, WIDE, Diary, diary, tiny
from tests.bot.executor.fake_engine import FakeEngine, RunBatch

__all__ = ["diary"]


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until `condition` holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what a process has written has no event
            await asyncio.sleep(0.01)


def late(name: str) -> Classify:
    """Return a job that the tiny worker puts off until it has run another."""
    return Classify(picture=name.encode(), model="late")


def plain(name: str, model: str | None = None) -> Classify:
    """Return a job that is answered at once."""
    return Classify(picture=name.encode(), model=model)


def said(answer: Labels) -> str:
    """Return what the worker said."""
    return answer.top[0].label


def executor(diary: Diary, start: str = "well") -> Executor:
    """Return an executor over the tiny worker."""
    engine = LocalEngine(tiny(diary, start), hang_after=10.0, restarts=QUICK)
    return Executor(engine, limits=WIDE, batch_size=4, timeout=10.0)


async def test_its_place_is_free_for_others(diary: Diary) -> None:
    """More pictures that take long than there are places in flight hold up nobody."""
    async with executor(diary) as bobby:
        slow = [
            asyncio.create_task(bobby.submit(late(f"slow{n}"), Requester(n))) for n in range(12)
        ]
        await until(lambda: len(diary.lines("run")) >= 3)
        assert not any(task.done() for task in slow)
        assert said(await bobby.submit(plain("quick"), Requester(99))) == "quick"
        assert [said(one) for one in await asyncio.gather(*slow)] == [f"slow{n}" for n in range(12)]
        assert bobby.snapshot().running == bobby.snapshot().waiting == 0


async def test_a_file_that_kills_is_not_tried_again(diary: Diary) -> None:
    """Once its worker has begun with it."""
    async with executor(diary, "tell") as bobby:
        slow = asyncio.create_task(bobby.submit(plain("die", "late each"), Requester(1)))
        await until(lambda: bool(diary.lines("run")))
        assert said(await bobby.submit(plain("quick"), Requester(2))) == "quick"
        with pytest.raises(WorkerLost, match="while I was looking"):
            await slow
        assert said(await bobby.submit(plain("next"), Requester(2))) == "next"
        assert bobby.snapshot().restarts == 1


async def test_it_is_answered_by_the_next_worker(diary: Diary) -> None:
    """Where the one that had it dies over another picture: nobody had begun with it."""
    async with executor(diary) as bobby:
        slow = asyncio.create_task(bobby.submit(late("slow"), Requester(1)))
        await until(lambda: bool(diary.lines("run")))
        with pytest.raises(WorkerLost):
            await bobby.submit(plain("last", "die"), Requester(2))
        await until(lambda: len(diary.lines("run")) >= 3)
        assert said(await bobby.submit(plain("quick"), Requester(3))) == "quick"
        assert said(await slow) == "slow"
        assert len(diary.pids) == 2


async def test_who_leaves_spares_the_worker_the_work(diary: Diary) -> None:
    """And is no longer counted among those who wait."""
    async with executor(diary) as bobby:
        slow = asyncio.create_task(bobby.submit(late("slow"), Requester(1)))
        await until(lambda: bool(diary.lines("run")))
        slow.cancel()
        await until(lambda: bool(diary.lines("forget")))
        assert diary.lines("forget") == ["slow"]
        assert said(await bobby.submit(plain("quick"), Requester(2))) == "quick"
        assert bobby.snapshot().running == 0


class Remembering(FakeEngine):
    """Remembers what it was told to forget."""

    def __init__(self, run_batch: RunBatch) -> None:
        super().__init__(run_batch, READY)
        self.forgotten: list[bytes] = []

    def forget(self, job: Job) -> None:
        """Note the job."""
        self.forgotten.append(job.picture)


async def test_who_left_before_it_was_put_off_spares_the_worker_the_work() -> None:
    """The engine learns it as soon as it is one that comes later."""
    held = threading.Event()
    answer: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()

    def run(_: Sequence[Job]) -> Sequence[Result]:
        assert held.wait(10)
        return [answer]

    engine = Remembering(run)
    async with Executor(engine, limits=WIDE, batch_size=4, timeout=10.0) as bobby:
        slow = asyncio.create_task(bobby.submit(plain("slow"), Requester(1)))
        await until(lambda: bobby.snapshot().running == 1)
        slow.cancel()
        await asyncio.wait([slow])
        engine.forgotten.clear()
        held.set()
        await until(lambda: engine.forgotten == [b"slow"])
        await until(lambda: bobby.snapshot().running == 0)


async def test_closing_tells_who_waits_for_one(diary: Diary) -> None:
    """As everybody else who waits."""
    async with executor(diary) as bobby:
        slow = asyncio.create_task(bobby.submit(late("slow"), Requester(1)))
        await until(lambda: bool(diary.lines("run")))
    with pytest.raises(Closing):
        await slow
