"""Watches a bot from inside its process: how late its event loop is, and when it does what.

Times are of the monotonic clock, which all processes of a machine share. What is kept is kept in
memory and handed out on request, so that watching disturbs little.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, ParamSpec, TypeAlias, TypeVar

from bot.app.client import Bobby
from bot.conversation.message_responder import MessageResponder
from bot.executor.queue import Requester
from models.jobs.answers import Answer, PictureAnswer
from models.jobs.requests import Job

BEAT = 0.002
"""Seconds between two looks at the clock."""

Submitting: TypeAlias = Callable[[Job, Requester], Coroutine[Any, Any, Answer]]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass
class Work:
    """Callbacks of one name: how many, and their seconds by the clock and on the processor."""

    name: str
    count: int = 0
    clock: float = 0.0
    processor: float = 0.0


class LoopWatch:
    """Sees how long the event loop is away, round by round, and with what."""

    def __init__(self) -> None:
        self._latest = 0.0
        self._longest_round = 0.0
        self._meanwhile: list[Work] = []
        self._longest = 0.0
        self._this_round: dict[str, Work] = {}

    async def beat(self) -> None:
        """Beat for ever, with_note the longest that a beat was late: what a coroutine feels."""
        while True:
            due = time.monotonic() + BEAT
            await asyncio.sleep(BEAT)
            self._latest = max(self._latest, time.monotonic() - due)

    def time_rounds(self, loop: asyncio.AbstractEventLoop) -> None:
        """Time every round of `loop`: from one look at its sockets and timers to the next."""
        selector = loop._selector  # type: ignore[attr-defined]  # private, yet the only way
        select = selector.select
        looked = time.perf_counter()

        def timed(timeout: float | None = None) -> object:
            nonlocal looked
            if (took := time.perf_counter() - looked) > self._longest_round:
                self._longest_round = took
                self._meanwhile = list(self._this_round.values())
            self._this_round = {}
            ready = select(timeout)
            looked = time.perf_counter()
            return ready

        selector.select = timed

    def time_callbacks(self) -> None:
        """Time every callback of every loop from now on."""
        run = asyncio.Handle._run

        def timed(handle: asyncio.Handle) -> None:
            name = _name(handle)
            clock, processor = time.perf_counter(), time.thread_time()
            run(handle)
            took, used = time.perf_counter() - clock, time.thread_time() - processor
            self._longest = max(self._longest, took)
            work = self._this_round.setdefault(name, Work(name))
            work.count += 1
            work.clock += took
            work.processor += used

        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]  # there is no hook

    def report(self) -> dict[str, object]:
        """Return what was seen since the last report, times in seconds."""
        meanwhile = sorted(self._meanwhile, key=lambda work: work.clock, reverse=True)
        report = {
            "late": self._latest,
            "round": self._longest_round,
            "meanwhile": [asdict(work) for work in meanwhile[:6]],
            "longest": self._longest,
        }
        self._latest, self._longest_round, self._longest = 0.0, 0.0, 0.0
        return report


def _name(handle: asyncio.Handle) -> str:
    """Return what kind of callback it is: a task by its coroutine."""
    callback: Any = handle._callback  # type: ignore[attr-defined]  # private, yet the only way
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        callback = owner.get_coro()
    return getattr(callback, "__qualname__", type(callback).__name__)


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
        bot.executor.submit = self._with_network(bot.executor.submit)  # type: ignore[arg-type, assignment, method-assign]
        MessageResponder.answer = self.timed("answer", MessageResponder.answer)  # type: ignore[assignment, method-assign]

    def _with_network(self, submit: Submitting) -> Submitting:
        """Return `submit`, timed, with the network's own time as the stage before its end."""

        async def call(job: Job, requester: Requester) -> Answer:
            with self.stage("submit"):
                answer = await submit(job, requester)
            ended = time.monotonic()
            if isinstance(answer, PictureAnswer):
                self.stages.append(("network", ended - answer.milliseconds / 1000, ended))
            return answer

        return call

    def report(self) -> list[tuple[str, float, float]]:
        """Return name, begin and end of the stages since the last report."""
        report, self.stages = self.stages, []
        return report
