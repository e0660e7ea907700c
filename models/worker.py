"""The worker process: frames in on standard input, frames out on standard output.

Owns the loop, its threads and the way it starts and ends; `models.tasks` says what is done to a
picture. Pictures are decoded as they arrive, in processes of their own (`models.images`), and kept
only as small as the networks want them; one thread runs the networks, so the next batch is decoded,
and answers of the last one are encoded, while this one runs. A batch takes the pictures that are
decoded: one whose file takes long follows later, alone.
The process ends when its standard input ends, also in the middle of a batch.
"""

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol, TypeAlias

import torch

from models.asked import FORMAT, Asked, working_for
from models.catalog import Catalog, catalog
from models.cores import quota
from models.decode import guard_process
from models.images.decoder import NICE
from models.images.decoder_pool import QUICK, SLOW, WRITING, DecoderPool, slow_lane
from models.images.perform import Slow
from models.inference import DTYPES, DeviceError, device_for, is_fast
from models.jobs import (
    Answer,
    Deferred,
    Failure,
    Finished,
    Forget,
    FromWorker,
    Job,
    Ready,
    Recount,
    Run,
    Started,
    Submit,
    ToWorker,
    Unready,
    Working,
    say,
)
from models.pipe import Pipe, claim_pipe, leave
from models.progress import INTERVAL, heard_by
from models.tasks import Done, Prepared, Tasks, at_once
from models.weights import Shelf

_log = logging.getLogger(__name__)

_NO_UNITS = (
    "The device %s has no units for %s, so it is many times slower than float32."
    " Unset BOBBY_PRECISION."
)

_GRACE = 1.0
"""Seconds that a running batch gets to end by itself once the input has ended."""

_Prepared: TypeAlias = Future[Prepared | Failure]
_Attempt: TypeAlias = Future[Prepared | Failure | _Prepared]
"""Ends with the future of the second attempt where the first one would have taken too long."""
_Batch: TypeAlias = tuple[int | None, Sequence[int], Sequence[_Attempt | _Prepared | None]]
"""Its number, None for one of late pictures alone; then the jobs' numbers and their pictures."""
_LOST = Failure(
    code="model_failed", sentence=say("This picture got lost on the way: send it again.")
)


class Answering(Protocol):
    """What a worker needs of its tasks; `models.tasks.Tasks` and `models.hub.HubTasks` are it."""

    def ready(self) -> Ready | Failure:
        """Warm up and tell what there is."""

    def recount(self) -> Ready | Failure:
        """Tell what there is now; safe on any thread."""

    def prepare(self, job: Job) -> Prepared | Failure:
        """Decode the picture of `job`; safe on any thread."""

    def run(self, batch: Sequence[Prepared | Failure]) -> Iterator[Done]:
        """Yield what became of each of `batch`, in its order."""


class Worker:
    """Turns messages into answers: `handle` on the reading thread, `run_batches` on another."""

    def __init__(self, tasks: Answering, send: Callable[[FromWorker], None]) -> None:
        self._tasks = tasks
        self._send = send
        self._lanes = {
            lane: ThreadPoolExecutor(lane.decoders, "pixels", initializer=_stand_back)
            for lane in (QUICK, WRITING, SLOW)
        }
        self._waiting: dict[int, _Attempt] = {}
        self._late: dict[int, _Prepared] = {}
        self._questions: dict[int, int | None] = {}
        self._batches: SimpleQueue[_Batch | None] = SimpleQueue()
        self._at_work: tuple[int, ...] = ()
        self._told = 0.0

    def handle(self, message: ToWorker) -> None:
        """Take in one message; never waits for a picture or a network."""
        match message:
            case Submit(id=key, job=job):
                self._questions[key] = job.question
                self._waiting[key] = self._lanes[QUICK].submit(self._attempt, job)
            case Forget(id=key):
                self._questions.pop(key, None)
                for pictures in (self._waiting, self._late):
                    if (forgotten := pictures.pop(key, None)) is not None:
                        forgotten.cancel()
            case Run(batch=number, ids=ids):
                self._batches.put((number, ids, [self._waiting.pop(key, None) for key in ids]))
            case Recount():
                self._lanes[QUICK].submit(self._recount)

    def close(self) -> None:
        """Let `run_batches` return after the batches it already has."""
        self._batches.put(None)

    def run_batches(self) -> None:
        """Run batches in the order they were asked for, until `close` and all are answered."""
        with heard_by(self._progress):
            while (batch := self._batches.get()) is not None:
                self._run_batch(*batch)
        for lane in self._lanes.values():
            lane.shutdown()

    def _run_batch(
        self,
        number: int | None,
        keys: Sequence[int],
        pictures: Sequence[_Attempt | _Prepared | None],
    ) -> None:
        if number is not None:
            self._send(Started(batch=number))
        decoded: dict[int, Prepared | Failure] = {}
        for key, picture in zip(keys, pictures, strict=True):
            item = self._decoded(picture)
            if isinstance(item, Future):
                self._put_off(key, item)
            else:
                decoded[key] = item
        waiting = iter(decoded)
        for part in at_once(list(decoded.values())):
            self._run([next(waiting) for _ in part], part)

    def _run(self, keys: Sequence[int], batch: Sequence[Prepared | Failure]) -> None:
        questions = [self._questions.pop(key, None) for key in keys]
        self._at_work = tuple(keys)
        self._tell_working()
        with working_for(questions):
            _log.debug("Running a batch of %d", len(batch))
            done = self._tasks.run(batch)
            for key, question, answer in zip(keys, questions, done, strict=True):
                if callable(answer):
                    self._lanes[WRITING].submit(self._finish, key, question, answer)
                else:
                    self._send(Finished(id=key, result=answer))
        self._at_work = ()

    def _progress(self) -> None:
        """Tell of a sign of life, unless the last one was told a moment ago."""
        if time.monotonic() - self._told >= INTERVAL:
            with contextlib.suppress(BrokenPipeError):  # the bot's end ends this process anyway
                self._tell_working()

    def _tell_working(self) -> None:
        self._told = time.monotonic()
        self._send(Working(ids=self._at_work))

    def _decoded(self, picture: _Attempt | _Prepared | None) -> Prepared | Failure | _Prepared:
        """Wait for a picture, or for word that it takes long.

        What was never submitted, or broke the decoder, is a failure.
        """
        if picture is None:
            _log.error("A batch names a job that was never submitted or was forgotten")
            return _LOST
        there = threading.Event()
        picture.add_done_callback(lambda _: there.set())
        while not there.wait(INTERVAL):
            self._progress()
        try:
            return picture.result()
        except Exception:  # noqa: BLE001 - whatever it was, the batch's other pictures go on
            _log.exception("A job could not be prepared")
            return _LOST

    def _put_off(self, key: int, picture: _Prepared) -> None:
        """Let a picture that takes long follow in a batch of its own."""

        def follow(done: _Prepared) -> None:
            if self._late.pop(key, None) is not None:
                self._batches.put((None, [key], [done]))

        self._late[key] = picture
        self._send(Deferred(id=key))
        picture.add_done_callback(follow)

    def _attempt(self, job: Job) -> Prepared | Failure | _Prepared:
        try:
            return self._prepare(job)
        except Slow:
            _log.info("A file of %d bytes takes long to read", len(job.picture))
            return self._lanes[SLOW].submit(self._prepare_slowly, job)

    def _prepare_slowly(self, job: Job) -> Prepared | Failure:
        with slow_lane():
            return self._prepare(job)

    def _prepare(self, job: Job) -> Prepared | Failure:
        with working_for([job.question]):
            _log.debug("Preparing a %s of %d bytes", type(job).__name__, len(job.picture))
            return self._tasks.prepare(job)

    def _recount(self) -> None:
        stock = self._tasks.recount()
        if isinstance(stock, Failure):
            _log.warning("Nothing is ready any more: %s", stock.sentence)
            return
        try:
            self._send(stock)
        except BrokenPipeError:
            _log.info("The bot is gone")

    def _finish(
        self, key: int, question: int | None, present: Callable[[], Answer | Failure]
    ) -> None:
        with working_for([question]):
            try:
                self._send(Finished(id=key, result=present()))
            except Slow:
                self._lanes[SLOW].submit(self._finish_slowly, key, question, present)
            except BrokenPipeError:
                _log.info("The bot is gone")

    def _finish_slowly(
        self, key: int, question: int | None, present: Callable[[], Answer | Failure]
    ) -> None:
        with slow_lane():
            self._finish(key, question, present)


def _stand_back() -> None:
    """Let this thread have what the networks leave of the processor, as far as Linux knows threads.

    A network's threads wait for the slowest among them, so one that shares its core holds up all.
    """
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):  # a sandbox may forbid the very call
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


def serve(pipe: Pipe, make: Callable[[], Answering]) -> int:
    """Start, say ready or why not, answer until the input ends; return the exit status."""
    arrivals: SimpleQueue[Worker | None] = SimpleQueue()
    threading.Thread(target=_read, args=(pipe, arrivals), name="read", daemon=True).start()
    tasks, message = started(make)
    pipe.send(message)
    if tasks is None:
        return 1
    worker = Worker(tasks, pipe.send)
    arrivals.put(worker)
    try:
        worker.run_batches()
    except BrokenPipeError:
        _log.info("The bot is gone")
    except torch.AcceleratorError:
        # Whatever is asked of the device from now on fails, too: another process can use it anew.
        _log.exception("The device failed")
        return 1
    return 0


def _read(pipe: Pipe, arrivals: "SimpleQueue[Worker | None]") -> None:
    """Hand every message to the worker once there is one; end the process with the input."""
    worker: Worker | None = None
    try:
        while (message := pipe.receive()) is not None:
            worker = worker or arrivals.get()
            if worker is not None:
                worker.handle(message)
    except Exception:  # noqa: BLE001 - nothing after it could be understood
        _log.exception("The stream from the bot is corrupt")
    if worker is not None:
        worker.close()
        threading.Event().wait(_GRACE)
    leave(0)


def started(make: Callable[[], Answering]) -> tuple[Answering | None, Ready | Unready]:
    """Make the tasks and warm them up; return them, if that went well, and what the bot is told."""
    try:
        tasks = make()
        ready = tasks.ready()
    except DeviceError as error:
        return None, Unready(reason=str(error))
    except Exception as error:  # noqa: BLE001 - the operator gets the reason, the log the rest
        _log.exception("The warm-up failed")
        return None, Unready(reason=f"The default model failed its warm-up: {error}")
    if isinstance(ready, Failure):
        return None, Unready(reason=str(ready.sentence))
    return tasks, ready


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read a worker's command line; None is this process's own."""
    parser = argparse.ArgumentParser(prog="python -m models.worker", description=__doc__)
    parser.add_argument("--default-model", default="resnet101", metavar="NAME")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda[:N]|mps")
    parser.add_argument("--precision", default="float32", choices=list(DTYPES))
    parser.add_argument("--cache", type=Path, metavar="DIR")
    parser.add_argument("--threads", type=int, metavar="N", help="threads within one operation")
    parser.add_argument("--log-level", default="INFO", metavar="LEVEL")
    return parser.parse_args(arguments)


def main(
    arguments: Sequence[str] | None = None, classifiers: Callable[[], Catalog] = catalog
) -> None:
    """Be the worker process, for `classifiers` beside the other tasks; does not return."""
    pipe = claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the bot decides
    options = options_of(arguments)
    set_up(options)
    leave(serve(pipe, partial(tasks_of, options, classifiers)))


def set_up(options: argparse.Namespace) -> None:
    """Prepare this process: what it logs, how strict Pillow is, how many threads torch has."""
    logs = logging.StreamHandler(sys.stderr)
    logs.addFilter(Asked())
    logging.basicConfig(level=options.log_level, format=FORMAT, handlers=[logs])
    guard_process()
    usable = options.threads or min(torch.get_num_threads(), quota() or torch.get_num_threads())
    torch.set_num_threads(usable)


def tasks_of(options: argparse.Namespace, classifiers: Callable[[], Catalog] = catalog) -> Tasks:
    """Return the tasks that `options` describe.

    Raises:
        DeviceError: The device is not here.
    """
    device, precision = device_for(options.device), options.precision
    if not is_fast(precision, device):
        _log.warning(_NO_UNITS, device, precision)
    default = options.default_model
    do = DecoderPool()
    return Tasks(Shelf(options.cache), device, default, precision, classifiers(), do=do)


if __name__ == "__main__":
    main()
