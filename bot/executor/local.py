"""The local engine: batches run in one child process, which is watched and replaced.

Owns the supervision: a worker is used once it says that it is ready, killed when it makes no
progress, replaced with growing delays when it ends, and given up when it ends again and again
before it was ready. Bytes, pipes and signals are `process`'s business, fairness and deadlines the
executor's.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import msgspec

from bot.errors import Closing
from bot.executor.engine import BatchLost, EngineState, EngineStatus, Result, unavailable
from bot.executor.process import Patience, WorkerProcess
from models.jobs import Finished, Forget, FromWorker, Job, Ready, Run, Started, Submit, Unready

CLOSING = "Bobby is shutting down. Please ask again when it is back."
HUNG = "The worker made no progress and was killed."

_DEAD = Patience(end_of_input=0.3, terminate=0.3, kill=1.0)
"""For a worker that has ended already, or is to: it only has to be buried."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Restarts:
    """When to start the next worker, in seconds, and after how many failed starts to give up.

    The delay is `first`, doubled for each further worker that ended without finishing a job, at
    most `longest`.
    """

    first: float = 0.5
    longest: float = 30.0
    failed_starts: int = 3

    def delay(self, deaths: int) -> float:
        """Return the delay after the `deaths`-th death in a row, counted from 1."""
        return float(min(self.longest, self.first * 2 ** (deaths - 1)))


@dataclass(eq=False)
class _Batch:
    """A batch in flight: what it waits for and what has come."""

    jobs: dict[int, Job]
    on_started: Callable[[], None]
    done: asyncio.Future[list[Result]]
    results: dict[int, Result] = field(default_factory=dict)
    started: bool = False

    def put(self, number: int, result: Result) -> None:
        """Keep the `result` of job `number`; the last one completes the batch."""
        self.results.setdefault(number, result)
        if len(self.results) == len(self.jobs) and not self.done.done():
            self.done.set_result([self.results[number] for number in self.jobs])

    def lose(self, error: Closing | None) -> None:
        """Fail the batch with `error`, or else because its worker has ended."""
        if not self.done.done():
            self.done.set_exception(error or BatchLost(self.started))


class LocalEngine:
    """Runs batches in a child process started by `command` with `environment`.

    A worker that has work and makes no progress for `hang_after` seconds, or is not ready
    `start_limit` seconds after its start, is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        hang_after: float,
        start_limit: float = 300.0,
        restarts: Restarts | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._hang_after = hang_after
        self._start_limit = start_limit
        self._restarts = restarts or Restarts()
        self._patience = patience or Patience()
        self._state: EngineState = "starting"
        self._reason: str | None = None
        self._refusal: str | None = None  # what the worker said of itself
        self._verdict: str | None = None  # what it was killed for
        self._ready: Ready | None = None
        self._started_workers = 0
        self._failed_starts = 0
        self._deaths = 0
        self._settled = asyncio.Event()
        self._worker: WorkerProcess | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._batches: dict[int, _Batch] = {}
        self._numbers = itertools.count(1)
        self._sending = asyncio.Lock()
        self._forgetting: set[asyncio.Task[None]] = set()
        self._supervisor: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._supervisor = asyncio.create_task(self._supervise(), name="supervisor")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the worker in order; takes less than 4 seconds."""
        self._become("closed")
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])

    @property
    def status(self) -> EngineStatus:
        """How the engine is now."""
        return EngineStatus(
            state=self._state,
            reason=self._reason,
            ready=self._ready,
            restarts=max(0, self._started_workers - 1),
        )

    async def ready(self) -> Ready:
        """Wait until a worker is ready and return what it said; see `Engine.ready`."""
        await self._usable_worker()
        assert self._ready is not None
        return self._ready

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Run `batch` on the worker, once there is one that is ready; see `Engine.run`."""
        worker = await self._usable_worker()
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
        """Spare the worker `job`, if it is in a batch that has not begun."""
        for batch in self._batches.values():
            for number, candidate in batch.jobs.items():
                if candidate is job and not batch.started:
                    batch.put(number, None)
                    self._tell(Forget(id=number))

    # --- a batch's way to the worker --------------------------------------------------------------

    async def _usable_worker(self) -> WorkerProcess:
        while True:
            if self._state == "closed":
                raise Closing(CLOSING)
            if self._state == "unavailable":
                raise unavailable(self._reason or "")
            if self._state == "ready" and self._worker is not None:
                return self._worker
            await self._settled.wait()

    async def _send(self, worker: WorkerProcess, number: int, batch: _Batch) -> None:
        """Write the batch's jobs that somebody waits for, one batch after the other."""
        async with self._sending:
            try:
                sent = []
                for job_number, job in batch.jobs.items():
                    self._watch()
                    if job_number not in batch.results and not batch.done.done():
                        await worker.send(Submit(id=job_number, job=job))
                        sent.append(job_number)
                if sent and not batch.done.done():
                    await worker.send(Run(batch=number, ids=tuple(sent)))
            except ConnectionError:
                logger.debug("The worker ended while batch %d was written", number)
            self._watch()

    def _tell(self, message: Forget) -> None:
        async def send(worker: WorkerProcess) -> None:
            try:
                await worker.send(message)
            except ConnectionError:
                logger.debug("The worker ended before it could forget job %d", message.id)

        if self._worker is not None:
            task = asyncio.create_task(send(self._worker), name="forget")
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    # --- a worker's life --------------------------------------------------------------------------

    async def _supervise(self) -> None:
        """Start one worker after the other, until one is given up on."""
        try:
            while not self._given_up():
                if self._started_workers:
                    delay = self._restarts.delay(self._deaths)
                    logger.warning("%s Another starts in %g s", self._reason, delay)
                    await asyncio.sleep(delay)
                self._started_workers += 1
                self._verdict = self._refusal = None
                await self._live()
                self._deaths += 1
        except Exception:
            logger.exception("The supervision of the worker failed")
            self._reason = "Bobby failed to supervise its worker; the log says more."
        logger.error("No worker is started any more. %s", self._reason)
        self._become("unavailable")

    def _given_up(self) -> bool:
        # A worker that refuses before any was ever ready has met a setting, not an accident.
        refused_at_first = self._refusal is not None and self._ready is None
        return refused_at_first or self._failed_starts >= self._restarts.failed_starts

    async def _live(self) -> None:
        """Start a worker, use it until it ends, bury it, and keep the reason of its end."""
        self._failed_starts += 1
        try:
            worker = await WorkerProcess.launch(self._command, self._environment)
        except OSError as error:
            self._reason = f"The worker's program can't be run: {error.strerror}."
            return
        self._worker = worker
        self._set_alarm(self._start_limit, "The worker was not ready in time.")
        try:
            while (message := await worker.receive()) is not None:
                self._take(message)
        except (ValueError, msgspec.DecodeError):
            logger.exception("The worker's output can't be read")
            self._verdict = "The worker sent something that is no message."
            worker.kill()
        finally:
            self._become("starting")
            self._worker = None
            self._set_alarm(None)
            for batch in self._batches.values():
                batch.lose(Closing(CLOSING) if self._state == "closed" else None)
            await worker.close(self._patience if self._state == "closed" else _DEAD)
            self._reason = self._refusal or self._verdict or worker.ending

    def _take(self, message: FromWorker) -> None:
        """Act on a message; one about a batch that nobody waits for any more does nothing."""
        match message:
            case Ready():
                self._ready = message
                self._failed_starts = 0
                self._become("ready")
            case Unready(reason=reason):
                self._refusal = reason
            case Started(batch=number):
                if batch := self._batches.get(number):
                    batch.started = True
                    batch.on_started()
            case Finished(id=number, result=result):
                self._deaths = 0
                for batch in self._batches.values():
                    if number in batch.jobs:
                        batch.put(number, result)
        self._watch()

    def _become(self, state: EngineState) -> None:
        """Change the state; a closed engine stays closed."""
        if self._state == "closed":
            return
        self._state = state
        if state == "starting":
            self._settled.clear()
        else:
            self._settled.set()

    def _watch(self) -> None:
        """Note progress: the clock of a worker that has work starts anew."""
        if self._state == "ready":
            self._set_alarm(self._hang_after if self._batches else None)

    def _set_alarm(self, seconds: float | None, verdict: str = HUNG) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if seconds is not None and self._worker is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(seconds, self._kill, self._worker, verdict)

    def _kill(self, worker: WorkerProcess, verdict: str) -> None:
        self._verdict = verdict
        worker.kill()
