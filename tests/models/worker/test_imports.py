"""What a worker imports, and when: torch and torchvision only for what needs them."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.captioning.published import CONVERTED
from models.runtime.compiled import unusable
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


LIGHT = """
import sys
from pathlib import Path
from models.jobs.answers import Failure
from models.jobs.requests import *
from models.worker.process import options_of, set_up, tasks_of

options = options_of(["--runtime", "openvino", "--cache", sys.argv[1], "--device", "cpu"])
set_up(options)
tasks = tasks_of(options)
print(tasks.ready().default)
picture = sys.stdin.buffer.read()
for job in (
    Classify(picture=picture),
    Caption(picture=picture),
    Translate(picture=picture, model="horse2zebra_small", max_bytes=2**20),
    Shake(picture=picture),
):
    (given,) = tasks.answer(job)
    print(given.sentence if isinstance(given, Failure) else given.device)
print("torch" in sys.modules)
print(sys.modules["openvino_telemetry"])
(given,) = tasks.answer(Explain(picture=picture))
print(given.sentence if isinstance(given, Failure) else given.device)
print("torch" in sys.modules)
"""


@pytest.mark.skipif(unusable() is not None, reason="OpenVINO is not installed.")
def test_the_usual_answers_need_no_torch(tmp_path: Path) -> None:
    """Not even the first ones, for which networks are compiled; gradients do."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(tmp_path)],
        cwd=ROOT,
        input=encoded(scene((96, 64))),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    name, *answers, before, telemetry, explained, after = done.stdout.decode().splitlines()
    assert name == "efficientnet_lite0"
    assert answers == ["cpu (OpenVINO)"] * 4
    assert (before, explained, after) == ("False", "cpu", "True")
    assert telemetry == "None"  # nobody is told that OpenVINO is used
