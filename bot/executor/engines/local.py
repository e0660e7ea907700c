"""The local engine: batches run in one child process at a time.

Owns the batches in flight: it writes their jobs to the worker, gathers what comes back, and fails
them when the worker ends. Which worker there is, is `supervisor`'s business; fairness, deadlines
and second tries are the executor's.
"""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

from bot.core.errors import BobbyError, Closing
from bot.executor.engines.base import BatchLost, EngineStatus, Result, Settled
from bot.executor.engines.process import RetryPolicy, WorkerProcess
from bot.executor.engines.supervisor import CLOSING, Restarts, Supervisor, WorkerCommand
from models.jobs.control import (
    CancelJob,
    Deferred,
    Finished,
    FromWorker,
    Lost,
    Ready,
    Recount,
    Run,
    Started,
    Submit,
    ToWorker,
    Working,
)
from models.jobs.requests import Job

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class _Batch:
    """A batch in flight: what it waits for and what has come, by the jobs' numbers."""

    jobs: dict[int, Job]
    on_started: Callable[[], None]
    done: asyncio.Future[list[Result]]
    results: dict[int, Result] = field(default_factory=dict)
    submitted: set[int] = field(default_factory=set)
    sent: bool = False
    started: bool = False
    begun: set[int] = field(default_factory=set)

    def put(self, number: int, result: Result) -> None:
        """Keep the first `result` of job `number`; the last job's completes the batch."""
        self.results.setdefault(number, result)
        if len(self.results) == len(self.jobs) and not self.done.done():
            self.done.set_result([self.results[number] for number in self.jobs])

    @property
    def at_work(self) -> bool:
        """Whether the worker has begun with it and not ended."""
        return self.started and not self.done.done()

    def lose(self, by_another: bool) -> None:
        """End it, if it hasn't ended: its worker has, maybe at work on another batch."""
        if self.done.done():
            return
        begun = [place for place, number in enumerate(self.jobs) if number in self.begun]
        results = {
            place: self.results[number]
            for place, number in enumerate(self.jobs)
            if number in self.results
        }
        self.done.set_exception(
            BatchLost(self.started, begun if self.begun else None, results, by_another=by_another)
        )


@dataclass(eq=False)
class _Late:
    """A job that was left out of batch `batch`, since its file takes long to read."""

    job: Job
    batch: int
    answer: asyncio.Future[Settled]
    begun: bool = False

    def fail(self, error: BobbyError) -> None:
        """End it with `error`, if anybody waits for it still."""
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # its caller may have left, and then fails in silence


class LocalEngine:
    """Runs batches in a child process, see `Engine`.

    A worker that has work is killed when it neither takes nor says anything for `silence` seconds,
    and when it says no more than that it is at work for `hang_after`.
    """

    def __init__(
        self,
        program: WorkerCommand,
        *,
        hang_after: float,
        silence: float | None = None,
        restarts: Restarts | None = None,
        patience: RetryPolicy | None = None,
        batches_in_flight: int = 2,
    ) -> None:
        self._supervisor = Supervisor(
            program,
            restarts=restarts or Restarts(),
            patience=patience or RetryPolicy(),
            take=self._take,
            lost=self._lose,
        )
        self._hang_after = hang_after
        self._silence = min(silence or hang_after, hang_after)
        self._progress = 0.0
        self._batches_in_flight = batches_in_flight
        self._batches: dict[int, _Batch] = {}
        self._late: dict[int, _Late] = {}
        self._numbers = itertools.count(1)
        self._sending = asyncio.Lock()
        self._telling: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._supervisor.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._supervisor.close()

    @property
    def status(self) -> EngineStatus:
        """How the engine is now."""
        return self._supervisor.status

    @property
    def batches_in_flight(self) -> int:
        """See `Engine.batches_in_flight`."""
        return self._batches_in_flight

    @property
    def worker_pid(self) -> int | None:
        """The worker's process id, which is its process group's; None while there is none."""
        return self._supervisor.pid

    async def ready(self) -> Ready:
        """Wait until a worker is ready and return what it said; see `Engine.ready`."""
        await self._supervisor.worker()
        ready = self.status.ready
        assert ready is not None
        return ready

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Run `batch` on the worker, once there is one that is ready; see `Engine.run`."""
        worker = await self._supervisor.worker()
        jobs = {next(self._numbers): job for job in batch}
        number = next(self._numbers)
        flying = _Batch(jobs, on_started, asyncio.get_running_loop().create_future())
        self._batches[number] = flying
        try:
            await self._send(worker, number, flying)
            return await flying.done
        finally:
            del self._batches[number]
            self._watch()

    def forget(self, job: Job) -> None:
        """Spare the worker `job`, if its batch is still being written; see `Engine.forget`."""
        for batch in self._batches.values():
            for number, candidate in batch.jobs.items():
                if candidate is job and not batch.sent:
                    batch.put(number, None)
        for number, late in [*self._late.items()]:
            if late.job is job:
                del self._late[number]
                late.answer.cancel()
                task = asyncio.create_task(self._tell(CancelJob(id=number)), name="forget")
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    async def recount(self) -> None:
        """Ask the worker for another `Ready`, if there is one; the next one counts by itself."""
        await self._tell(Recount())

    async def _tell(self, message: ToWorker) -> None:
        if self.status.state != "ready":
            return
        worker = await self._supervisor.worker()
        async with self._sending:
            with contextlib.suppress(ConnectionError):
                await worker.send(message)

    async def _send(self, worker: WorkerProcess, number: int, batch: _Batch) -> None:
        """Write the batch's jobs that somebody waits for, then the order to run them."""
        try:
            async with self._sending:
                for job_number, job in batch.jobs.items():
                    self._watch()
                    if job_number not in batch.results:
                        await worker.send(Submit(id=job_number, job=job))
                        batch.submitted.add(job_number)
                batch.sent = True
                wanted = tuple(n for n in batch.jobs if n not in batch.results)
                for job_number in batch.submitted.difference(wanted):
                    await worker.send(CancelJob(id=job_number))
                if wanted:
                    await worker.send(Run(batch=number, ids=wanted))
        except ConnectionError:
            logger.debug("The worker ended while batch %d was written", number)
        self._watch()

    def _watch(self) -> None:
        """Note progress: the clocks of a worker that has work start from zero."""
        self._progress = asyncio.get_running_loop().time()
        self._listen_on()

    def _listen_on(self) -> None:
        """Note a sign of life, which is no progress by itself."""
        passed = asyncio.get_running_loop().time() - self._progress
        left = max(0.0, self._hang_after - passed)
        works = self._batches or any(late.begun for late in self._late.values())
        self._supervisor.expect(min(self._silence, left) if works else None)

    def _take(self, message: FromWorker) -> None:
        """Act on a message; one about a batch that nobody waits for any more does nothing."""
        match message:
            case Working(ids=ids):
                self._note_begun(ids)
                self._listen_on()
                return
            case Started(batch=number):
                if batch := self._batches.get(number):
                    batch.started = True
                    batch.on_started()
            case Deferred(id=number):
                for key, batch in self._batches.items():
                    if number in batch.jobs:
                        self._put_off(number, key, batch)
            case Finished(id=number, result=result):
                self._finish_late(number, result)
                for batch in self._batches.values():
                    if number in batch.jobs:
                        batch.put(number, result)
            case Lost(batch=number):
                if batch := self._batches.get(number):
                    batch.lose(by_another=False)
                for late in self._late.values():
                    if late.batch == number:
                        late.fail(BatchLost(late.begun))
        self._watch()

    def _note_begun(self, ids: Collection[int]) -> None:
        for batch in self._batches.values():
            batch.begun.update(number for number in ids if number in batch.jobs)
        for number in ids:
            if number in self._late:
                self._late[number].begun = True

    def _put_off(self, number: int, key: int, batch: _Batch) -> None:
        """Let the job `number` leave the batch `key`; its result comes later."""
        answer: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._late[number] = _Late(batch.jobs[number], key, answer)
        batch.put(number, answer)

    def _finish_late(self, number: int, result: Settled) -> None:
        late = self._late.pop(number, None)
        if late is not None and not late.answer.done():
            late.answer.set_result(result)

    def _lose(self) -> None:
        """Fail the batches in flight, and what was left out of them: their worker has ended."""
        closed = self.status.state == "closed"
        at_work = [batch for batch in self._batches.values() if batch.at_work]
        late_at_work = [late for late in self._late.values() if late.begun]
        for batch in self._batches.values():
            if closed and not batch.done.done():
                batch.done.set_exception(Closing(CLOSING))
            others = [one for one in at_work if one is not batch] + late_at_work
            batch.lose(by_another=bool(others))
        for late in self._late.values():
            late.fail(Closing(CLOSING) if closed else BatchLost(late.begun))
        self._late.clear()
