"""A worker's loop: jobs in, batches run, answers out.

Owns which thread does what to a picture. Pictures are decoded as they arrive, in processes of their
own (`models.images`), and kept only as small as the networks want them, so the next batch is
decoded, and answers of the last one are encoded, while this one runs. Nobody's picture holds up
the others: a batch takes those that are decoded in a moment, one that takes longer follows later,
alone; a generator's work makes room for what is quick, see `models.worker.slices`; and people take
turns.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Protocol, TypeAlias

from models.images.decoder import NICE
from models.images.decoder_pool import QUICK, SLOW, WRITING, Lane, in_lane
from models.images.memory import give_back
from models.images.perform import Slow
from models.jobs.answers import Answer, Failure
from models.jobs.base import say
from models.jobs.control import (
    CancelJob,
    Deferred,
    Finished,
    FromWorker,
    Ready,
    Recount,
    Run,
    Started,
    Submit,
    ToWorker,
    Working,
)
from models.jobs.errors import JobError
from models.jobs.log_context import working_for
from models.jobs.requests import Job, Request
from models.runtime.progress import INTERVAL, heard_by
from models.tasks.base import Done, Prepared, makes_room, parts
from models.worker.fair_threads import FairThreads
from models.worker.slices import SLICE, Slice, Slices

_log = logging.getLogger(__name__)

GRACE = 0.15
"""Seconds that a batch waits for pictures, once it keeps decoded ones or another batch waiting."""
_LOOK = 0.05
"""Seconds between two looks at what has come meanwhile."""
MOST_LATE = 16
"""With so many that come later, a batch waits for all of its own: each is held in memory."""

SHARE = 3.0
"""While others wait, work that is set aside has a slice whenever they had so many times as much."""
MOST_ASIDE = 4
"""So much work is set aside for what is quick; each may hold a gigabyte."""

_Picture: TypeAlias = Future[Prepared | Failure]
_Batch: TypeAlias = tuple[int | None, Mapping[int, _Picture]]
"""Its number, None for one of a late picture alone; then its pictures by their jobs' numbers."""
_Present: TypeAlias = Callable[[], Answer | Failure]
_LOST = Failure(
    code="model_failed", sentence=say("I lost track of this picture. Please send it again.")
)


@dataclass(eq=False)
class _Part:
    """Jobs that a network sees at once, and the work on them. `late` is told of them already."""

    jobs: dict[int, Request[Answer]]
    late: bool
    work: Slice


class TaskRunner(Protocol):
    """What a worker needs of its tasks: `models.worker.tasks.Tasks` or `hub.HubTasks`."""

    def ready(self) -> Ready:
        """Warm up and tell what there is."""

    def recount(self) -> Ready:
        """Tell what there is now; safe on any thread."""

    def prepare(self, job: Job) -> Prepared | Failure:
        """Decode the picture of `job`; safe on any thread."""

    def run(self, part: Sequence[Prepared | Failure]) -> Iterable[Done]:
        """Return what became of each of `part`, in its order."""


class Worker:
    """Turns messages into answers: `handle` on the reading thread, `run_batches` on another."""

    def __init__(self, tasks: TaskRunner, send: Callable[[FromWorker], None]) -> None:
        self._tasks = tasks
        self._send = send
        self._lanes = {
            lane: FairThreads(lane.decoders, "pixels", _lower_priority)
            for lane in (QUICK, WRITING, SLOW)
        }
        self._jobs: dict[int, Request[Answer]] = {}  # without their pictures
        self._waiting: dict[int, _Picture] = {}
        self._late: dict[int, _Picture] = {}
        self._held: dict[int, _Picture] = {}
        self._aside: deque[_Part] = deque()
        self._now: _Part | None = None
        self._owed = 0.0  # seconds that others had since what is set aside had a slice
        self._parts_left = 0
        self._slices = Slices(self._is_something_wanted)
        self._batches: SimpleQueue[_Batch | None] = SimpleQueue()
        self._at_work: tuple[int, ...] = ()
        self._told = 0.0

    def handle(self, message: ToWorker) -> None:
        """Take in one message; never waits for a picture or a network."""
        match message:
            case Submit(id=key, job=job):
                self._jobs[key] = Request(question=job.question, requester=job.requester)
                picture: _Picture = Future()
                self._waiting[key] = picture
                self._decode_in(QUICK, job, picture)
            case CancelJob(id=key):
                self._jobs.pop(key, None)
                for pictures in (self._waiting, self._late, self._held):
                    if (forgotten := pictures.pop(key, None)) is not None:
                        forgotten.cancel()
                for part in (*self._aside.copy(), self._now):
                    if part is not None and key in part.jobs:
                        part.work.stopped = True
            case Run(batch=number, ids=ids):
                self._batches.put((number, {key: self._submitted(key) for key in ids}))
            case Recount():
                self._lanes[QUICK].submit(None, self._recount)

    def close(self) -> None:
        """Let `run_batches` return after the batches it already has."""
        self._batches.put(None)

    def run_batches(self) -> None:
        """Run batches in the order they were asked for, until `close` and all are answered."""
        with heard_by(self._progress, self._slices.make_room):
            closing = False
            while not closing or self._late or self._aside or not self._batches.empty():
                if self._aside and (self._batches.empty() or self._owed >= SHARE * SLICE):
                    self._owed = 0.0
                    self._run_part(self._aside.popleft())
                elif (batch := self._batches.get()) is None:
                    closing = True
                else:
                    begun = time.monotonic()
                    self._run_batch(*batch)
                    self._owed += time.monotonic() - begun
        for lane in self._lanes.values():
            lane.close()

    def _submitted(self, key: int) -> _Picture:
        picture = self._waiting.pop(key, None)
        if picture is None:
            _log.error("A batch names a job that was never submitted or was forgotten")
            picture = Future()
            picture.set_result(_LOST)
        return picture

    def _run_batch(self, number: int | None, pictures: Mapping[int, _Picture]) -> None:
        if number is not None:
            self._send(Started(batch=number))
            self._told = time.monotonic()
            self._wait_for(pictures.values())
        late = number is None
        decoded: dict[int, Prepared | Failure] = {}
        for key, picture in pictures.items():
            if self._waits_for_own(key):
                self._hold(key, picture, late=late)
            elif picture.done():
                decoded[key] = picture.result()
            else:
                self._put_off(key, picture, late=late)
        order, batch = [*decoded], [*decoded.values()]
        split = parts(batch)
        for self._parts_left, places in zip(reversed(range(len(split))), split, strict=True):
            keys, items = [order[at] for at in places], [batch[at] for at in places]
            jobs = {key: self._jobs.pop(key, Request()) for key in keys}
            if makes_room(items):
                work = self._slices.of(partial(self._run, jobs, items))
                self._run_part(_Part(jobs, late, work))
            else:
                self._at_work = tuple(jobs)
                self._run(jobs, items)

    def _wait_for(self, pictures: Collection[_Picture]) -> None:
        """Wait until they are decoded; where that keeps others waiting, only for a moment.

        Those that aren't decoded by then can come later, unless too many do already.
        """
        end: float | None = None
        while undecoded := [picture for picture in pictures if not picture.done()]:
            if len(undecoded) < len(pictures) or not self._batches.empty():
                end = end or time.monotonic() + GRACE
            room = len(self._late) + len(undecoded) <= MOST_LATE
            if room and end is not None and time.monotonic() >= end:
                return
            wait(undecoded, _LOOK, FIRST_COMPLETED)
            self._progress()

    def _run_part(self, part: _Part) -> None:
        """Begin with `part`, or go on with it; set it aside where it makes room."""
        self._now, self._at_work = part, tuple(part.jobs)
        part.work.run()
        self._now, self._at_work = None, ()
        if part.work.done:
            if part.late:
                give_back()
            self._release({job.requester for job in part.jobs.values()})
            return
        if not part.late:
            part.late = True
            for key in part.jobs:
                self._send(Deferred(id=key))
        self._aside.append(part)

    def _is_something_wanted(self) -> bool:
        """Tell whether work that may be set aside is to be: there is other, and room beside it."""
        waits = self._parts_left > 0 or not self._batches.empty()
        return waits and len(self._aside) < MOST_ASIDE

    def _waits_for_own(self, key: int) -> bool:
        """Tell whether somebody's earlier work is set aside: then this follows that."""
        person = self._jobs.get(key, Request()).requester
        return person is not None and any(
            job.requester == person for part in self._aside for job in part.jobs.values()
        )

    def _hold(self, key: int, picture: _Picture, *, late: bool) -> None:
        self._held[key] = picture
        if not late:
            self._send(Deferred(id=key))

    def _release(self, people: Collection[int | None]) -> None:
        for key, picture in self._held.copy().items():
            theirs = self._jobs.get(key, Request()).requester in people
            if theirs and self._held.pop(key, None) is not None:
                self._batches.put((None, {key: picture}))

    def _run(
        self, jobs: Mapping[int, Request[Answer]], batch: Sequence[Prepared | Failure]
    ) -> None:
        self._tell_working()
        with working_for([job.question for job in jobs.values()]):
            _log.debug("Running a batch of %d", len(batch))
            done = self._tasks.run(batch)
            for (key, job), answer in zip(jobs.items(), done, strict=True):
                if callable(answer):
                    self._finish_in(WRITING, key, job, answer)
                else:
                    self._send(Finished(id=key, result=answer))

    def _progress(self) -> None:
        """Tell of a sign of life, unless the last one was told a moment ago."""
        if time.monotonic() - self._told >= INTERVAL:
            with contextlib.suppress(BrokenPipeError):  # the bot's end ends this process anyway
                self._tell_working()

    def _tell_working(self) -> None:
        self._told = time.monotonic()
        self._send(Working(ids=self._at_work))

    def _put_off(self, key: int, picture: _Picture, *, late: bool) -> None:
        """Let a picture that takes long follow in a batch of its own."""

        def follow(_: _Picture) -> None:
            if self._late.pop(key, None) is not None:
                self._batches.put((None, {key: picture}))

        self._late[key] = picture
        if not late:
            self._send(Deferred(id=key))
        picture.add_done_callback(follow)

    def _decode_in(self, lane: Lane, job: Job, picture: _Picture) -> None:
        self._lanes[lane].submit(job.requester, partial(self._decode, lane, job, picture))

    def _decode(self, lane: Lane, job: Job, picture: _Picture) -> None:
        """Decode `picture`, unless nobody waits for it; in the slow lane if this one can't."""
        if picture.cancelled():
            return
        try:
            with in_lane(lane), working_for([job.question]):
                _log.debug("Preparing a %s of %d bytes", type(job).__name__, len(job.picture))
                prepared = self._tasks.prepare(job)
        except Slow:
            self._decode_in(SLOW, job, picture)
            return
        except Exception:  # noqa: BLE001 - whatever it was, the batch's other pictures go on
            _log.exception("A job could not be prepared")
            prepared = _LOST
        if picture.set_running_or_notify_cancel():
            picture.set_result(prepared)

    def _recount(self) -> None:
        try:
            self._send(self._tasks.recount())
        except JobError as error:
            _log.warning("Nothing is ready any more: %s", error)
        except BrokenPipeError:
            _log.info("The bot is gone")

    def _finish_in(self, lane: Lane, key: int, job: Request[Answer], present: _Present) -> None:
        self._lanes[lane].submit(job.requester, partial(self._finish, lane, key, job, present))

    def _finish(self, lane: Lane, key: int, job: Request[Answer], present: _Present) -> None:
        with in_lane(lane), working_for([job.question]):
            try:
                self._send(Finished(id=key, result=present()))
            except Slow:
                self._finish_in(SLOW, key, job, present)
            except BrokenPipeError:
                _log.info("The bot is gone")


def _lower_priority() -> None:
    """Let this thread have what the networks leave of the processor, as far as Linux knows threads.

    A network's threads wait for the slowest among them, so one that shares its core holds up all.
    """
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):  # a sandbox may forbid the very call
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
