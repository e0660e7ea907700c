"""What the executor asks of whatever runs its batches, and the errors that come back.

Owns the `Engine` interface alone: a local child process (`local`), several of them (`pool`) and
a callable in the tests' process stand behind it. An engine knows batches; it never knows
who asked.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self, TypeAlias

from bot.core.errors import WorkerLost, WorkerUnavailable
from bot.core.i18n import later, tr
from models.jobs.answers import Answer, Failure
from models.jobs.control import Ready
from models.jobs.requests import Job

EngineState: TypeAlias = Literal["starting", "ready", "unavailable", "closed"]
"""`starting` covers restarts; `unavailable` means that none is to be waited for: several failed."""

Settled: TypeAlias = Answer | Failure
Result: TypeAlias = Settled | asyncio.Future[Settled] | None
"""What became of one job; None where the job was forgotten before it ran.

A future where the job's file takes long to read, so that it was left out of its batch; it ends as
`Engine.run` does.
"""


@dataclass(frozen=True)
class EngineStatus:
    """How an engine is now.

    `reason` is the sentence that says why there is no worker: why the last one ended; None when
    one is ready or none has ended yet. `ready` is
    what the newest worker that was ever ready said of itself. `restarts` counts the workers
    started after the first.
    """

    state: EngineState
    reason: str | None
    ready: Ready | None
    restarts: int


class BatchLost(WorkerLost):
    """The worker ended with the batch in its hands; `started` says if it had begun to run it.

    Of the batch's jobs, by their places in it, `begun` are those that it had begun with, all of
    them unless it is given, and `results` what had come of some. `by_another` says that it may have
    died of a job of another batch, since it was at work on one.
    """

    def __init__(
        self,
        started: bool,
        begun: Collection[int] | None = None,
        results: Mapping[int, "Result"] | None = None,
        *,
        by_another: bool = False,
    ) -> None:
        super().__init__(started)
        self.started = started
        self.by_another = by_another
        self._begun = begun
        self.results = results or {}

    def had_begun(self, place: int) -> bool:
        """Whether the worker had begun with the job at `place`, and may have died of it."""
        return self.started and (self._begun is None or place in self._begun)

    def __str__(self) -> str:
        if self.started:
            return tr("Something crashed while I was looking at this picture. Please try again.")
        return tr("I crashed before I got to this picture. Please try again in a minute.")


def unavailable() -> WorkerUnavailable:
    """Return the error for people; why there is no worker is the operator's matter."""
    return WorkerUnavailable(
        later("I can't process pictures right now. The bot owner can find the reason in the log.")
    )


class Engine(Protocol):
    """Runs batches. Entering it starts it without waiting until it is ready; leaving closes it."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    @property
    def status(self) -> EngineStatus:
        """How the engine is now."""
        ...

    @property
    def batches_in_flight(self) -> int:
        """How many batches it wants at once: two a worker, which decodes one and runs the other."""
        ...

    async def ready(self) -> Ready:
        """Wait until batches can be run, through restarts too, and return what the worker is.

        Raises:
            WorkerUnavailable: There is no worker and none is coming.
            Closing: The engine is closed.
        """
        ...

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Run `batch`, at least one job, all for one task and model; waits until ready.

        `on_started` is called once, when the batch begins to run. Several batches may be in
        flight; they run in the order in which they came. Cancelling drops the results.

        Returns:
            One result a job, in the batch's order.

        Raises:
            BatchLost: The worker ended before the batch did.
            WorkerUnavailable: There is no worker and none is coming.
            Closing: The engine is closed.
        """
        ...

    def forget(self, job: Job) -> None:
        """Say that nobody waits for `job`, this very object, any more.

        It is dropped where that is cheap and may be run all the same.
        """
        ...

    async def recount(self) -> None:
        """Have the worker look again at what is on this machine; `status` tells it in a moment."""
        ...
