"""The worker process as the bot sees it: frames in, frames out, and how it starts and ends."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil
import pytest

from models.jobs.answers import Failure, Labels
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
from models.jobs.requests import Classify
from models.jobs.wire import body_length, frame, from_worker
from models.runtime.device import DeviceError
from models.worker import loop, process
from models.worker.loop import Worker
from models.worker.pipe import Pipe
from models.worker.process import runtime_for
from models.worker.tasks import Tasks
from tests.models.checkpoints import save
from tests.models.images.test_decode import huge_png
from tests.models.pictures import encoded, scene

PICTURE = encoded(scene((200, 150)))


class Child:
    """A worker process and the bot's ends of its pipes."""

    def __init__(
        self, *options: str, code: str = "from models.worker.process import main; main()"
    ) -> None:
        command = [sys.executable, "-c", code, "--device", "cpu", "--threads", "1", *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.log = b""
        self._drain = threading.Thread(target=self._read_log, daemon=True)
        self._drain.start()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        self.log = self.process.stderr.read()

    @property
    def _stdin(self) -> BinaryIO:
        assert isinstance(self.process.stdin, io.BufferedWriter)
        return self.process.stdin

    def send(self, *messages: ToWorker) -> None:
        """Write `messages` to the worker."""
        self._stdin.write(b"".join(frame(message) for message in messages))
        self._stdin.flush()

    def receive(self) -> FromWorker:
        """Return the worker's next message but signs of life; fails when it has ended instead."""
        assert self.process.stdout is not None
        while True:
            prefix = self.process.stdout.read(4)
            assert len(prefix) == 4, "the worker ended"
            message = from_worker(self.process.stdout.read(body_length(prefix)))
            if not isinstance(message, Working):
                return message

    def finished(self) -> Finished:
        """Return the worker's next answer; on a busy machine a picture may leave its batch."""
        while not isinstance(message := self.receive(), Finished):
            assert isinstance(message, Deferred)
        return message

    def end(self) -> int:
        """Close the worker's input and return its exit status."""
        self._stdin.close()
        return self.process.wait(10)

    def close(self) -> None:
        """Make sure that nothing is left of it."""
        self.process.kill()
        self.process.wait()
        self._drain.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    """Return a worker that has said it is ready."""
    child = Child("--cache", str(tmp_path / "bobby"))
    try:
        assert isinstance(child.receive(), Ready)
        yield child
    finally:
        child.close()


def run(child: Child, batch: int, pictures: Sequence[bytes]) -> list[Labels | Failure]:
    """Return the answers to `pictures`, run as one batch."""
    first = 100 * batch
    ids = tuple(range(first, first + len(pictures)))
    submits = [Submit(id=i, job=Classify(picture=p)) for i, p in zip(ids, pictures, strict=True)]
    child.send(*submits, Run(batch=batch, ids=ids))
    assert child.receive() == Started(batch=batch)
    answers = sorted((child.finished() for _ in ids), key=lambda one: one.id)
    assert [a.id for a in answers] == list(ids)
    return [a.result for a in answers if isinstance(a.result, Labels | Failure)]


def test_a_session(child: Child, shared_data: Path) -> None:
    """The dog is found; a bad picture and a bomb in a batch of eight leave six good answers."""
    dog = (shared_data / "bobby.jpg").read_bytes()
    (alone,) = run(child, 1, [dog])
    assert isinstance(alone, Labels)
    assert alone.top[0].label == "golden retriever"
    assert alone.top[0].probability >= 0.90
    assert alone.substitution is None

    before = psutil.Process(child.process.pid).memory_info().rss
    answers = run(child, 2, [dog, dog[:999], dog, dog, huge_png(30_000), dog, dog, dog])
    failures = {i: a.code for i, a in enumerate(answers) if isinstance(a, Failure)}
    assert failures == {1: "damaged_picture", 4: "too_many_pixels"}
    for answer in answers:
        if isinstance(answer, Labels):
            assert answer.batch_size <= 6
            assert [x.label for x in answer.top] == [x.label for x in alone.top]
            assert answer.top[0].probability == pytest.approx(alone.top[0].probability, abs=1e-6)
    assert psutil.Process(child.process.pid).memory_info().rss - before < 200 * 1024**2

    assert child.end() == 0


def test_two_batches_are_in_flight(tmp_path: Path) -> None:
    """The second may be asked for before the first is done; they are answered in order."""
    patient = (
        "import models.worker.loop as loop; loop.GRACE = 60\n"
        "from models.worker.process import main; main()"
    )
    child = Child("--cache", str(tmp_path), code=patient)
    assert isinstance(child.receive(), Ready)
    child.send(
        Submit(id=1, job=Classify(picture=PICTURE)),
        Run(batch=1, ids=(1,)),
        Submit(id=2, job=Classify(picture=PICTURE)),
        Submit(id=3, job=Classify(picture=PICTURE)),
        Run(batch=2, ids=(3, 2)),
    )
    told = [child.receive() for _ in range(5)]
    order = [
        (type(m).__name__, m.batch if isinstance(m, Started) else getattr(m, "id", 0)) for m in told
    ]
    assert order == [
        ("Started", 1),
        ("Finished", 1),
        ("Started", 2),
        ("Finished", 3),
        ("Finished", 2),
    ]
    child.close()


FAULTY = """
import torch
from models.runtime import inference
from models.worker import loop, process

sound = inference.Network.run

def run(self, batch):
    if len(batch) == 3:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    return sound(self, batch)

inference.Network.run = run
process.main()
"""
"""The worker on a device that breaks down over three pictures at once, as no processor would."""


def test_a_device_that_breaks_down_ends_it(tmp_path: Path) -> None:
    """After a GPU's fault whatever the process asks of it fails; another one can use it again."""
    child = Child("--cache", str(tmp_path / "bobby"), code=FAULTY)
    try:
        assert isinstance(child.receive(), Ready)
        assert isinstance(run(child, 1, [PICTURE] * 2)[0], Labels)
        submits = [Submit(id=i, job=Classify(picture=PICTURE)) for i in range(3)]
        child.send(*submits, Run(batch=2, ids=(0, 1, 2)))
        assert child.receive() == Started(batch=2)
        assert child.process.wait(10) == 1
    finally:
        child.close()
    assert b"The device failed" in child.log
    assert b"illegal memory access" in child.log


def test_the_end_of_the_input_ends_it_in_the_middle_of_a_batch(child: Child) -> None:
    """A bot that was killed leaves no worker behind, whatever the worker is doing."""
    large = encoded(scene((6000, 6000)), "PNG", compress_level=1)
    ids = tuple(range(20))
    child.send(*(Submit(id=i, job=Classify(picture=large)) for i in ids), Run(batch=1, ids=ids))
    assert child.receive() == Started(batch=1)
    begun = time.monotonic()
    child.end()
    assert time.monotonic() - begun < 5


def test_the_end_of_the_input_lets_a_running_batch_end(tmp_path: Path) -> None:
    """Within a moment, which is longer here; then it ends by itself."""
    patient = "import models.worker.process as w; w._GRACE = 60; w.main()"
    child = Child("--cache", str(tmp_path), code=patient)
    try:
        assert isinstance(child.receive(), Ready)
        child.send(Submit(id=1, job=Classify(picture=PICTURE)), Run(batch=1, ids=(1,)))
        assert child.end() == 0
        assert isinstance(child.receive(), Started)
        assert child.finished().id == 1
    finally:
        child.close()


def test_an_interrupt_is_for_the_bot(child: Child) -> None:
    """Ctrl-C reaches every process of the terminal; the worker goes on until its input ends."""
    child.process.send_signal(signal.SIGINT)
    (answer,) = run(child, 1, [PICTURE])
    assert isinstance(answer, Labels)
    assert child.end() == 0


def test_a_corrupt_stream_ends_it(child: Child) -> None:
    """Nothing that follows could be understood."""
    assert child.process.stdin is not None
    child.process.stdin.write(b"\xff\xff\xff\xff garbage")
    child.process.stdin.flush()
    assert child.process.wait(10) == 0
    child._drain.join()
    assert b"corrupt" in child.log


def test_stray_prints_go_to_the_log(tmp_path: Path) -> None:
    """Prints of Python, of C and of child processes leave the frames whole."""
    code = (
        "import models.tasks.classify as c\n"
        "import os, subprocess, sys\n"
        "from models.worker.process import main\n"
        "def noisy(*a, old=c.prepare, **k):\n"
        "    print('python says hello', flush=True)\n"
        "    os.write(1, b'C says hello\\n')\n"
        "    subprocess.run([sys.executable, '-c', 'print(\"child says hello\")'], check=True)\n"
        "    return old(*a, **k)\n"
        "c.prepare = noisy\n"
        "main()\n"
    )
    child = Child("--cache", str(tmp_path), code=code)
    try:
        assert isinstance(child.receive(), Ready)
        (answer,) = run(child, 1, [PICTURE])
        assert isinstance(answer, Labels)
        assert child.end() == 0
        child._drain.join()
    finally:
        child.close()
    for speaker in (b"python", b"C", b"child"):
        assert speaker + b" says hello" in child.log


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--device", "cuda:99"), "cuda:99"),
        (("--default-model", "resnet1001"), "Did you mean resnet101"),
    ],
)
def test_a_start_that_can_not_succeed_says_why(options: tuple[str, ...], reason: str) -> None:
    """The reason is one message, and the exit status tells of failure."""
    child = Child(*options)
    try:
        told = child.receive()
        assert isinstance(told, StartFailed)
        assert reason in told.reason
        assert child.process.wait(10) == 1
    finally:
        child.close()


def test_a_failed_warm_up_is_a_failed_start(tmp_path: Path) -> None:
    """A default model that can't run is found out before anyone asks."""
    code = (
        "import models.networks.efficientnet_lite as e\n"
        "from models.worker.process import main\n"
        "def broken(self, x):\n    raise RuntimeError('kernels are missing')\n"
        "e.EfficientNetLite0.forward = broken\n"
        "main()\n"
    )
    child = Child("--cache", str(tmp_path), code=code)
    try:
        told = child.receive()
        assert isinstance(told, StartFailed)
        assert "failed its warm-up" in told.reason
        assert "kernels are missing" in told.reason
        assert child.process.wait(10) == 1
    finally:
        child.close()


def test_importing_it_does_nothing() -> None:
    """No stream is taken, no signal is set, no file is opened: only `main` does that."""
    code = (
        "import signal; before = signal.getsignal(signal.SIGINT)\n"
        "import models.worker.process; print(signal.getsignal(signal.SIGINT) == before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.split() == [b"True"]
    assert done.stderr == b""


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a batch wait for its pictures, however busy the machine is."""
    monkeypatch.setattr(loop, "GRACE", 60)


class Bench:
    """A worker in this process, with its answers in a list."""

    def __init__(self, tasks: Tasks) -> None:
        self.told: list[FromWorker] = []
        self.worker = Worker(tasks, self.told.append)

    def through(self, *messages: ToWorker) -> list[FromWorker]:
        """Return what the worker tells when it is given `messages` and closed."""
        for message in messages:
            self.worker.handle(message)
        self.worker.close()
        self.worker.run_batches()
        return self.told


@pytest.mark.usefixtures("patient")
def test_a_forgotten_job_is_dropped(tasks: Tasks) -> None:
    """Nothing is told of it, and its neighbor is answered."""
    told = Bench(tasks).through(
        Submit(id=1, job=Classify(picture=PICTURE)),
        Submit(id=2, job=Classify(picture=PICTURE)),
        CancelJob(id=1),
        CancelJob(id=77),
        Run(batch=5, ids=(2,)),
    )
    assert [type(m) for m in told if not isinstance(m, Working)] == [Started, Finished]


@pytest.mark.usefixtures("patient")
def test_forgetting_comes_too_late_for_a_batch(tasks: Tasks) -> None:
    """Every job of a batch is finished exactly once, also one that nobody wants any more."""
    told = Bench(tasks).through(
        Submit(id=1, job=Classify(picture=PICTURE)), Run(batch=5, ids=(1,)), CancelJob(id=1)
    )
    assert [type(m) for m in told if not isinstance(m, Working)] == [Started, Finished]


@pytest.mark.usefixtures("patient")
def test_a_job_that_never_came_fails_alone(tasks: Tasks) -> None:
    """A batch that names it still answers its neighbor."""
    told = Bench(tasks).through(
        Submit(id=1, job=Classify(picture=PICTURE)), Run(batch=5, ids=(9, 1))
    )
    lost, fine = (m.result for m in told if isinstance(m, Finished))
    assert isinstance(lost, Failure)
    assert lost.code == "model_failed"
    assert isinstance(fine, Labels)


def test_a_pipe_that_breaks_off_within_a_frame_has_ended() -> None:
    """Half a length or half a body is no message."""
    whole = frame(CancelJob(id=1))
    for cut in (2, 6):
        assert Pipe(io.BytesIO(whole[:cut]), io.BytesIO()).receive() is None
    assert Pipe(io.BytesIO(whole), io.BytesIO()).receive() == CancelJob(id=1)


def test_a_worker_finds_weights_in_bobbys_cache(tmp_path: Path) -> None:
    """The folder it is given is where it looks; a file of another hash there is not used."""
    saved = save("shufflenet_v2_x0_5", tmp_path)
    (tmp_path / saved.checkpoint.file).rename(tmp_path / "shufflenetv2_x0.5-f707e7126e.pth")
    child = Child("--cache", str(tmp_path), "--default-model", "shufflenet_v2_x0_5")
    try:
        ready = child.receive()
        assert isinstance(ready, Ready)
        assert ready.default == "efficientnet_lite0"
        assert "shufflenet_v2_x0_5" not in {card.name for card in ready.models if card.ready}
        (answer,) = run(child, 1, [PICTURE])
        assert isinstance(answer, Labels)
        assert answer.model == "efficientnet_lite0"
    finally:
        child.close()


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed by /proc alone")
def test_weights_that_came_meanwhile_are_counted(child: Child, tmp_path: Path) -> None:
    """Asked to look again, the worker says once more what it is, with one more model ready."""
    (tmp_path / "bobby").mkdir()
    (tmp_path / "bobby" / "apple2orange.pth").write_bytes(b"as it came")
    child.send(Recount())
    again = child.receive()
    assert isinstance(again, Ready)
    assert again.default == "efficientnet_lite0"
    assert {card.name: card.ready for card in again.models}["apple2orange"]


def test_the_frames_are_out_of_reach_of_libraries(child: Child) -> None:
    """What a library reads from standard input is nothing, not what the bot has sent."""
    assert Path(f"/proc/{child.process.pid}/fd/0").readlink() == Path(os.devnull)


def test_the_runtime_that_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenVINO on a processor that has it; one who asks for it is told that it isn't here."""
    cpu, gpu = "cpu", "cuda:0"
    assert runtime_for("torch", cpu) == runtime_for("auto", gpu) == "torch"
    monkeypatch.setattr(process, "unusable", lambda: None)
    assert runtime_for("auto", cpu) == runtime_for("openvino", cpu) == "openvino"
    monkeypatch.setattr(process, "unusable", lambda: "there is no such module")
    assert runtime_for("auto", cpu) == "torch"
    with pytest.raises(DeviceError, match="there is no such module"):
        runtime_for("openvino", cpu)
