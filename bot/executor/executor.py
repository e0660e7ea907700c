"""The way of a job: admitted or refused at once, fairly ordered, batched, answered or failed.

Owns the callers' futures and the one dispatch task. It hands an engine whatever waits for one
model as soon as fewer batches are in flight than it wants, never on a timer, and never touches a
process, a picture's bytes or Discord.
"""

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Hashable, Iterable
from typing import Self, TypeVar, cast

from msgspec import structs

from bot.core import metrics
from bot.core.errors import BobbyError, Closing, TimedOut, WorkerLost, from_failure
from bot.core.i18n import later, tr
from bot.executor.call import Call
from bot.executor.costs import Costs
from bot.executor.engines.base import BatchLost, Engine, Result, Settled, unavailable
from bot.executor.estimates import QueueEstimate, Snapshot, estimate
from bot.executor.queue import FairQueue, Limits, Requester
from models.jobs.answers import Answer, Failure
from models.jobs.control import Ready
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Job, Request

DRAIN_SECONDS = 1.0
"""What closing grants the batches in flight."""

_TRIES_IN_VAIN = 2
"""A batch is given up once so many workers died before they had begun with any of it.

Those that may have died of another batch don't count: somebody else's bad files take nobody along.
"""

A = TypeVar("A", bound=Answer)

logger = logging.getLogger(__name__)


class Executor:
    """Answers jobs through `engine`; an async context manager that opens and closes it."""

    def __init__(self, engine: Engine, *, limits: Limits, batch_size: int, timeout: float) -> None:
        self._engine = engine
        self._costs = Costs()
        self._queue: FairQueue[Call] = FairQueue(limits, self._kind, self._cost)
        self._batch_size = batch_size
        self._timeout = timeout
        self._arrived = asyncio.Event()
        self._slots = asyncio.Semaphore(engine.batches_in_flight)
        self._batches: set[asyncio.Task[None]] = set()
        self._dispatcher: asyncio.Task[None] | None = None
        self._closing = False
        self._answered = 0
        self._busy_since = 0.0
        self._salt = secrets.token_bytes(16)

    async def __aenter__(self) -> Self:
        await self._engine.__aenter__()
        self._dispatcher = asyncio.create_task(self._dispatch(), name="dispatch")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Refuse what waits, grant what runs a moment, then close the engine."""
        self._closing = True
        try:
            self._fail_waiting(_closing())
            if self._dispatcher is not None:
                self._dispatcher.cancel()
            if self._batches:
                _done, late = await asyncio.wait(self._batches, timeout=DRAIN_SECONDS)
                for task in late:
                    task.cancel()
        finally:
            await self._engine.__aexit__(None, None, None)

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """The catalog as the worker told it; empty until it was ready once."""
        ready = self._engine.status.ready
        return ready.models if ready else ()

    @property
    def default(self) -> str | None:
        """The name of the model that a job without one means; None until the worker was ready."""
        ready = self._engine.status.ready
        return ready.default if ready else None

    async def ready(self) -> Ready:
        """Wait until the worker answers and return what it is.

        Raises:
            WorkerUnavailable: There is no worker and none is coming.
            Closing: Bobby is shutting down.
        """
        return await self._engine.ready()

    async def cards(self) -> tuple[ModelInfo, ...]:
        """Return the catalog, once there is a worker that has told it.

        Raises:
            WorkerUnavailable: There was none yet and none is coming.
            Closing: Bobby is shutting down.
        """
        return self.models or (await self.ready()).models

    async def recount(self) -> None:
        """Have the worker look again at which models are ready; `models` tells it in a moment."""
        await self._engine.recount()

    def snapshot(self) -> Snapshot:
        """Return how things stand now."""
        status = self._engine.status
        held = self._queue.held
        running = sum(call.started for call in held)
        return Snapshot(
            state="closed" if self._closing else status.state,
            reason=status.reason,
            waiting=len(held) - running,
            running=running,
            answered=self._answered,
            restarts=status.restarts,
            device=status.ready.device if status.ready else None,
            default=self.default,
            models=self.models,
        )

    def estimate(self, question: int) -> QueueEstimate | None:
        """Return how the question of id `question` stands; None when it waits for no job."""
        now = asyncio.get_running_loop().time()
        return estimate(self._queue, question, self._cost, now - self._busy_since)

    async def submit(self, job: Request[A], requester: Requester) -> A:
        """Return the answer to `job`. Cancelling is normal: the job is dropped if it can be.

        Raises:
            Overloaded: A limit is reached; raised at once.
            TimedOut: There was no answer in time.
            WorkerLost: The worker died over the job, or Bobby itself failed it.
            WorkerUnavailable: There is no worker and none is coming.
            Closing: Bobby is shutting down.
            BadPicture, UnknownModel, ModelFailed: What the worker answered.
        """
        if self._closing:
            raise _closing()
        status = self._engine.status
        if status.state == "unavailable":
            raise unavailable()
        # The engine tells jobs apart by identity, and a caller may ask the same one twice.
        loop = asyncio.get_running_loop()
        # A hub's code may see the job, and has no need to know who people are.
        person = hash((self._salt, requester.user_id))
        own = cast("Job", structs.replace(job, question=requester.request_id, requester=person))
        call = Call(own, requester, answer=loop.create_future(), admitted=loop.time())
        self._queue.admit(call)
        logger.debug("A %s waits, %d in all", type(job).__name__, len(self._queue))
        self._arrived.set()
        try:
            async with asyncio.timeout(self._timeout):
                answer = await call.answer
                logger.debug("Answered after %.3f s", loop.time() - call.admitted)
                return cast("A", answer)
        except TimeoutError:
            raise TimedOut(
                tr(
                    "This took longer than {timeout:g} seconds, so I stopped. Please "
                    "try again later.",
                    timeout=self._timeout,
                )
            ) from None
        finally:
            if call.answer.cancelled() and not self._queue.withdraw(call):
                self._engine.forget(call.job)

    async def _dispatch(self) -> None:
        while True:
            await self._slots.acquire()
            try:
                batch = await self._next_batch()
            except BobbyError as error:
                batch = []
                self._fail_waiting(error)
            except Exception:
                logger.exception("No batch could be formed")
                batch = []
                self._fail_waiting(_unexpected())
            if batch:
                self._start(self._serve(batch))
            else:
                self._slots.release()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="batch")
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _next_batch(self) -> list[Call]:
        """Wait for work and a worker; the batch is empty when its callers have just left."""
        while not self._queue:
            self._arrived.clear()
            await self._arrived.wait()
        await self._engine.ready()
        taken = self._queue.take(self._batch_size)
        left = [call for call in taken if call.answer.done()]
        self._release(left)
        return [call for call in taken if not call.answer.done()]

    async def _serve(self, batch: list[Call]) -> None:
        """Run `batch` and settle every call of it; then free its place."""
        try:
            await self._settling(batch, self._run(batch))
        finally:
            self._slots.release()

    async def _serve_late(self, call: Call, result: asyncio.Future[Settled]) -> None:
        """Settle a call that was left out of its batch, which has ended by now."""
        call.late = False
        await self._settling([call], self._accept(call, result))

    async def _accept(self, call: Call, result: asyncio.Future[Settled]) -> None:
        await asyncio.wait([result])
        if result.cancelled():
            return
        try:
            self._settle(call, result.result())
        except BatchLost as lost:
            if lost.started:
                raise
            await self._run([call])

    async def _settling(self, batch: list[Call], work: Coroutine[None, None, None]) -> None:
        """Do `work`, which settles `batch`, and settle it whatever happens."""
        try:
            await work
        except BobbyError as error:
            _fail(batch, error)
        except asyncio.CancelledError:
            _fail(batch, _closing())
            raise
        except Exception:
            logger.exception("A batch of %d failed unexpectedly", len(batch))
            _fail(batch, _unexpected())
        finally:
            self._release(call for call in batch if not call.late)

    async def _run(self, batch: list[Call]) -> None:
        """Run `batch`, and again what no worker had begun with when it died.

        Raises:
            BatchLost: Two workers died before they had begun with any of what was left.
        """
        in_vain = 0
        while batch and in_vain < _TRIES_IN_VAIN:
            left, by_another = await self._try(batch)
            in_vain += len(left) == len(batch) and not by_another
            batch = left
        if batch:
            raise BatchLost(started=False)

    async def _try(self, batch: list[Call]) -> tuple[list[Call], bool]:
        """Run those of `batch` that are waited for still.

        Returns:
            Those that a dead worker had not begun with; whether it may have died of others.
        """
        await self._engine.ready()
        wanted = [call for call in batch if not call.answer.done()]
        if not wanted:
            return [], False
        try:
            await self._try_once(wanted)
        except BatchLost as lost:
            return self._left(wanted, lost), lost.by_another
        return [], False

    def _left(self, batch: list[Call], lost: BatchLost) -> list[Call]:
        left: list[Call] = []
        for place, call in enumerate(batch):
            if (result := lost.results.get(place)) is not None:
                self._settle(call, result)
            elif lost.had_begun(place):
                call.fail(lost)
            else:
                left.append(call)
        return left

    async def _try_once(self, wanted: list[Call]) -> None:
        now = asyncio.get_running_loop().time

        def on_started() -> None:
            if not any(call.started for call in self._queue.held):
                self._busy_since = now()
            metrics.BATCHES.labels(type(wanted[0].job).__name__.lower()).observe(len(wanted))
            for call in wanted:
                call.started = True
                metrics.STAGES.labels("wait").observe(now() - call.admitted)

        results = await self._engine.run([call.job for call in wanted], on_started)
        # A batch that began while the one before was being answered counts from that one's end.
        took, self._busy_since = now() - self._busy_since, now()
        metrics.STAGES.labels("run").observe(took)
        if len(results) != len(wanted):
            raise RuntimeError(
                f"The engine returned {len(results)} results for {len(wanted)} jobs;"
                " it must return one a job, in order"
            )
        answers = zip(wanted, results, strict=True)
        ran = [call.job for call, result in answers if not isinstance(result, asyncio.Future)]
        if ran and not any(isinstance(result, Failure | None) for result in results):
            self._costs.observe(self._kind(ran[0]), ran, took)
        for call, result in zip(wanted, results, strict=True):
            self._settle(call, result)

    def _kind(self, job: Job) -> Hashable:
        """Return what jobs of one batch share: the task and the model that the name means now."""
        return type(job), job.model or self.default

    def _cost(self, job: Job) -> float:
        """Return the seconds that `job` is expected to keep the worker busy."""
        return self._costs.seconds(self._kind(job), job)

    def _settle(self, call: Call, result: Result) -> None:
        if call.answer.done():
            if isinstance(result, asyncio.Future):  # the caller left before this came out
                self._engine.forget(call.job)
            return
        if result is None:
            raise RuntimeError("The engine forgot a job that somebody waits for")
        if isinstance(result, asyncio.Future):
            call.late = True
            self._start(self._serve_late(call, result))
            return
        if isinstance(result, Failure):
            call.fail(from_failure(result))
        else:
            self._answered += 1
            call.answer.set_result(result)

    def _release(self, calls: Iterable[Call]) -> None:
        for call in calls:
            self._queue.release(call)

    def _fail_waiting(self, error: BobbyError) -> None:
        while batch := self._queue.take(self._batch_size):
            _fail(batch, error)
            self._release(batch)


def _fail(calls: Iterable[Call], error: BobbyError) -> None:
    for call in calls:
        call.fail(error)


def _closing() -> Closing:
    return Closing(later("I'm shutting down. Please try again when I'm back online."))


def _unexpected() -> WorkerLost:
    return WorkerLost(later("Something went wrong on my end with this picture. Please try again."))
