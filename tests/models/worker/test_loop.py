"""The worker's loop in this process: whom a line is for, which thread does what, how it ends."""

import argparse
import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch

from models.images.decoder_pool import _in_slow_lane
from models.images.perform import Slow
from models.jobs.answers import Failure
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
    StartFailed,
    Submit,
    ToWorker,
    Working,
)
from models.jobs.errors import JobError
from models.jobs.log_context import FORMAT, Asked, working_for
from models.jobs.requests import Classify, Job
from models.jobs.wire import frame
from models.runtime.device import DeviceError
from models.tasks.base import Done, Prepared
from models.worker import loop
from models.worker.loop import Worker
from models.worker.pipe import Pipe
from models.worker.process import options_of, serve, started
from tests.bot.executor.answers import READY, labels

log = logging.getLogger(__name__)
SAD = Failure(code="model_failed", sentence=say("This model is not here."))


class Toy:
    """Tasks without a network: what cannot be prepared is answered at once, the rest later."""

    def __init__(self) -> None:
        self.stock: Ready | Failure = READY
        self.prepared: list[Job] = []
        self.niceness: dict[str, int] = {}
        self.hold = threading.Event()
        self.hold.set()
        self.slowly = threading.Event()

    def ready(self) -> Ready:
        """Be what the test says."""
        if isinstance(self.stock, Failure):
            raise JobError(self.stock.code, self.stock.sentence)
        return self.stock

    def recount(self) -> Ready:
        """Be what the test says."""
        return self.ready()

    def prepare(self, job: Job) -> Prepared | Failure:
        """Raise for "broken", else fail."""
        self.hold.wait(10)
        self._here("prepare")
        self.prepared.append(job)
        if job.picture == b"slow":
            if not _in_slow_lane.get():
                raise Slow
            assert self.slowly.wait(30)
        if job.picture == b"broken":
            raise ZeroDivisionError("a decoder's fault")
        return SAD

    def run(self, batch: Sequence[Prepared | Failure]) -> Iterator[Done]:
        """Leave each to be presented."""
        self._here("run")
        for item in batch:
            assert isinstance(item, Failure)
            yield self._present if item is SAD else item

    def _present(self) -> Failure:
        self._here("present")
        return SAD

    def _here(self, deed: str) -> None:
        log.info("%s", deed)
        self.niceness[deed] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def through(
    toy: Toy, *messages: ToWorker, send: Callable[[FromWorker], None] | None = None
) -> list[FromWorker]:
    """Return what a worker tells of `messages`, unless `send` takes it."""
    told: list[FromWorker] = []
    worker = Worker(toy, send or told.append)
    for message in messages:
        worker.handle(message)
    worker.close()
    worker.run_batches()
    return told


def test_a_picture_that_takes_long_follows_alone() -> None:
    """Its batch goes on without it, and says so; one that nobody waits for any more is dropped."""
    told: list[FromWorker] = []
    toy = Toy()

    def send(message: FromWorker) -> None:
        told.append(message)
        match message:
            case Finished(id=2):
                toy.slowly.set()
            case Finished(id=1):
                worker.close()

    worker = Worker(toy, send)
    for message in (submit(1, b"slow"), submit(2), submit(3, b"slow"), Run(batch=7, ids=(1, 2))):
        worker.handle(message)
    worker.handle(CancelJob(id=3))
    worker.run_batches()
    on_a_busy_machine = (Deferred(id=2), Working(ids=()))
    usual = [one for one in told if one not in on_a_busy_machine]
    assert usual[:3] == [Started(batch=7), Deferred(id=1), Working(ids=(2,))]
    assert [one.id for one in told if isinstance(one, Finished)] == [2, 1]
    assert Working(ids=(1,)) in usual[3:]
    assert not any(isinstance(one, Started) for one in told[1:])


def test_a_late_picture_that_nobody_waits_for_any_more_is_dropped() -> None:
    """Once its batch went on without it."""
    told: list[FromWorker] = []
    toy = Toy()

    def send(message: FromWorker) -> None:
        told.append(message)
        if message == Finished(id=2, result=SAD):
            worker.handle(CancelJob(id=1))
            toy.slowly.set()
            worker.close()

    worker = Worker(toy, send)
    for message in (submit(1, b"slow"), submit(2), Run(batch=7, ids=(1, 2))):
        worker.handle(message)
    worker.run_batches()
    assert [one.id for one in told if isinstance(one, Finished)] == [2]


def test_a_batch_waits_where_too_many_are_late_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is late is held in memory, so there is a bound on it."""
    monkeypatch.setattr(loop, "MOST_LATE", 1)
    told: list[FromWorker] = []
    toy = Toy()

    def send(message: FromWorker) -> None:
        told.append(message)
        if message == Started(batch=8):
            threading.Timer(2 * loop.GRACE, toy.slowly.set).start()
            worker.close()

    worker = Worker(toy, send)
    for number in (1, 2, 3):
        worker.handle(submit(number, b"slow"))
    worker.handle(Run(batch=7, ids=(1,)))
    worker.handle(Run(batch=8, ids=(2, 3)))
    worker.run_batches()
    assert [one.id for one in told if isinstance(one, Deferred)] == [1]
    assert {one.id for one in told if isinstance(one, Finished)} >= {2, 3}


def submit(number: int, picture: bytes = b"", question: int | None = None) -> Submit:
    """Return the message that job `number` arrives."""
    return Submit(id=number, job=Classify(picture=picture, question=question))


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Return what the tasks log, as a worker writes it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.addFilter(Asked())
    handler.setFormatter(logging.Formatter(FORMAT))
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    yield text
    log.setLevel(level)
    log.removeHandler(handler)


def test_every_line_begins_with_whom_it_is_for(lines: io.StringIO) -> None:
    """In whichever thread: one question each, and all of a batch once."""
    questions = {1: 50, 2: 60, 3: 50, 4: None}
    submits = [submit(number, question=question) for number, question in questions.items()]
    through(Toy(), *submits, Run(batch=1, ids=(1, 2, 3, 4)))
    written = sorted(lines.getvalue().splitlines())
    expected = [f"[50 60] {__name__}: run"]
    for deed in ("prepare", "present"):
        expected += [f"[{one}] {__name__}: {deed}" for one in (50, 50, 60)]
        expected.append(f"{__name__}: {deed}")
    assert written == sorted(expected)


def test_a_thread_works_for_nobody_afterwards(lines: io.StringIO) -> None:
    """Also when the work failed; within, the innermost counts."""
    with contextlib.suppress(ZeroDivisionError), working_for([1]):
        with working_for([2, 2, None]):
            log.info("inner")
        log.info("outer")
        raise ZeroDivisionError
    log.info("after")
    words = [line.replace(f"{__name__}: ", "") for line in lines.getvalue().splitlines()]
    assert words == ["[2] inner", "[1] outer", "after"]


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness there alone")
def test_decoders_stand_back_and_the_networks_do_not() -> None:
    """Pictures are decoded and answers encoded in what the networks leave of the processor."""
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    if own >= 10:
        pytest.skip("These tests stand back as far themselves.")
    toy = Toy()
    through(toy, submit(1), Run(batch=1, ids=(1,)))
    assert toy.niceness["run"] == own
    assert toy.niceness["prepare"] == toy.niceness["present"] > own


def test_all_answers_are_told_before_it_ends() -> None:
    """In order where they are ready at once; a decoder that breaks costs its own picture alone."""
    told = through(Toy(), submit(1), submit(2, b"broken"), submit(3), Run(batch=7, ids=(1, 2, 3)))
    assert told[:2] == [Started(batch=7), Working(ids=(1, 2, 3))]
    answers = {one.id: one.result for one in told[1:] if isinstance(one, Finished)}
    assert answers.keys() == {1, 2, 3}
    assert answers[1] == answers[3] == SAD
    lost = answers[2]
    assert isinstance(lost, Failure)
    assert "lost track of this picture" in str(lost.sentence)


def test_a_picture_that_is_forgotten_in_time_is_never_decoded() -> None:
    """While the decoders are busy with others."""
    toy = Toy()
    toy.hold.clear()
    worker = Worker(toy, lambda _: None)
    for number in range(6):
        worker.handle(submit(number, b"%d" % number))
    worker.handle(CancelJob(id=5))
    toy.hold.set()
    worker.handle(Run(batch=1, ids=(0, 1, 2, 3, 4)))
    worker.close()
    worker.run_batches()
    assert sorted(job.picture for job in toy.prepared) == [b"0", b"1", b"2", b"3", b"4"]


def test_what_is_there_now_is_told_unless_nothing_is(caplog: pytest.LogCaptureFixture) -> None:
    """A bot that hears nothing keeps what it knew; the log says why."""
    toy = Toy()
    assert through(toy, Recount()) == [READY]
    toy.stock = SAD
    assert through(toy, Recount()) == []
    assert "This model is not here." in caplog.text


def test_a_bot_that_is_gone_hurts_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever was to be told; only the batch's own start ends the loop."""

    def send(message: FromWorker) -> None:
        if not isinstance(message, Started | Working):
            raise BrokenPipeError

    with caplog.at_level(logging.INFO):
        through(Toy(), Recount(), submit(1), Run(batch=1, ids=(1,)), send=send)
    assert [record.levelname for record in caplog.records if "gone" in record.message] == [
        "INFO"
    ] * 2


def test_a_start_is_ready_or_says_why_not() -> None:
    """In a sentence for the operator, whatever went wrong."""
    toy = Toy()
    assert started(lambda: toy) == (toy, READY)
    toy.stock = SAD
    assert started(lambda: toy) == (None, StartFailed(reason="This model is not here."))

    def fail(error: Exception) -> Toy:
        raise error

    assert started(lambda: fail(DeviceError("No cuda:99."))) == (
        None,
        StartFailed(reason="No cuda:99."),
    )
    nothing, told = started(lambda: fail(ValueError("odd weights")))
    assert nothing is None
    assert isinstance(told, StartFailed)
    assert told.reason == "The default model failed its warm-up: odd weights"


def test_the_options_are_read_as_they_are_named() -> None:
    """And have defaults that need nothing."""
    assert options_of([]) == argparse.Namespace(
        default_model="resnet101",
        device="auto",
        precision="float32",
        runtime="torch",
        cache=None,
        threads=None,
        log_level="INFO",
    )
    with pytest.raises(SystemExit):
        options_of(["--precision", "float7"])


class Closed(io.BytesIO):
    """The end of a pipe whose other end is closed, once it has been written to."""

    def write(self, framed: bytes, /) -> int:  # type: ignore[override]  # it is only given bytes
        """Take the first frame."""
        if self.getvalue():
            raise BrokenPipeError
        return super().write(framed)


@pytest.mark.parametrize("gone", [True, False])
def test_a_worker_ends_well_without_its_bot_and_ill_without_its_device(*, gone: bool) -> None:
    """Its exit status tells them apart; another worker can use a device again."""
    messages = frame(submit(1)) + frame(Run(batch=1, ids=(1,)))

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if not (read := super().read(size)):
                threading.Event().wait()  # the process would end here
            return read

    class Failing(Toy):
        def run(self, batch: Sequence[Prepared | Failure]) -> Iterator[Done]:
            raise torch.AcceleratorError("CUDA error")

    out = Closed() if gone else io.BytesIO()
    assert serve(Pipe(Endless(messages), out), Failing) == (0 if gone else 1)
    assert out.getvalue().startswith(frame(READY))
    assert (frame(Started(batch=1)) in out.getvalue()) == (not gone)


def test_a_worker_that_can_not_start_says_so_and_fails() -> None:
    """Its only message is the reason."""
    out = io.BytesIO()

    class Waiting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            threading.Event().wait()
            return b""

    def fail() -> Toy:
        raise DeviceError("No cuda:99.")

    assert serve(Pipe(Waiting(), out), fail) == 1
    assert out.getvalue() == frame(StartFailed(reason="No cuda:99."))


def test_two_threads_never_mix_their_frames() -> None:
    """Answers are told by several at once."""

    class Slow(io.BytesIO):
        def write(self, framed: bytes, /) -> int:  # type: ignore[override]  # it is only given bytes
            super().write(framed[:5])
            turn.wait(0.01)
            return super().write(framed[5:])

    turn, out = threading.Event(), Slow()
    pipe = Pipe(io.BytesIO(), out)
    messages = [Finished(id=number, result=labels(str(number))) for number in range(4)]
    threads = [threading.Thread(target=pipe.send, args=(message,)) for message in messages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(frame(message) in out.getvalue() for message in messages)
