"""Networks in bfloat16 and float16: close to float32, named truthfully, and never NaN."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from models.bench.random_weights import inputs
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import Classification
from models.catalog.selection import Choice
from models.jobs.answers import Labels
from models.jobs.base import Precision
from models.jobs.requests import Classify
from models.networks.cyclegan import ResNetGenerator
from models.networks.zebra_student import MatteGenerator
from models.runtime.cache import NetworkCache
from models.runtime.compiled import example
from models.runtime.inference import DTYPES, Network, is_fast, require_finite
from models.tasks.classify import Classifier, prepare
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.checkpoints import save, save_pair
from tests.models.pictures import encoded, scene

CPU = "cpu"
ROUNDED: tuple[Precision, ...] = ("bfloat16", "float16")


class Small(nn.Module):
    """A convolution, a batch norm and a classifier; outputs times `gain`."""

    gain = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 8, stride=8)
        self.norm = nn.BatchNorm2d(16)
        self.linear = nn.Linear(16, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 1000)."""
        pooled = self.norm(self.conv(x)).relu().mean((2, 3))
        logits: Tensor = self.linear(pooled) * self.gain
        return logits


class Loud(Small):
    """Its logits are beyond float16's largest number, 65504."""

    gain = 1e7


def record(folder: Path, build: type[Small]) -> Classification:
    """Return the record of such a network, saved in `folder`."""
    return save("alexnet", folder / "bobby", build)


@pytest.mark.parametrize("precision", ROUNDED)
def test_rounded_logits_are_close_and_not_the_same(
    tmp_path: Path, shelf: WeightsStore, precision: Precision
) -> None:
    """The network was converted, and once: it holds half the bytes."""
    small = record(tmp_path, Small)
    exact, rounded = (Network(small, shelf, CPU, p) for p in ("float32", precision))
    batch = inputs(224, 3, seed=4).numpy()
    expected, found = exact.run(batch).output, rounded.run(batch).output
    assert rounded.precision == precision
    assert found.dtype == np.float32
    assert rounded.bytes * 2 == exact.bytes
    difference = float(np.abs(found - expected).max())
    assert 0 < difference < 0.02 * float(np.abs(expected).max())


def test_what_would_overflow_runs_in_float32_and_says_so(
    tmp_path: Path, shelf: WeightsStore, caplog: pytest.LogCaptureFixture
) -> None:
    """The receipt reads the network's own precision, so it stays true."""
    loud = record(tmp_path, Loud)
    with caplog.at_level(logging.WARNING):
        network = Network(loud, shelf, CPU, "float16")
    batch = inputs(224, 2, seed=4).numpy()
    assert network.precision == "float32"
    assert "float16 overflows" in caplog.text
    plain = Network(loud, shelf, CPU)
    assert np.array_equal(network.run(batch).output, plain.run(batch).output)
    assert Network(loud, shelf, CPU, "bfloat16").precision == "bfloat16"  # it reaches as far


def test_an_overflow_later_on_is_an_error_not_a_label() -> None:
    """Labels of NaN would be sorted into some order and believed."""
    broken = torch.tensor([1.0, float("nan")])
    with pytest.raises(FloatingPointError, match="float16"):
        require_finite(broken, "float16")
    assert require_finite(broken, "float32") is broken


def test_an_answer_names_the_precision(tmp_path: Path) -> None:
    """What the network ran in, not what was asked for."""
    for build, expected in ((Small, "float16"), (Loud, "float32")):
        of = record(tmp_path / expected, build)
        shelf = WeightsStore(tmp_path / expected / "bobby")
        networks = NetworkCache(shelf, CPU, precision="float16")
        classifier = Classifier({of.name: of}, shelf, networks, of.name)
        (answer,) = answered(classifier, Classify(picture=encoded(scene())))
        assert isinstance(answer, Labels)
        assert answer.precision == expected


@pytest.mark.parametrize("name", ["bobby.jpg", "horse.jpg"])
def test_what_rounded_answers_see_is_nearly_the_published_crop(
    shared_data: Path, name: str
) -> None:
    """Within the tolerance that `SPARE` states, at the sizes that cameras and phones send, too."""
    photograph = Image.open(shared_data / name)
    for times in (1, 2, 3):
        larger = photograph.resize((times * photograph.width, times * photograph.height // 8 * 8))
        data = encoded(larger, "JPEG", quality=92)
        choice = Choice(catalog()["resnet101"])
        exact, spared = (prepare(data, choice, in_full=full) for full in (True, False))
        assert (spared.width, spared.height) == (exact.width, exact.height) == larger.size
        steps = np.array(choice.record.preset.std)[:, None, None] * 255
        off = np.abs(exact.pixels - spared.pixels) * steps
        assert off.mean() < 0.2
        assert np.quantile(off, 0.99) < 1.5
        assert (off.max() > 0) == (min(larger.size) >= 1280)


@pytest.mark.parametrize("precision", ROUNDED)
@pytest.mark.parametrize("build", [MatteGenerator, lambda: ResNetGenerator(8, 1)])
def test_generators_paint_nearly_the_same(
    tmp_path: Path, precision: Precision, build: type[nn.Module]
) -> None:
    """A color is off by a few hundredths of the range at most, on average by far less."""
    torch.manual_seed(3)
    pair = replace(pairs()["horse2zebra"], build=build, adapt=dict)
    pair = save_pair(build().eval(), pair, tmp_path)
    shelf = WeightsStore(tmp_path)
    picture = example(1, 32, 48) * 2 - 1
    forms: tuple[Precision, Precision] = ("float32", precision)
    exact, rounded = (NetworkCache(shelf, CPU, precision=p).generator(pair) for p in forms)
    difference = np.abs(exact.run(picture).over(picture) - rounded.run(picture).over(picture))
    assert rounded.precision == precision
    assert 0 < float(difference.mean()) < 0.02


def test_float32_is_always_fast_and_every_precision_has_its_type() -> None:
    """The warning is for processors without units for the others; what they are, torch knows."""
    assert is_fast("float32", CPU)
    assert all(isinstance(is_fast(precision, CPU), bool) for precision in DTYPES)
    assert [str(dtype) for dtype in DTYPES.values()] == [f"torch.{name}" for name in DTYPES]
