"""EfficientNet-Lite0 as published: names, size and figures."""

import hashlib
from pathlib import Path

import pytest
import torch

from models.jobs.answers import Labels
from models.jobs.requests import Classify
from models.networks.efficientnet_lite import EfficientNetLite0, SameConv2d
from models.tasks.classify import Classifier
from tests.models.answering import answered


def test_the_names_of_its_weights_are_frozen() -> None:
    """The published checkpoint loads by these 296 names and shapes."""
    state = EfficientNetLite0().state_dict()
    listing = "\n".join(f"{name} {tuple(value.shape)}" for name, value in state.items())
    assert len(state) == 296
    assert hashlib.sha256(listing.encode()).hexdigest()[:16] == "f19038aa9e94bf26"


def test_it_has_as_many_parameters_as_published() -> None:
    """4,652,008 of them."""
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008


@pytest.mark.parametrize("side", [7, 8, 224, 225])
@pytest.mark.parametrize("kernel", [3, 5])
def test_strided_padding_is_tensorflows(side: int, kernel: int) -> None:
    """Stride 2 gives ceil(side / 2), with the odd pixel of padding right and below."""
    conv = SameConv2d(1, 1, kernel, stride=2)
    torch.nn.init.ones_(conv.weight)
    counted = conv(torch.ones(1, 1, side, side))[0, 0]
    assert counted.shape == (-(-side // 2), -(-side // 2))
    padding = (-(-side // 2) - 1) * 2 + kernel - side
    before, after = padding // 2, padding - padding // 2
    assert counted[0, 0] == (kernel - before) ** 2
    assert counted[-1, -1] == (kernel - after) ** 2


def test_it_gives_the_reference_figures(classifier: Classifier, shared_data: Path) -> None:
    """The dog of the reference: each label within a tenth of a percent of what was measured."""
    picture = (shared_data / "bobby.jpg").read_bytes()
    (answer,) = answered(classifier, Classify(picture=picture))
    assert isinstance(answer, Labels)
    found = {label.label: 100 * label.probability for label in answer.top}
    expected = {
        "golden retriever": 94.1,
        "Labrador retriever": 2.5,
        "redbone": 0.6,
        "tennis ball": 0.4,
    }
    assert list(found)[:4] == list(expected)
    for label, percent in expected.items():
        assert found[label] == pytest.approx(percent, abs=0.1)
