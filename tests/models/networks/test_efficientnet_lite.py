"""EfficientNet-Lite0 and 2 as published: names, sizes and figures."""

import hashlib
from pathlib import Path

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet

from models.jobs.answers import Labels
from models.jobs.requests import Classify
from models.networks.efficientnet_lite import (
    EfficientNetLite0,
    EfficientNetLite2,
    SameConv2d,
)
from models.tasks.classify import Classifier
from tests.models.answering import answered


@pytest.mark.parametrize(
    ("network", "names", "digest"),
    [
        (EfficientNetLite0, 296, "f19038aa9e94bf26"),
        (EfficientNetLite2, 386, "4943f76ab40a1b6a"),
    ],
)
def test_the_names_of_its_weights_are_frozen(
    network: type[EfficientNetLite0 | EfficientNetLite2], names: int, digest: str
) -> None:
    """The published checkpoint loads by these names and shapes."""
    state = network().state_dict()
    listing = "\n".join(f"{name} {tuple(value.shape)}" for name, value in state.items())
    assert len(state) == names
    assert hashlib.sha256(listing.encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("network", "parameters"), [(EfficientNetLite0, 4_652_008), (EfficientNetLite2, 6_092_072)]
)
def test_it_has_as_many_parameters_as_published(
    network: type[EfficientNetLite0 | EfficientNetLite2], parameters: int
) -> None:
    """Their papers' 4.7 and 6.1 million."""
    assert sum(p.numel() for p in network().parameters()) == parameters


@pytest.mark.parametrize("number", [0, 2])
def test_it_is_the_publishers_network(number: int) -> None:
    """With the same weights, the package of the published ones gives the same logits."""
    network = {0: EfficientNetLite0, 2: EfficientNetLite2}[number]().eval()
    reference = EfficientNet.from_name(f"efficientnet-lite{number}").eval()
    reference.load_state_dict(network.state_dict())
    pictures = torch.rand(1, 3, 97, 97)
    with torch.no_grad():
        torch.testing.assert_close(network(pictures), reference(pictures))


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
