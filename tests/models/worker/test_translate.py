"""Translations through the real worker process: every kind of picture, and bounded memory."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import torch
from PIL import Image

from models.jobs.answers import Failure, Translated
from models.jobs.control import Deferred, Finished, FromWorker, Ready, Run, Started, Submit, Working
from models.jobs.requests import Translate
from models.jobs.wire import LENGTH_BYTES, body_length, frame, from_worker
from models.networks.cyclegan import ResNetGenerator
from models.tasks.translate.task import MEMORY_BYTES
from tests.models.pictures import animation, encoded, scene

PLENTY = 10_000_000
PAIR = "style_vangogh"
"""A pair of the authors', for which the tests have a file of random weights."""


class RealWorker:
    """The worker process and the two ends of its pipes."""

    def __init__(self, cache: Path) -> None:
        options = ("--device", "cpu", "--default-model", "efficientnet_lite0", "--threads", "2")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "models.worker.process", *options, "--cache", str(cache)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._number = 0

    def receive(self) -> FromWorker:
        """Return the next message but signs of life."""
        assert self._process.stdout is not None
        while True:
            length = body_length(self._process.stdout.read(LENGTH_BYTES))
            message = from_worker(self._process.stdout.read(length))
            if not isinstance(message, Working):
                return message

    def ask(self, *jobs: Translate) -> list[Translated | Failure]:
        """Return the answers to `jobs`, run as one batch."""
        assert self._process.stdin is not None
        first = self._number
        self._number += len(jobs)
        ids = tuple(range(first, self._number))
        for key, job in zip(ids, jobs, strict=True):
            self._process.stdin.write(frame(Submit(id=key, job=job)))
        self._process.stdin.write(frame(Run(batch=first, ids=ids)))
        self._process.stdin.flush()
        assert isinstance(self.receive(), Started)
        results: dict[int, Translated | Failure] = {}
        for _ in jobs:
            while isinstance(done := self.receive(), Deferred):
                pass  # on a busy machine a picture may leave its batch
            assert isinstance(done, Finished)
            assert isinstance(done.result, Translated | Failure)
            results[done.id] = done.result
        return [results[key] for key in ids]

    def peak(self) -> int:
        """Return the most memory that the process has ever held, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def close(self) -> None:
        """End the process by the end of its input."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorker]:
    """Return a worker that has random weights for one of the authors' pairs."""
    cache = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    torch.save(ResNetGenerator().state_dict(), cache / f"{PAIR}.pth")
    worker = RealWorker(cache)
    ready = worker.receive()
    assert isinstance(ready, Ready)
    cards = {card.name: card for card in ready.models}
    assert (cards[PAIR].task, cards[PAIR].ready) == ("translate", True)
    assert cards["horse2zebra"].expects == "a horse in a field"
    assert not cards["sat2map"].ready
    assert cards["efficientnet_lite0"].task == "classify"
    yield worker
    worker.close()


def job(picture: bytes, size: int | None = 32) -> Translate:
    """Return a job for the pair that is here, quick by default."""
    return Translate(picture=picture, max_bytes=PLENTY, model=PAIR, size=size)


def test_odd_pictures_in_one_batch(worker: RealWorker) -> None:
    """Each has an answer of its own size and kind, and the bad ones a sentence."""
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = scene((50, 40), "RGBA")
    clear.putalpha(90)
    odd = {
        "png 1×1": encoded(scene((1, 1))),
        "png 30×500": encoded(scene((30, 500))),
        "png 50×40": encoded(scene((50, 40), "L")),
        "png 50×40 ": encoded(clear),
        "png 40×50": encoded(scene((50, 40)), exif=exif),
        "gif 32×32": animation("GIF", 3),
        "png 32×32": animation("PNG", 3),
        "webp 32×32": animation("WEBP", 3),
    }
    *answers, bad = worker.ask(*map(job, odd.values()), job(b"nothing"))
    for told, answer in zip(odd, answers, strict=True):
        assert isinstance(answer, Translated), answer
        image = answer.image
        assert f"{image.extension} {image.width}×{image.height}" == told.strip()
    assert [a.frames for a in answers if isinstance(a, Translated)] == [1] * 5 + [3] * 3
    assert isinstance(bad, Failure)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not psutil.LINUX, reason="The peak is read from /proc.")
def test_memory_is_bounded(worker: RealWorker) -> None:
    """Twelve megapixels at the largest working size, and six such frames, stay below the bound."""
    large = Image.effect_noise((4000, 3000), 90).convert("RGB")
    still = encoded(large, "JPEG")
    frames = [large.rotate(180) for _ in range(5)]
    film = encoded(large, "WEBP", save_all=True, append_images=frames, quality=10, method=0)
    (answer,) = worker.ask(job(still, size=4000))
    assert isinstance(answer, Translated)
    assert answer.working_width * answer.working_height > 1_000_000
    (moving,) = worker.ask(job(film))
    assert isinstance(moving, Translated)
    assert worker.peak() < MEMORY_BYTES
