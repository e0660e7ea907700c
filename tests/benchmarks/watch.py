"""Watches a bot from inside its process: how late its event loop is, and when it does what.

Times are of the monotonic clock, which all processes of a machine share. What is kept is kept in
memory and handed out on request, so that watching disturbs little.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeAlias, TypeVar

from bot.client import Bobby
from bot.exchange import MessageExchange
from bot.executor.queue import Asker
from models.jobs import Answer, Job

BEAT = 0.002
"""Seconds between two looks at the clock."""
LONG = 0.002
"""Seconds from which on a callback is worth keeping."""

Submitting: TypeAlias = Callable[[Job, Asker], Coroutine[Any, Any, Answer]]

P = ParamSpec("P")
T = TypeVar("T")


class LoopWatch:
    """Sees how long the event loop is away: by a beat, and by timing every callback."""

    def __init__(self) -> None:
        self.latest = 0.0
        self.callbacks: list[tuple[float, float, str]] = []

    async def beat(self) -> None:
        """Beat for ever; `latest` becomes the longest that a beat was late, in seconds."""
        while True:
            due = time.monotonic() + BEAT
            await asyncio.sleep(BEAT)
            self.latest = max(self.latest, time.monotonic() - due)

    def time_callbacks(self) -> None:
        """From now on keep every callback that takes `LONG` or more.

        Each with its seconds on the clock, its seconds on the processor, and its name.
        """
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            clock, processor = time.perf_counter(), time.thread_time()
            run(handle)
            if (took := time.perf_counter() - clock) >= LONG:
                used = time.thread_time() - processor
                self.callbacks.append((took, used, _name(handle)))

        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]  # there is no hook

    def report(self) -> dict[str, object]:
        """Return what was seen since the last report, times in seconds."""
        report = {
            "late": self.latest,
            "longest": sorted(self.callbacks, reverse=True)[:10],
        }
        self.latest, self.callbacks = 0.0, []
        return report


def _name(handle: asyncio.Handle) -> str:
    """Return what a callback is: a task by its coroutine."""
    callback: Any = handle._callback  # type: ignore[attr-defined]  # private, yet the only way
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return f"{owner.get_coro()}"
    return repr(callback)


class StageWatch:
    """Notes when the stages of an answer begin and end."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note when the block begins and ends."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.stages.append((name, begun, time.monotonic()))

    def timed(self, name: str, method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return `method`, timed as stage `name`."""

        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.stage(name):
                return await method(*args, **kwargs)

        return call

    def watch(self, bot: Bobby) -> None:
        """Note the stages of every `!classify` that `bot` answers."""
        bot.on_message = self.timed("all", bot.on_message)  # type: ignore[assignment, method-assign]
        bot.fetcher.fetch = self.timed("fetch", bot.fetcher.fetch)  # type: ignore[assignment, method-assign]
        bot.executor.submit = self._with_network(bot.executor.submit)  # type: ignore[assignment, method-assign]
        MessageExchange.answer = self.timed("answer", MessageExchange.answer)  # type: ignore[assignment, method-assign]

    def _with_network(self, submit: Submitting) -> Submitting:
        """Return `submit`, timed, with the network's own time as the stage before its end."""

        async def call(job: Job, asker: Asker) -> Answer:
            with self.stage("submit"):
                answer = await submit(job, asker)
            ended = time.monotonic()
            self.stages.append(("network", ended - answer.milliseconds / 1000, ended))
            return answer

        return call

    def report(self) -> list[tuple[str, float, float]]:
        """Return name, begin and end of the stages since the last report."""
        report, self.stages = self.stages, []
        return report
