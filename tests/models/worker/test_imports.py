"""What a worker imports, and when: torchvision only for a network of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.captioning.published import CONVERTED
from models.weights.store import WeightsStore
from tests.models import published
from tests.models.pictures import encoded, scene

ROOT = Path(__file__).parents[3]

ASK = """
import sys
from pathlib import Path
import torch
from models.jobs.answers import Failure
from models.jobs.requests import *
from models.weights.store import WeightsStore
from models.worker import hub, inventory, process
from models.worker.tasks import Tasks

tasks = Tasks(WeightsStore(Path(sys.argv[1])), "cpu", "resnet101")
tasks.ready()


def answer(job):
    (given,) = tasks.answer(job)
    assert not isinstance(given, Failure), (job, str(given.sentence))


picture = sys.stdin.buffer.read()
for job in (
    Classify(picture=picture),
    Caption(picture=picture),
    Caption(picture=picture, model="neuraltalk2"),
    Translate(picture=picture, model="horse2zebra_small", max_bytes=2**20),
    Explain(picture=picture),
    Shake(picture=picture),
    ExtractFeatures(picture=picture),
    Inspect(model="efficientnet_lite0"),
    Inspect(model="horse2zebra"),
    Inspect(model="neuraltalk2"),
):
    answer(job)
print("torchvision" in sys.modules)
answer(Inspect(model="alexnet"))
print("torchvision" in sys.modules)
"""


@pytest.fixture
def cache(shelf: WeightsStore) -> Path:
    """Return a cache that holds NeuralTalk2, converted, beside what comes with Bobby."""
    shelf.cache.mkdir(parents=True)
    published.write_converted(shelf.cache / CONVERTED)
    return shelf.cache


def test_what_comes_with_bobby_needs_no_torchvision(cache: Path) -> None:
    """The default classifier, captioners and generators; a network of torchvision's does."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(cache)],
        cwd=ROOT,
        input=encoded(scene((96, 64))),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().split() == ["False", "True"]
