"""Threads that take turns among people: nobody's many pictures keep the others waiting.

Owns the order of what waits for a thread. The next one is of anyone who has the fewest running, and
of those the one who was served longest ago, so one person has half of two threads at most while
another waits.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from typing import TypeAlias

Work: TypeAlias = Callable[[], object]

_log = logging.getLogger(__name__)


class FairThreads:
    """`count` threads, each of which calls `begin` first. They end with the process, or `close`."""

    def __init__(self, count: int, name: str, begin: Work) -> None:
        self._begin = begin
        # The person who was served longest ago comes first.
        self._waiting: dict[int | None, deque[Work]] = {}
        self._running: Counter[int | None] = Counter()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"{name} {number}", daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, person: int | None, work: Work) -> None:
        """Call `work` when it is the turn of `person`; what it raises is logged."""
        with self._changed:
            self._waiting.setdefault(person, deque()).append(work)
            self._changed.notify()

    def close(self) -> None:
        """Wait until all is done that was submitted, and end the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        self._begin()
        while (turn := self._next()) is not None:
            person, work = turn
            try:
                work()
            except Exception:  # noqa: BLE001 - the thread goes on with the others' work
                _log.exception("A thread's work failed")
            with self._changed:
                self._running[person] -= 1
                if not self._running[person]:
                    del self._running[person]

    def _next(self) -> tuple[int | None, Work] | None:
        """Wait for work and return it with whose it is; None when there is no more."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            person = min(self._waiting, key=self._running.__getitem__)
            works = self._waiting.pop(person)
            work = works.popleft()
            if works:
                self._waiting[person] = works  # behind the others
            self._running[person] += 1
            return person, work
