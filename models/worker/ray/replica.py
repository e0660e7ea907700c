"""The worker as a replica: the same tasks and threads, asked by relays instead of one bot.

Owns the numbers under which batches of several bots are told apart, and says when it hangs. Frames
come in and go out, as `models.jobs.wire` makes them; it does not know what carries them, and
answers nobody who is not in the same cluster.
"""

import argparse
import asyncio
import itertools
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from msgspec import structs

from models.jobs.control import (
    Deferred,
    Finished,
    FromWorker,
    Ready,
    Run,
    Started,
    StartFailed,
    Submit,
    Working,
)
from models.jobs.errors import JobError
from models.jobs.wire import frame, messages
from models.worker.loop import TaskRunner, Worker
from models.worker.pipe import leave
from models.worker.process import options_of, set_up, started, tasks_of

_log = logging.getLogger(__name__)


class Replica:
    """Answers batches; `arguments` are a worker's command line.

    It never fails to be made: what is wrong is told by `ready`. With work and without progress for
    `hang_after` seconds it is no longer healthy.
    """

    def __init__(self, arguments: Sequence[str], hang_after: float) -> None:
        options: argparse.Namespace = options_of(arguments)
        set_up(options)
        self._tasks, self._said = started(partial(tasks_of, options))
        self._hang_after = hang_after
        self._numbers = itertools.count(1)
        self._takers: dict[int, Callable[[FromWorker], None]] = {}
        self._progress = time.monotonic()
        if self._tasks is not None:
            self._worker = Worker(self._tasks, self._take)
            threading.Thread(target=self._run_batches, name="networks", daemon=True).start()

    async def ready(self) -> bytes:
        """Return the frame of `Ready` or `StartFailed`: how the start went."""
        return frame(self._said)

    async def recount(self) -> bytes:
        """Return the frame of a new `Ready`: what there is now."""
        if self._tasks is not None:
            self._said = await asyncio.to_thread(_counted, self._tasks, self._said)
        return frame(self._said)

    async def run(self, frames: bytes) -> AsyncIterator[bytes]:
        """Run the batch that `frames` are, of its jobs' `Submit` and one `Run`.

        Yields:
            The frame of `Started`, then of each job's `Finished`, as soon as it is known. Of those
            whose files take long, `Deferred` comes first.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[FromWorker] = asyncio.Queue()

        def take(message: FromWorker) -> None:
            loop.call_soon_threadsafe(arrived.put_nowait, message)

        *submits, run = messages(frames)
        assert isinstance(run, Run)
        theirs: dict[int, int] = {}
        if not self._takers:
            self._progress = time.monotonic()
        try:
            for submit in submits:
                assert isinstance(submit, Submit)
                self._admit(number := next(self._numbers), take)
                theirs[number] = submit.id
                self._worker.handle(structs.replace(submit, id=number))
            ids = tuple(theirs)
            self._admit(batch := next(self._numbers), take)
            theirs[batch] = run.batch
            self._worker.handle(Run(batch=batch, ids=ids))
            left = len(ids)
            while left:
                message = await arrived.get()
                left -= isinstance(message, Finished)
                yield frame(_renumbered(message, theirs))
        finally:
            for number in theirs:
                self._takers.pop(number, None)

    def check_health(self) -> None:
        """Do nothing as long as there is progress.

        Raises:
            RuntimeError: A batch hangs, and with it whatever comes after: replace this replica.
        """
        silent = time.monotonic() - self._progress
        if self._takers and silent > self._hang_after:
            raise RuntimeError(f"The worker has made no progress for {silent:.0f} s")

    def _admit(self, number: int, take: Callable[[FromWorker], None]) -> None:
        self._takers[number] = take

    def _take(self, message: FromWorker) -> None:
        """Hand a message of the worker's to its bot; called on the worker's threads."""
        self._progress = time.monotonic()
        if take := self._takers.get(_number(message)):
            take(message)

    def _run_batches(self) -> None:
        """Run batches as long as the device does; without it another process has to."""
        try:
            self._worker.run_batches()
        except Exception:  # noqa: BLE001 - the device failed: whatever is asked of it fails, too
            _log.exception("The device failed")
        leave(1)


def _number(message: FromWorker) -> int:
    match message:
        case Started(batch=number) | Deferred(id=number) | Finished(id=number):
            return number
        case Working(ids=(number, *_)):
            return number
        case _:
            return 0


def _renumbered(message: FromWorker, theirs: dict[int, int]) -> FromWorker:
    match message:
        case Started(batch=number):
            return Started(batch=theirs[number])
        case Deferred(id=number) | Finished(id=number):
            return structs.replace(message, id=theirs[number])
        case Working(ids=ids):
            return Working(ids=tuple(theirs[number] for number in ids))
        case _:
            return message


def _counted(tasks: TaskRunner, before: Ready | StartFailed) -> Ready | StartFailed:
    try:
        return tasks.recount()
    except JobError:  # nothing is ready any more
        return before
