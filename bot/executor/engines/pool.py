"""Several engines as one: a worker for each device, the least loaded first.

Owns the choice of an engine for each batch and the one state that people see of them all. It is
ready as long as one of them is; a batch that is lost with its worker is the executor's business.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Self

from bot.core.errors import WorkerUnavailable
from bot.executor.engines.base import Engine, EngineState, EngineStatus, Result, unavailable
from models.jobs.control import Ready
from models.jobs.requests import Job

_BEST_FIRST: tuple[EngineState, ...] = ("ready", "starting", "unavailable", "closed")


class EnginePool:
    """Runs each batch on the one of `engines`, at least one, that has the fewest; see `Engine`."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = engines
        self._flying = dict.fromkeys(engines, 0)

    async def __aenter__(self) -> Self:
        for engine in self._engines:
            await engine.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all at once, so that it takes no longer than closing one."""
        await asyncio.gather(*(e.__aexit__(None, None, None) for e in self._engines))

    @property
    def status(self) -> EngineStatus:
        """How the best of them is; the devices and the restarts are those of all."""
        known = sorted((e.status for e in self._engines), key=lambda s: _BEST_FIRST.index(s.state))
        readies = [status.ready for status in known if status.ready]
        return EngineStatus(
            state=known[0].state,
            reason=known[0].reason,
            ready=_together(readies) if readies else None,
            restarts=sum(status.restarts for status in known),
        )

    @property
    def batches_in_flight(self) -> int:
        """As many as all of them take together."""
        return sum(engine.batches_in_flight for engine in self._engines)

    async def ready(self) -> Ready:
        """Wait until one of them can run batches; see `Engine.ready`."""
        await self._readiest()
        ready = self.status.ready
        assert ready is not None
        return ready

    async def run(self, batch: Sequence[Job], on_started: Callable[[], None]) -> Sequence[Result]:
        """Run `batch` on the engine that is ready and has the fewest; see `Engine.run`."""
        engine = await self._readiest()
        self._flying[engine] += 1
        try:
            return await engine.run(batch, on_started)
        finally:
            self._flying[engine] -= 1

    def forget(self, job: Job) -> None:
        """Say it to all: only the one that has `job` knows it."""
        for engine in self._engines:
            engine.forget(job)

    async def recount(self) -> None:
        """Have every worker look again."""
        await asyncio.gather(*(engine.recount() for engine in self._engines))

    async def _readiest(self) -> Engine:
        """Wait until an engine is ready and return the least loaded of those that are.

        Raises:
            WorkerUnavailable: None is coming.
            Closing: They are closed.
        """
        waiting = {asyncio.ensure_future(engine.ready()) for engine in self._engines}
        for task in waiting:
            # One that nobody waits for any more may fail in silence.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    with contextlib.suppress(WorkerUnavailable):
                        task.result()
                if ready := [e for e in self._engines if e.status.state == "ready"]:
                    return min(ready, key=self._flying.__getitem__)
        finally:
            for task in waiting:
                task.cancel()
        raise unavailable()


def _together(readies: Sequence[Ready]) -> Ready:
    devices = ", ".join(ready.device for ready in readies)
    return Ready(device=devices, default=readies[0].default, models=readies[0].models)
