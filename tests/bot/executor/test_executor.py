"""The executor over an in-process engine: batches, fairness, deadlines, cancelling, failures."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from bot.core.errors import BadPicture, BobbyError, Closing, Overloaded, TimedOut, WorkerLost
from bot.core.errors import WorkerUnavailable as Unavailable
from bot.executor.engines.base import BatchLost, EngineStatus, Result, unavailable
from bot.executor.executor import Executor
from bot.executor.queue import Limits, Requester
from models.jobs.answers import Failure, Labels
from models.jobs.base import say
from models.jobs.control import Ready
from models.jobs.requests import Classify, Job
from tests.bot.executor.answers import CARD, READY, labels
from tests.bot.executor.fake_engine import FakeEngine, RunBatch

WIDE = Limits(all=1000, bytes=10**9, per_server=1000, per_person=1000)
ANN = Requester(1)


def job(name: str, model: str | None = None) -> Classify:
    """Return a job whose picture's bytes are `name`."""
    return Classify(picture=name.encode(), model=model)


def said(answer: Labels) -> str:
    """Return what the echo said."""
    return answer.top[0].label


class Echo:
    """Runs batches by giving the pictures back; can be held up, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, batch: Sequence[Job]) -> Sequence[Result]:
        """Wait until it is free, then answer."""
        self.batches.append([job.picture.decode() for job in batch])
        assert self.free.wait(10)
        return [labels(job.picture.decode(), len(batch)) for job in batch]


@pytest.fixture
def echo() -> Echo:
    """Return a fresh echo."""
    return Echo()


@contextlib.asynccontextmanager
async def executing(
    run: RunBatch, *, limits: Limits = WIDE, batch_size: int = 8, seconds: float = 10.0
) -> AsyncIterator[Executor]:
    """Open an executor over `run`."""
    engine = FakeEngine(run, READY)
    async with Executor(engine, limits=limits, batch_size=batch_size, timeout=seconds) as executor:
        yield executor


async def until(condition: Callable[[], bool]) -> None:
    """Let other tasks run until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def held_up(echo: Echo, executor: Executor) -> AsyncIterator[None]:
    """Fill both places in flight with a job each, for the length of the block."""
    echo.free.clear()
    busy = []
    for name in ("first", "second"):
        busy.append(asyncio.create_task(executor.submit(job(name), Requester(99))))
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        echo.free.set()
        await asyncio.gather(*busy)


async def test_each_caller_gets_the_answer_to_its_own_job(echo: Echo) -> None:
    """Thirty people at once, thirty answers, each its own."""
    async with executing(echo) as executor:
        answers = await asyncio.gather(
            *(executor.submit(job(f"picture {n}"), Requester(n)) for n in range(30))
        )
        assert [said(answer) for answer in answers] == [f"picture {n}" for n in range(30)]
        assert executor.snapshot().answered == 30
    assert max(map(len, echo.batches)) == 8


async def test_a_lone_request_leaves_at_once(echo: Echo) -> None:
    """No timer: with the device free, an answer takes a few milliseconds."""
    async with executing(echo) as executor:
        await executor.submit(job("warm"), ANN)
        begun = asyncio.get_running_loop().time()
        answer = await executor.submit(job("alone"), ANN)
        assert answer.batch_size == 1
        assert asyncio.get_running_loop().time() - begun < 0.25


async def test_two_batches_are_in_flight_and_what_waits_shares_the_next(echo: Echo) -> None:
    """While two are out, the rest gathers; the third batch holds all of it."""
    async with executing(echo) as executor:
        async with held_up(echo, executor):
            rest = [
                asyncio.create_task(executor.submit(job(f"r{n}"), Requester(n))) for n in range(5)
            ]
            await asyncio.sleep(0.05)
            now = executor.snapshot()
            assert (now.running, now.waiting) == (1, 6)
        answers = await asyncio.gather(*rest)
    assert {answer.batch_size for answer in answers} == {5}
    assert echo.batches[0] == ["first"]
    assert echo.batches[1] == ["second"]


async def test_the_default_model_shares_a_batch_with_its_name(echo: Echo) -> None:
    """Who names the default model gets no batch of their own, who names another one does."""
    async with executing(echo) as executor:
        async with held_up(echo, executor):
            tasks = [
                asyncio.create_task(executor.submit(job(name, model), Requester(n)))
                for n, (name, model) in enumerate([("a", None), ("b", "echo"), ("c", "other")])
            ]
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
    assert echo.batches[2:] == [["a", "b"], ["c"]]


async def test_one_picture_beside_two_hundred_is_in_the_third_batch(echo: Echo) -> None:
    """Somebody with one picture waits for the two batches in flight, not for the crowd's 200."""
    async with executing(echo) as executor:
        async with held_up(echo, executor):
            crowd = [
                asyncio.create_task(executor.submit(job("crowd"), Requester(7))) for _ in range(200)
            ]
            await asyncio.sleep(0.01)
            single = asyncio.create_task(executor.submit(job("single"), ANN))
            await asyncio.sleep(0.01)
        await asyncio.gather(single, *crowd)
    assert "single" in echo.batches[2]


async def test_too_much_is_refused_at_once_with_the_limit(echo: Echo) -> None:
    """The refusal comes while all else waits, and an answer makes room again."""
    limits = Limits(all=1000, bytes=10**9, per_server=1000, per_person=2)
    async with executing(echo, limits=limits) as executor:
        async with held_up(echo, executor):
            with pytest.raises(Overloaded, match="You already have 2 pictures in the queue"):
                await executor.submit(job("third"), Requester(99))
        assert said(await executor.submit(job("later"), Requester(99))) == "later"
        assert executor.snapshot().waiting == 0


async def test_a_deadline_fails_its_own_job_alone(echo: Echo) -> None:
    """The late one is told so in time, its place is free again, and others go on."""
    async with executing(echo, seconds=0.2) as executor:
        echo.free.clear()
        results = await asyncio.gather(
            *(executor.submit(job(f"{n}"), ANN) for n in range(20)), return_exceptions=True
        )
        assert [type(result) for result in results] == [TimedOut] * 20
        assert "longer than 0.2 seconds" in str(results[0])
        echo.free.set()
        await until(lambda: executor.snapshot().running == 0)
        assert said(await executor.submit(job("next"), ANN)) == "next"
        assert executor.snapshot().waiting == 0


async def test_a_cancelled_caller_is_dropped_before_dispatch(echo: Echo) -> None:
    """A job whose caller left is never run, and counts no more at once."""
    async with executing(echo) as executor:
        async with held_up(echo, executor):
            tasks = {
                name: asyncio.create_task(executor.submit(job(name), ANN))
                for name in ("stays", "leaves")
            }
            await asyncio.sleep(0.01)
            tasks["leaves"].cancel()
            with pytest.raises(asyncio.CancelledError):
                await tasks["leaves"]
            assert executor.snapshot().waiting == 2
        assert said(await tasks["stays"]) == "stays"
    assert "leaves" not in [name for batch in echo.batches for name in batch]


async def test_a_storm_of_cancelling_leaves_the_rest_answered(echo: Echo) -> None:
    """Half of 100 callers leave, at any stage; the others are answered and nothing stays."""

    def slow(batch: Sequence[Job]) -> Sequence[Result]:
        threading.Event().wait(0.005)
        return echo(batch)

    async with executing(slow) as executor:
        tasks = []
        for n in range(100):
            tasks.append(asyncio.create_task(executor.submit(job(f"{n}"), Requester(n % 5))))
            if n % 7 == 0:
                await asyncio.sleep(0.003)
            if n >= 10:
                for late in tasks[n - 10 : n - 9]:
                    if (n - 10) % 2:
                        late.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for n, result in enumerate(results):
            if isinstance(result, BaseException):
                assert isinstance(result, asyncio.CancelledError)
                assert n % 2
            else:
                assert said(result) == f"{n}"
        await until(lambda: executor.snapshot().running == 0)
        assert executor.snapshot().waiting == 0
        assert said(await executor.submit(job("after"), ANN)) == "after"


async def test_leaving_in_the_very_moment_of_the_answer_hurts_nobody(echo: Echo) -> None:
    """A caller cancelled in the same turn of the loop as its batch comes back ends no loop."""
    async with executing(echo) as executor:
        for _ in range(50):
            task = asyncio.create_task(executor.submit(job("x"), ANN))
            answered = executor.snapshot().answered
            while executor.snapshot().answered == answered and not task.done():  # noqa: ASYNC110
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert said(await executor.submit(job("y"), ANN)) == "y"


async def test_a_bad_picture_fails_alone(echo: Echo) -> None:
    """A failure in the results becomes its own error for its own caller."""

    def run(batch: Sequence[Job]) -> Sequence[Result]:
        sad = Failure(
            code="damaged_picture", sentence=say("This picture is cut off: send it again.")
        )
        return [sad if job.picture == b"bad" else labels("fine") for job in batch]

    async with executing(run) as executor:
        results = await asyncio.gather(
            *(executor.submit(job(name), ANN) for name in ("good", "bad", "good")),
            return_exceptions=True,
        )
    assert [isinstance(result, Labels) for result in results] == [True, False, True]
    assert isinstance(results[1], BadPicture)
    assert str(results[1]) == "This picture is cut off: send it again."


@pytest.mark.parametrize("answers", [0, 1, 3])
async def test_a_wrong_number_of_results_is_a_named_error_and_the_loop_goes_on(
    answers: int, echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody hangs, nobody gets another's answer, and the log has the traceback."""
    wrong = iter([True, True])

    def run(batch: Sequence[Job]) -> Sequence[Result]:
        return [labels("?")] * answers if next(wrong, False) else echo(batch)

    async with executing(run, batch_size=2) as executor:
        results = await asyncio.gather(
            *(executor.submit(job(f"{n}"), ANN) for n in range(4)), return_exceptions=True
        )
        assert [type(result) for result in results] == [WorkerLost] * 4
        assert f"returned {answers} results for 2 jobs" in caplog.text
        assert said(await executor.submit(job("next"), ANN)) == "next"


async def test_an_unexpected_exception_is_a_named_error_and_the_loop_goes_on(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    """What the engine raises is not shown; it is in the log."""
    broken = iter([True])

    def run(batch: Sequence[Job]) -> Sequence[Result]:
        if next(broken, False):
            raise ZeroDivisionError("a secret path")
        return echo(batch)

    async with executing(run) as executor:
        with pytest.raises(WorkerLost) as caught:
            await executor.submit(job("unlucky"), ANN)
        assert "secret" not in str(caught.value)
        assert "ZeroDivisionError: a secret path" in caplog.text
        assert said(await executor.submit(job("next"), ANN)) == "next"


async def test_closing_refuses_what_waits_and_lets_what_runs_end(echo: Echo) -> None:
    """Waiting jobs get Closing at once, running ones their answer, later ones Closing."""
    async with executing(echo) as executor:
        echo.free.clear()
        running = [asyncio.create_task(executor.submit(job("run"), Requester(1)))]
        await until(lambda: executor.snapshot().running == 1)
        running.append(asyncio.create_task(executor.submit(job("run"), Requester(2))))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(executor.submit(job("wait"), Requester(3)))
        await asyncio.sleep(0.01)
        closing = asyncio.create_task(executor.__aexit__(None, None, None))
        with pytest.raises(Closing):
            await waiting
        assert executor.snapshot().state == "closed"
        with pytest.raises(Closing):
            await executor.submit(job("late"), ANN)
        echo.free.set()
        assert [said(answer) for answer in await asyncio.gather(*running)] == ["run", "run"]
        await closing


async def test_closing_does_not_wait_for_a_batch_that_does_not_end(echo: Echo) -> None:
    """After a moment's grace, those who still wait are told that Bobby closes."""
    async with executing(echo) as executor:
        echo.free.clear()
        stuck = asyncio.create_task(executor.submit(job("stuck"), ANN))
        await asyncio.sleep(0.01)
        begun = asyncio.get_running_loop().time()
        await executor.__aexit__(None, None, None)
        assert asyncio.get_running_loop().time() - begun < 2
        with pytest.raises(Closing):
            await stuck
        echo.free.set()


async def test_closing_leaves_nothing_running(echo: Echo) -> None:
    """Neither the engine nor a task."""
    before = asyncio.all_tasks()
    engine = FakeEngine(echo, READY)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        await executor.submit(job("x"), ANN)
    await asyncio.sleep(0)
    assert engine.status.state == "closed"
    assert asyncio.all_tasks() == before


async def test_the_catalog_comes_from_the_worker(echo: Echo) -> None:
    """Models, default and device are what the worker said of itself."""
    async with executing(echo) as executor:
        assert await executor.ready() == READY
        assert (executor.models, executor.default) == ((CARD,), "echo")
        now = executor.snapshot()
    assert (now.state, now.device, now.restarts, now.reason) == ("ready", "cpu", 0, None)


class FlakyEngine(FakeEngine):
    """An engine that does what its test says for the first few batches."""

    def __init__(self, echo: Echo, *outcomes: BobbyError) -> None:
        super().__init__(echo, READY)
        self.outcomes = list(outcomes)
        self.forgotten: list[bytes] = []
        self.gone: BobbyError | None = None

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Raise the next outcome, or answer."""
        if self.outcomes:
            raise self.outcomes.pop(0)
        return await super().run(batch, on_started)

    async def ready(self) -> Ready:
        """Raise what the engine ended with, or be ready."""
        if self.gone:
            raise self.gone
        return await super().ready()

    @property
    def status(self) -> EngineStatus:
        """Unavailable once it is gone."""
        if self.gone:
            return EngineStatus("unavailable", "It has no weights.", None, 3)
        return super().status

    def forget(self, job: Job) -> None:
        """Remember what was to be forgotten."""
        self.forgotten.append(job.picture)


async def test_a_batch_lost_before_it_began_gets_a_second_try(echo: Echo) -> None:
    """Its callers never learn of it."""
    engine = FlakyEngine(echo, BatchLost(False))
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        assert said(await executor.submit(job("lucky"), ANN)) == "lucky"


async def test_a_second_try_is_for_those_who_still_wait(echo: Echo) -> None:
    """Who left meanwhile is not in it, and with nobody left there is none."""

    class Late(FlakyEngine):
        lose = asyncio.Event()

        async def run(
            self, batch: Sequence[Job], on_started: Callable[[], None]
        ) -> Sequence[Result]:
            if self.outcomes:
                await self.lose.wait()
            return await super().run(batch, on_started)

    engine = Late(echo, BatchLost(False))
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        stays, leaves = (
            asyncio.create_task(executor.submit(job(name), ANN)) for name in ("stays", "leaves")
        )
        await asyncio.sleep(0.01)
        leaves.cancel()
        await asyncio.gather(leaves, return_exceptions=True)
        engine.lose.set()
        assert said(await stays) == "stays"
    assert echo.batches == [["stays"]]


@pytest.mark.parametrize("outcomes", [[BatchLost(True)], [BatchLost(False), BatchLost(False)]])
async def test_a_batch_that_began_or_was_lost_twice_fails(
    echo: Echo, outcomes: list[BatchLost]
) -> None:
    """There is no second try after a start and no third one; the next job is answered."""
    engine = FlakyEngine(echo, *outcomes)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        with pytest.raises(WorkerLost, match="Please try again"):
            await executor.submit(job("unlucky"), ANN)
        assert echo.batches == []
        assert said(await executor.submit(job("next"), ANN)) == "next"


async def test_a_batch_lost_to_another_one_s_files_is_tried_again(echo: Echo) -> None:
    """However often; as many workers as there are bad files may die before its turn comes."""
    engine = FlakyEngine(
        echo, *[BatchLost(False, by_another=True) for _ in range(5)], BatchLost(False)
    )
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        assert said(await executor.submit(job("lucky"), ANN)) == "lucky"


async def test_without_a_worker_those_who_wait_and_those_who_come_are_told(echo: Echo) -> None:
    """Giving up fails all that wait, and later calls at once."""
    engine = FlakyEngine(echo)
    async with Executor(engine, limits=WIDE, batch_size=1, timeout=5) as executor:
        async with held_up(echo, executor):
            waiting = [
                asyncio.create_task(executor.submit(job("w"), Requester(n))) for n in range(9)
            ]
            await asyncio.sleep(0.01)
            engine.gone = unavailable()
            with pytest.raises(Unavailable, match="The bot owner"):
                await executor.submit(job("late"), ANN)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 9
        assert len({id(result) for result in results}) == 9
        assert executor.snapshot().state == "unavailable"


class Broken(FlakyEngine):
    """An engine that fails, as no engine should, when it is asked whether it is ready."""

    faults = 3

    async def ready(self) -> Ready:
        """Fail a few times."""
        if self.faults:
            self.faults -= 1
            raise ZeroDivisionError("a secret path")
        return await super().ready()


async def test_a_fault_before_there_is_a_batch_is_told_and_the_loop_goes_on(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    """However often; those who wait are told, and no place in flight is lost."""
    engine = Broken(echo)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        for _ in range(Broken.faults):
            with pytest.raises(WorkerLost) as caught:
                await executor.submit(job("unlucky"), ANN)
            assert "secret" not in str(caught.value)
        assert said(await executor.submit(job("next"), ANN)) == "next"
        assert executor.snapshot().waiting == 0
    assert "ZeroDivisionError: a secret path" in caplog.text


async def test_a_caller_that_leaves_a_batch_in_flight_is_told_to_the_engine(echo: Echo) -> None:
    """The engine hears of jobs that it has, and of no others."""
    engine = FlakyEngine(echo)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=5) as executor:
        async with held_up(echo, executor):
            waiting = asyncio.create_task(executor.submit(job("waiting"), ANN))
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await executor.submit(job("answered"), ANN)
        assert engine.forgotten == []
        echo.free.clear()
        flying = asyncio.create_task(executor.submit(job("flying"), ANN))
        await asyncio.sleep(0.01)
        flying.cancel()
        await asyncio.gather(flying, return_exceptions=True)
        assert engine.forgotten == [b"flying"]
        echo.free.set()


async def test_the_same_job_may_be_asked_for_twice(echo: Echo) -> None:
    """Two callers with one object are two jobs: one leaving does not touch the other."""
    same = job("same")
    async with executing(echo) as executor:
        async with held_up(echo, executor):
            tasks = [asyncio.create_task(executor.submit(same, Requester(n))) for n in range(2)]
            await asyncio.sleep(0.01)
            tasks[0].cancel()
        assert said(await tasks[1]) == "same"


async def test_a_quiet_run_logs_nothing(echo: Echo, caplog: pytest.LogCaptureFixture) -> None:
    """Answers, bad pictures and refusals are no news for the operator."""
    with caplog.at_level(logging.INFO):
        async with executing(echo) as executor:
            await executor.submit(job("x"), ANN)
    assert caplog.records == []
