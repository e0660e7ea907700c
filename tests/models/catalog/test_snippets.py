"""The scripts that people are given find the labels that Bobby finds, outside of Bobby."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.catalog.classifiers import catalog
from models.catalog.records import Classification
from models.catalog.snippets import script
from models.jobs.answers import Labels
from models.jobs.requests import Classify
from models.runtime.cache import NetworkCache
from models.tasks.classify import Classifier
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.checkpoints import save

LITE0 = "efficientnet_lite0"


def asked(record: Classification, shelf: WeightsStore, picture: bytes) -> Labels:
    """Return Bobby's answer with `record` alone."""
    networks = NetworkCache(shelf, "cpu")
    classifier = Classifier({record.name: record}, shelf, networks, record.name)
    (answer,) = answered(classifier, Classify(picture=picture))
    assert isinstance(answer, Labels)
    return answer


def run(text: str, picture: Path, folder: Path) -> list[tuple[float, str]]:
    """Run `text` as people do, far from Bobby; return the probabilities and labels it prints."""
    file = folder / "ask.py"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-I", file, picture],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TORCH_HOME": str(folder / "torch")},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.partition(" ") for line in done.stdout.splitlines() if line[:1].isdigit()]
    return [(float(probability), label) for probability, _, label in lines]


def agree(found: list[tuple[float, str]], answer: Labels) -> None:
    """Check that five labels are the same, with probabilities to the digits that are printed."""
    assert [label for _, label in found] == [label.label for label in answer.top]
    for (probability, _), label in zip(found, answer.top, strict=True):
        assert probability == pytest.approx(label.probability, abs=2e-5)


def test_the_script_for_lite0_agrees(
    tmp_path: Path, shelf: WeightsStore, shared_data: Path
) -> None:
    """By the packages that carry its weights."""
    picture = shared_data / "bobby.jpg"
    answer = asked(catalog()[LITE0], shelf, picture.read_bytes())
    assert answer.top[0].label == "golden retriever"
    agree(run(script(catalog()[LITE0]), picture, tmp_path), answer)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_large:v2"])
def test_the_scripts_for_torchvision_agree(
    tmp_path: Path, shelf: WeightsStore, shared_data: Path, name: str
) -> None:
    """With random weights where torchvision looks for the published ones."""
    picture = shared_data / "bobby.jpg"
    record = save(name, tmp_path / "bobby")
    there = tmp_path / "torch" / "hub" / "checkpoints" / catalog()[name].checkpoint.file
    there.parent.mkdir(parents=True)
    shutil.copy(tmp_path / "bobby" / record.checkpoint.file, there)
    answer = asked(record, shelf, picture.read_bytes())
    agree(run(script(record), picture, tmp_path), answer)


@pytest.mark.parametrize("record", catalog().values(), ids=list(catalog()))
def test_every_script_is_short_and_fits_a_message(record: Classification) -> None:
    """It compiles, names the very weights, and has fewer than twenty lines."""
    text = script(record)
    compile(text, record.name, "exec")
    assert record.checkpoint.name in text or record.name.startswith("efficientnet_lite")
    assert len(text.splitlines()) < 20
    assert len(text) < 1800
