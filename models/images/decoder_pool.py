"""The decoders of a worker: processes that a bad file can take along, and nothing else with them.

Owns how many there are, what each may use, and their ends. Lanes keep a slow file from those behind
it: what needs more than the quick lane grants is told so (`Slow`) and done again in the slow lane,
one file at a time, with all that a decoder ever gets; a file that needs more than that is refused
with a sentence. Writing answers has a lane of its own.
"""

import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from queue import LifoQueue

import msgspec
import psutil

from models.images.decode import MAX_PIXELS, TOO_SLOW, DecodeError
from models.images.decoder import Outcome, TooMuch, write
from models.images.perform import Slow
from models.images.pixel_jobs import Paint, PaintTwice, PixelAnswer, PixelJob
from models.jobs.answers import Failure
from models.jobs.base import say

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lane:
    """So many decoders, and what one job may use of each.

    That is address space, processor seconds, and pixels by the file's header.
    """

    decoders: int
    memory_mib: int
    seconds: float
    pixels: int


QUICK = Lane(decoders=2, memory_mib=512, seconds=0.7, pixels=16_000_000)
"""Twelve million pixels of a JPEG take a fifth of its seconds."""
WRITING = Lane(decoders=2, memory_mib=512, seconds=5.0, pixels=16_000_000)
SLOW = Lane(decoders=1, memory_mib=1024, seconds=8.0, pixels=MAX_PIXELS)
"""Holds 64 million pixels of any mode. It is one, so that two such pictures never meet."""


@dataclass(frozen=True)
class Ended:
    """A decoder was ended, or ended by itself, over a file."""


_PATIENCE = 4.0
"""A decoder may take so many times its processor seconds by the clock, on a busy machine."""
_LEAST_PATIENCE = 30.0
_LOOK = 0.05
"""Seconds between two looks at what a busy decoder has used."""

_TOO_MUCH = say(
    "This picture's file unpacks to more than I can hold: save it smaller, as a JPEG or PNG, and "
    "send that."
)
_answers: msgspec.msgpack.Decoder[Outcome] = msgspec.msgpack.Decoder(Outcome)
_encode = msgspec.msgpack.Encoder().encode
_in_slow_lane: ContextVar[bool] = ContextVar("slow lane", default=False)


@contextlib.contextmanager
def in_lane(lane: Lane) -> Iterator[None]:
    """Do the pixel jobs of this thread in `lane`; in `SLOW` they have all a decoder ever gets."""
    token = _in_slow_lane.set(lane is SLOW)
    try:
        yield
    finally:
        _in_slow_lane.reset(token)


class DecoderPool:
    """Does pixel jobs in processes of their own. Safe on any thread; close it when done."""

    def __init__(self, quick: Lane = QUICK, writing: Lane = WRITING, slow: Lane = SLOW) -> None:
        self._quick, self._writing, self._slow = map(_Crew, (quick, writing, slow))
        self._quick.warm_up()

    def __call__(self, job: PixelJob) -> PixelAnswer:
        """Do `job`.

        Raises:
            Slow: It needs more than the quick lane grants; not raised within `SLOW`.
            DecodeError: The file can't be read, or not within all that a decoder may use.
        """
        last = _in_slow_lane.get()
        quick = self._writing if isinstance(job, Paint | PaintTwice) else self._quick
        told = (self._slow if last else quick).do(_encode(job))
        _log.debug("%s: %s", type(job).__name__, type(told).__name__)
        if isinstance(told, Failure):
            raise DecodeError(told.code, told.sentence)
        if isinstance(told, TooMuch | Ended):
            if not last:
                raise Slow
            raise DecodeError("not_a_picture", TOO_SLOW if told == Ended() else _TOO_MUCH)
        return told

    def close(self) -> None:
        """End every decoder, in the middle of a file as well."""
        for crew in (self._quick, self._writing, self._slow):
            crew.close()


class _Crew:
    """The decoders of one lane; each is started when it is first needed."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        # The one that was busy last is the one whose memory is warm.
        self._idle: LifoQueue[_Decoder | None] = LifoQueue()
        for _ in range(lane.decoders):
            self._idle.put(None)
        self._all: set[_Decoder] = set()

    def warm_up(self) -> None:
        """Start all of them, without waiting."""
        for _ in range(self._lane.decoders):
            self._idle.get()
        for _ in range(self._lane.decoders):
            self._idle.put(self._start())

    def do(self, job: bytes) -> Outcome | Ended:
        decoder = self._idle.get()
        try:
            if decoder is None or not decoder.lives:
                decoder = self._start()
            told = decoder.ask(job, self._lane.seconds)
            if isinstance(told, Ended) or told == TooMuch(said=False):
                # After a failed allocation a library may be in any state.
                self._end(decoder)
                decoder = None
            return told
        finally:
            self._idle.put(decoder)

    def close(self) -> None:
        for decoder in list(self._all):
            decoder.end()

    def _start(self) -> "_Decoder":
        decoder = _Decoder(self._lane)
        self._all.add(decoder)
        return decoder

    def _end(self, decoder: "_Decoder") -> None:
        self._all.discard(decoder)
        decoder.end()


class _Decoder:
    """One process; a thread at a time asks it."""

    def __init__(self, lane: Lane) -> None:
        command = [sys.executable, "-m", "models.images.decoder"]
        command += ["--memory-mib", str(lane.memory_mib), "--most-pixels", str(lane.pixels)]
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self._usage = psutil.Process(self._process.pid)

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: bytes, seconds: float) -> Outcome | Ended:
        """Return what becomes of `job`, which ends the process after `seconds` of its time."""
        answered = threading.Event()
        watch = threading.Thread(target=self._watch, args=(answered, seconds), name="watch decoder")
        watch.start()
        try:
            write(self._input, job)
            prefix = self._output.read(4)
            body = self._output.read(length := int.from_bytes(prefix, "big"))
        except OSError:
            return Ended()
        finally:
            answered.set()
            watch.join()
        return _answers.decode(body) if len(prefix) == 4 and len(body) == length else Ended()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._input, self._output):
            with contextlib.suppress(OSError):
                stream.close()

    def _watch(self, answered: threading.Event, seconds: float) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            began, begun = self._used(), time.monotonic()
            patience = max(_LEAST_PATIENCE, _PATIENCE * seconds)
            while not answered.wait(_LOOK):
                if self._used() - began > seconds or time.monotonic() - begun > patience:
                    self._process.kill()
                    return

    def _used(self) -> float:
        times = self._usage.cpu_times()
        return float(times.user + times.system)
