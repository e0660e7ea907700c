"""Long work in slices, so that what is quick passes it.

Owns the threads that networks run on, of which one at a time runs: a network is no faster beside
another, and what the tasks share is not made for two. Work that says now and then that it may be
interrupted is, once it has run for a slice and something else is wanted, and goes on from there.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

Work: TypeAlias = Callable[[], object]

SLICE = 0.1
"""Seconds that work runs before it makes room: what is quick is done by then."""


class Slice:
    """A piece of work on a thread of its own, which runs as long as `run` does.

    Once it is `stopped`, which any thread may say, it ends where it made room instead of going on.
    """

    def __init__(self, thread: "_Thread", work: Work) -> None:
        self._thread = thread
        self.work = work
        self.done = False
        self.stopped = False

    def run(self) -> None:
        """Begin with the work, or go on with it, until it is done or makes room.

        Raises:
            BaseException: Whatever the work raised.
        """
        self._thread.run(self)
        self.done = self._thread.idle
        if (error := self._thread.error) is not None:
            self._thread.error = None
            if not isinstance(error, _Stopped):
                raise error


class Slices:
    """Begins work. `wanted` tells whether there is something else to do."""

    def __init__(self, wanted: Callable[[], bool]) -> None:
        self._wanted = wanted
        self._threads: list[_Thread] = []

    def of(self, work: Work) -> Slice:
        """Return `work`, to be run."""
        thread = next((one for one in self._threads if one.idle), None)
        if thread is None:
            self._threads.append(thread := _Thread())
        thread.idle = False
        return Slice(thread, work)

    def make_room(self) -> None:
        """Let something else be done first, if there is any and the slice is over.

        Called within work, on its thread; anywhere else it does nothing.
        """
        own = threading.get_ident()
        for thread in self._threads:
            if thread.ident == own and thread.ran >= SLICE and self._wanted():
                thread.wait()


class _Stopped(BaseException):
    """Nobody waits for this work any more. No error, so that nobody makes an answer of it."""


class _Thread:
    """Runs pieces of work one after the other, each when it is told to go on."""

    def __init__(self) -> None:
        self.idle = True
        self.error: BaseException | None = None
        self._piece: Slice | None = None
        self._went_on = 0.0
        self._go_on, self._went = threading.Semaphore(0), threading.Semaphore(0)
        thread = threading.Thread(target=self._loop, name="networks", daemon=True)
        thread.start()
        self.ident = thread.ident

    @property
    def ran(self) -> float:
        """Seconds since it went on."""
        return time.monotonic() - self._went_on

    def run(self, piece: Slice) -> None:
        """Begin with `piece`, or go on with it; wait until it is done or waits."""
        self._piece = piece
        self._went_on = time.monotonic()
        self._go_on.release()
        self._went.acquire()

    def wait(self) -> None:
        """Wait, on this very thread, until it is told to go on."""
        self._went.release()
        self._go_on.acquire()
        if self._piece is not None and self._piece.stopped:
            raise _Stopped

    def _loop(self) -> None:
        while True:
            self._go_on.acquire()
            assert self._piece is not None
            try:
                self._piece.work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the work is run
                self.error = error
            self._piece = None
            self.idle = True
            self._went.release()
