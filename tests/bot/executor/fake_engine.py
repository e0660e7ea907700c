"""An engine without a process: it runs a callable of this process in a thread.

For tests whose subject is not the worker. Same interface and promises as the local engine, less
what only a process can do: it is always ready and never restarts.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Self, TypeAlias

from bot.core.errors import Closing
from bot.core.i18n import later
from bot.executor.engines.base import EngineState, EngineStatus, Result
from models.jobs.control import Ready
from models.jobs.requests import Job

RunBatch: TypeAlias = Callable[[Sequence[Job]], Sequence[Result]]
"""Takes a batch and returns one result a job, in order; may block, may raise."""


class FakeEngine:
    """Runs batches through `run_batch`, one at a time, and says of itself what `ready` says."""

    batches_in_flight = 2
    """See `Engine.batches_in_flight`."""

    def __init__(self, run_batch: RunBatch, ready: Ready) -> None:
        self._run_batch = run_batch
        self._ready = ready
        self._device = asyncio.Lock()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closed = True

    @property
    def status(self) -> EngineStatus:
        """Ready from the start, until it is closed."""
        state: EngineState = "closed" if self._closed else "ready"
        return EngineStatus(state=state, reason=None, ready=self._ready, restarts=0)

    async def ready(self) -> Ready:
        """Return the injected `Ready`.

        Raises:
            Closing: The engine is closed.
        """
        if self._closed:
            raise Closing(later("Bobby is shutting down."))
        return self._ready

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Run `batch` in a thread and return what the callable returned."""
        await self.ready()
        async with self._device:
            on_started()
            return await asyncio.to_thread(self._run_batch, batch)

    def forget(self, job: Job) -> None:
        """Do nothing: a batch that waits here holds no more than the caller's own picture."""

    async def recount(self) -> None:
        """Do nothing: what the injected `Ready` says stays so."""
