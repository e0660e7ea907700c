"""What the executor tells of itself: how long one waits, how things stand, what it has counted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

import pytest

from bot.core import metrics
from bot.core.errors import WorkerUnavailable
from bot.executor.costs import FIRST_GUESS
from bot.executor.engines.base import EngineStatus, Result, unavailable
from bot.executor.executor import Executor
from bot.executor.queue import Requester
from models.jobs.answers import Failure
from models.jobs.base import say
from models.jobs.control import Ready
from models.jobs.requests import Classify, Cycle, Job
from tests.bot.executor.answers import CARD, READY, labels
from tests.bot.executor.fake_engine import FakeEngine, RunBatch
from tests.bot.executor.test_executor import WIDE, until

SAD = Failure(code="damaged_picture", sentence=say("This picture is damaged."))
DEAR = Cycle(picture=b"dear", max_bytes=1, size=1024)
DEAR_SECONDS = 256 * FIRST_GUESS


def job(name: str = "x") -> Classify:
    """Return a job that costs little."""
    return Classify(picture=name.encode())


class Gated(FakeEngine):
    """Begins with a batch and ends it when its test says so; tells of itself what it is told."""

    def __init__(self, run: RunBatch = lambda batch: [labels("fine") for _ in batch]) -> None:
        super().__init__(run, READY)
        self.begin, self.end = asyncio.Event(), asyncio.Event()
        self.begin.set()
        self.jobs: list[Job] = []
        self.recounts = 0
        self.now = EngineStatus("ready", None, READY, 0)

    @property
    def status(self) -> EngineStatus:
        """What the test says."""
        return self.now

    async def ready(self) -> Ready:
        """Be ready, unless the test says otherwise."""
        if self.now.state == "unavailable":
            raise unavailable()
        return READY

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Wait for both events."""
        self.jobs += batch
        await self.begin.wait()
        on_started()
        await self.end.wait()
        return self._run_batch(batch)

    async def recount(self) -> None:
        """Count how often that was asked."""
        self.recounts += 1


@contextlib.asynccontextmanager
async def executing(engine: FakeEngine) -> AsyncIterator[Executor]:
    """Open an executor over `engine`, whose batches hold one job."""
    async with Executor(engine, limits=WIDE, batch_size=1, timeout=10) as executor:
        yield executor


@contextlib.asynccontextmanager
async def asked(
    engine: Gated, executor: Executor, *whats: tuple[Job, Requester]
) -> AsyncIterator[None]:
    """Ask in this order, two of which the engine takes; answer them all after the block."""
    tasks = []
    for what, requester in whats:
        tasks.append(asyncio.create_task(executor.submit(what, requester)))
        await asyncio.sleep(0)
    await until(lambda: len(engine.jobs) == min(2, len(whats)))
    try:
        yield
    finally:
        engine.begin.set()
        engine.end.set()
        await asyncio.gather(*tasks)


def estimate(executor: Executor, question: int) -> tuple[int | None, float]:
    """Return the place and the seconds of `question`, which waits."""
    now = executor.estimate(question)
    assert now is not None
    return now.place, now.seconds


async def test_a_question_is_told_its_next_place_and_when_its_last_job_is_done() -> None:
    """Behind what runs and anyone who is before it; others' questions have places of their own."""
    engine = Gated()
    async with executing(engine) as executor:
        ann, ben = Requester(1, request_id=5), Requester(2, request_id=6)
        first = (DEAR, Requester(8, request_id=7)), (job(), Requester(9))
        async with asked(engine, executor, *first, (job(), ann), (job(), ben), (job(), ann)):
            place, seconds = estimate(executor, 5)
            assert place == 1
            assert seconds == pytest.approx(DEAR_SECONDS + 4 * FIRST_GUESS, abs=2)
            bens_place, bens_seconds = estimate(executor, 6)
            assert bens_place == 2
            assert seconds - bens_seconds == pytest.approx(FIRST_GUESS, abs=FIRST_GUESS / 2)
            running, left = estimate(executor, 7)
            assert running is None
            assert left == pytest.approx(DEAR_SECONDS, abs=2)
            assert executor.estimate(99) is None
        assert executor.estimate(5) is None


async def test_what_is_left_grows_less_and_never_less_than_nothing() -> None:
    """While a batch runs; one that takes longer than expected is expected at any moment."""
    engine = Gated()
    mine = job(), Requester(1, request_id=5)
    async with executing(engine) as executor, asked(engine, executor, mine):
        _, before = estimate(executor, 5)
        assert 0 <= before <= FIRST_GUESS
        await until(lambda: estimate(executor, 5)[1] < before or before == 0)
        await until(lambda: estimate(executor, 5)[1] <= 0)
        assert estimate(executor, 5) == (None, 0)


async def test_nothing_is_left_of_a_batch_only_once_it_has_begun() -> None:
    """However long ago the one before it was."""
    engine = Gated()
    engine.begin.clear()
    mine = DEAR, Requester(1, request_id=5)
    async with executing(engine) as executor, asked(engine, executor, mine):
        assert estimate(executor, 5) == (None, DEAR_SECONDS)


async def test_the_estimate_learns_from_answers() -> None:
    """What was quick is expected to be quick again, of that task alone."""
    engine = Gated()
    engine.end.set()
    async with executing(engine) as executor:
        for _ in range(10):
            await executor.submit(job(), Requester(1))
        engine.end.clear()
        engine.begin.clear()
        engine.jobs.clear()
        dear, cheap = Requester(1, request_id=5), Requester(2, request_id=6)
        async with asked(engine, executor, (job(), dear), (job(), cheap)):
            assert estimate(executor, 6)[1] < FIRST_GUESS
        engine.end.clear()
        engine.begin.clear()
        engine.jobs.clear()
        async with asked(engine, executor, (DEAR, dear)):
            assert estimate(executor, 5)[1] == DEAR_SECONDS


@pytest.mark.parametrize("wrong", [SAD, None])
async def test_failures_and_forgotten_jobs_teach_nothing(wrong: Result) -> None:
    """They are quick for reasons of their own."""
    engine = Gated(lambda batch: [labels("fine"), wrong][: len(batch)])
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=10) as executor:
        tasks = [asyncio.create_task(executor.submit(job(), Requester(n))) for n in range(2)]
        await until(lambda: len(engine.jobs) == 2)
        if wrong is None:
            tasks[1].cancel()
        engine.end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        engine.begin.clear()
        engine.jobs.clear()
        async with asked(engine, executor, (job(), Requester(1, request_id=5))):
            assert estimate(executor, 5) == (None, FIRST_GUESS)


async def test_who_has_left_waits_no_more() -> None:
    """Though the worker may still be busy with the picture."""
    engine = Gated()
    async with executing(engine) as executor:
        task = asyncio.create_task(executor.submit(job(), Requester(1, request_id=5)))
        await until(lambda: bool(engine.jobs))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert executor.snapshot().running == 1
        assert executor.estimate(5) is None
        engine.end.set()


async def test_a_job_carries_the_question_that_asked() -> None:
    """So that both processes' logs name it, and one person's jobs can be told from another's."""
    engine = Gated()
    engine.end.set()
    async with executing(engine) as executor:
        for person, question in ((11, 5), (11, 6), (12, 7)):
            await executor.submit(job(), Requester(person, request_id=question))
    assert [one.question for one in engine.jobs] == [5, 6, 7]
    first, second, other = [one.requester for one in engine.jobs]
    assert first == second != other
    assert not {first, other} & {11, 12}, "the worker need not know who people are"


async def test_how_things_stand_is_what_the_engine_says() -> None:
    """The state, why, how often it was started; and how many pictures wait and run."""
    engine = Gated()
    engine.now = EngineStatus("starting", "The worker was killed by SIGKILL.", READY, 3)
    async with executing(engine) as executor:
        now = executor.snapshot()
        assert (now.state, now.restarts) == ("starting", 3)
        assert now.reason == "The worker was killed by SIGKILL."
        assert (now.models, now.default, now.device) == ((CARD,), "echo", "cpu")
        engine.now = replace(engine.now, ready=None)
        now = executor.snapshot()
        assert (now.models, now.default, now.device) == ((), None, None)
        async with asked(engine, executor, *((job(), Requester(n)) for n in range(5))):
            await until(lambda: executor.snapshot().running == 2)
            assert executor.snapshot().waiting == 3
        assert executor.snapshot().answered == 5


async def test_the_catalog_is_waited_for_once_and_kept() -> None:
    """A worker that went for good has told it; before any did there is none to tell."""
    engine = Gated()
    engine.now = EngineStatus("starting", None, None, 0)
    async with executing(engine) as executor:
        assert await executor.cards() == (CARD,)
        engine.now = EngineStatus("unavailable", "It has no weights.", READY, 3)
        assert await executor.cards() == (CARD,)
        engine.now = replace(engine.now, ready=None)
        with pytest.raises(WorkerUnavailable):
            await executor.cards()
        await executor.recount()
    assert engine.recounts == 1


def counted(name: str, **labels: str) -> float:
    """Return the sample `name` of the figures so far."""
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def test_batches_and_their_stages_are_counted() -> None:
    """How many jobs of which task a batch held, how long each waited, how long it ran."""
    engine = Gated()
    names: list[tuple[str, dict[str, str]]] = [
        ("bobby_batch_jobs_count", {"task": "classify"}),
        ("bobby_batch_jobs_sum", {"task": "classify"}),
        ("bobby_stage_seconds_count", {"stage": "wait"}),
        ("bobby_stage_seconds_count", {"stage": "run"}),
    ]
    before = [counted(name, **which) for name, which in names]
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=10) as executor:
        async with asked(engine, executor, (DEAR, Requester(1)), (DEAR, Requester(2))):
            late = [asyncio.create_task(executor.submit(job(), Requester(n))) for n in range(3)]
            await asyncio.sleep(0)
        await asyncio.gather(*late)
    after = [counted(name, **which) for name, which in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 3, 5, 3]


class Overlapping(FakeEngine):
    """Tells of the second batch's start before it hands over the first one's results."""

    step = 0.1

    def __init__(self) -> None:
        super().__init__(lambda batch: [labels("fine") for _ in batch], READY)
        self.batches = 0

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Begin a step after the one before and take two."""
        self.batches += 1
        await asyncio.sleep(self.step * (self.batches - 1))
        on_started()
        await asyncio.sleep(self.step * 2)
        return self._run_batch(batch)


async def test_time_in_which_two_batches_seem_to_run_is_counted_once() -> None:
    """The second one counts from the end of the first."""
    before = counted("bobby_stage_seconds_sum", stage="run")
    async with executing(Overlapping()) as executor:
        await asyncio.gather(*(executor.submit(job(), Requester(n)) for n in range(2)))
    ran = counted("bobby_stage_seconds_sum", stage="run") - before
    assert ran == pytest.approx(3 * Overlapping.step, abs=0.8 * Overlapping.step)
