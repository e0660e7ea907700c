"""One worker after the other: started, watched, killed when hung, replaced, given up on.

Owns the worker's life and the state that people see. A worker is used once it says that it is
ready; the next one starts with growing delays, for ever. After several that ended before they were
ready people are told at once that there is none, until one is. What it says besides is handed to
the engine (`local`), which knows the batches; bytes, pipes and signals are `process`'s business.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from bot.core.errors import Closing
from bot.core.i18n import later
from bot.executor.engines.base import EngineState, EngineStatus, unavailable
from bot.executor.engines.process import RetryPolicy, WorkerProcess
from models.jobs.control import Finished, FromWorker, Ready, StartFailed

CLOSING = later("I'm shutting down. Please try again when I'm back online.")

_DEAD = RetryPolicy(end_of_input=0.3, terminate=0.3, kill=1.0)
"""For a worker that has ended already, or is to: it only has to be buried."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Restarts:
    """When to start the next worker, in seconds, and after how many failed starts to tell people.

    The delay is `first`, doubled for each further worker that ended without finishing a job, at
    most `longest`. A worker that is not ready `start_limit` after its start is killed.
    """

    first: float = 0.5
    longest: float = 60.0
    failed_starts: int = 3
    start_limit: float = 300.0

    def delay(self, deaths: int) -> float:
        """Return the delay after the `deaths`-th death in a row, counted from 1."""
        return float(min(self.longest, self.first * 2 ** (deaths - 1)))


@dataclass(frozen=True)
class WorkerCommand:
    """What is run as a worker: a command line, and all of its environment."""

    command: Sequence[str]
    environment: Mapping[str, str]


class Supervisor:
    """Keeps one worker of `program` alive.

    `take` gets every message of the workers, `lost` is called when one has ended and took what it
    was given with it. Both are called from the event loop and must not raise.
    """

    def __init__(
        self,
        program: WorkerCommand,
        *,
        restarts: Restarts,
        patience: RetryPolicy,
        take: Callable[[FromWorker], None],
        lost: Callable[[], None],
    ) -> None:
        self._program = program
        self._restarts = restarts
        self._patience = patience
        self._take = take
        self._lost = lost
        self._state: EngineState = "starting"
        self._settled = asyncio.Event()  # set in every state but "starting"
        self._reason: str | None = None
        self._refusal: str | None = None  # what the worker said of itself
        self._verdict: str | None = None  # what it was killed for
        self._ready: Ready | None = None
        self._started = 0
        self._failed_starts = 0
        self._deaths = 0
        self._worker: WorkerProcess | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    @property
    def status(self) -> EngineStatus:
        """How things stand now."""
        return EngineStatus(
            state=self._state,
            reason=self._reason,
            ready=self._ready,
            restarts=max(0, self._started - 1),
        )

    @property
    def pid(self) -> int | None:
        """The worker's process id, None while there is none."""
        return self._worker.pid if self._worker else None

    def start(self) -> None:
        """Start the first worker, without waiting for it."""
        self._task = asyncio.create_task(self._supervise(), name="supervisor")

    async def close(self) -> None:
        """End the worker in order; takes no longer than the patience given.

        Neither a start nor a burial is cut short: that could leave a process behind.
        """
        self._become("closed")
        self._stop.set()
        if self._listening is not None:
            self._listening.cancel()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def worker(self) -> WorkerProcess:
        """Wait for a worker that is ready, through restarts too.

        Raises:
            WorkerUnavailable: None is coming.
            Closing: The supervisor is closed.
        """
        while self._state != "ready" or self._worker is None:
            if self._state == "closed":
                raise Closing(CLOSING)
            if self._state == "unavailable":
                raise unavailable()
            await self._settled.wait()
        return self._worker

    def expect(self, seconds: float | None) -> None:
        """Kill the worker, once it is ready, unless it is expected again within `seconds`."""
        if self._state == "ready":
            self._set_alarm(seconds, "The worker made no progress and was killed.")

    async def _supervise(self) -> None:
        while not self._stop.is_set():
            self._started += 1
            self._failed_starts += 1
            try:
                self._reason = await self._live()
            except Exception:
                logger.exception("The supervision of the worker failed")
                self._reason = "Bobby failed to supervise its worker."
                self._failed_starts = self._restarts.failed_starts
            self._deaths += 1
            await self._pause()

    async def _pause(self) -> None:
        """Wait until the next worker is to start, or it is clear that none does."""
        if self._stop.is_set():
            return
        delay = self._restarts.delay(self._deaths)
        if self._is_hopeless():
            self._become("unavailable")
            logger.error("No worker can be started. %s Trying again in %g s.", self._reason, delay)
        else:
            logger.warning("%s Another starts in %g s.", self._reason, delay)
        try:
            async with asyncio.timeout(delay):
                await self._stop.wait()
        except TimeoutError:
            return

    def _is_hopeless(self) -> bool:
        """Tell whether people had better not wait for the next worker."""
        # A worker that refuses before any was ever ready has met a setting, not an accident.
        refused_at_first = self._refusal is not None and self._ready is None
        return refused_at_first or self._failed_starts >= self._restarts.failed_starts

    async def _live(self) -> str:
        """Start a worker, use it until it ends, bury it, and return why it ended."""
        self._verdict = self._refusal = None
        try:
            worker = await WorkerProcess.launch(self._program.command, self._program.environment)
        except OSError as error:
            return f"The worker's program can't be run: {error.strerror}."
        self._worker = worker
        self._set_alarm(self._restarts.start_limit, "The worker was not ready in time.")
        try:
            if not self._stop.is_set():
                self._listening = asyncio.create_task(self._listen(worker), name="listen")
                await asyncio.wait([self._listening])
                if not self._listening.cancelled():
                    self._listening.result()
        finally:
            if self._state == "ready":
                self._become("starting")
            self._worker = None
            self._set_alarm(None)
            self._lost()
            await worker.close(self._patience if self._state == "closed" else _DEAD)
        return self._ending(worker)

    def _ending(self, worker: WorkerProcess) -> str:
        return self._refusal or self._verdict or worker.ending

    async def _listen(self, worker: WorkerProcess) -> None:
        """Act on the worker's messages until it sends no more."""
        try:
            while (message := await worker.receive()) is not None:
                match message:
                    case Ready():
                        self._ready = message
                        self._failed_starts = 0
                        self._reason = None
                        self._set_alarm(None)
                        self._become("ready")
                    case StartFailed(reason=reason):
                        self._refusal = reason
                    case Finished():
                        self._deaths = 0
                self._take(message)
        except (ValueError, msgspec.DecodeError):
            logger.exception("The worker's output can't be read")
            self._verdict = "The worker sent something that is no message and was killed."
            worker.kill()

    def _become(self, state: EngineState) -> None:
        """Change the state; what is closed stays closed."""
        if self._state == "closed":
            return
        self._state = state
        if state == "starting":
            self._settled.clear()
        else:
            self._settled.set()

    def _set_alarm(self, seconds: float | None, verdict: str = "") -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if seconds is not None and self._worker is not None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(seconds, self._kill, self._worker, verdict)

    def _kill(self, worker: WorkerProcess, verdict: str) -> None:
        self._verdict = verdict
        worker.kill()
