"""The catalog holds every torchvision classifier, each with facts that fit together."""

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import models as torchvision_models
from torchvision.models import get_model_weights, list_models

from models.catalog.classifiers import LABELS, TABLE, catalog
from models.catalog.records import Classification
from models.catalog.selection import Choice
from models.tasks.classify import prepare_input
from models.weights.checkpoint import Sha256
from tests.torchvision_table import checkpoints, labels, table

NETWORKS = list_models(module=torchvision_models)
SMALL = [name for name in NETWORKS if catalog()[name].parameters < 9_000_000]
"""Quick enough to build in a test; those of the large families are built below by name."""


def test_every_classifier_of_torchvision_has_a_record() -> None:
    """All of them by their plain names, and Bobby's own beside them."""
    assert len(NETWORKS) >= 80
    lite = {"efficientnet_lite0", "efficientnet_lite2"}
    assert set(NETWORKS) | lite == {n for n in catalog() if ":" not in n}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("efficientnet_lite0", 0.3),
        ("efficientnet_lite2", 0.3),
        ("resnet101", 0.3),
        ("resnet101:v2", 0.2),
        ("convnext_tiny", 0.2),
    ],
)
def test_a_line_for_each_kind_of_training(name: str, line: float) -> None:
    """Where it was measured, for the first checkpoints on hard labels, and for later ones."""
    assert catalog()[name].sure_from == line


@pytest.mark.parametrize("record", catalog().values(), ids=list(catalog()))
def test_the_facts_of_a_record(record: Classification) -> None:
    """A thousand labels, one published file with its hash, and a license."""
    checkpoint = record.checkpoint
    assert len(record.labels) == 1000
    assert record.labels[207] == "golden retriever"
    assert isinstance(checkpoint.proof, Sha256)
    assert len(checkpoint.proof.prefix) >= 8
    assert int(checkpoint.proof.prefix, 16) >= 0
    assert checkpoint.file.endswith(f"-{checkpoint.proof.prefix}.pth")
    assert checkpoint.source.startswith(("https://download.pytorch.org/models/", "package "))
    assert checkpoint.license in {"BSD-3-Clause", "Apache-2.0", "CC-BY-NC-4.0"}
    # Some files keep batch-norm counts or two heads, some keep their weights in 16 bits.
    assert checkpoint.size_bytes is not None
    assert 1.9 < checkpoint.size_bytes / record.parameters < 8.4
    assert 50 < record.accuracy < 90


def test_the_committed_facts_are_torchvisions() -> None:
    """Every name, address, figure, preset and label; `python -m tests.torchvision_table` writes."""
    assert TABLE.read_text(encoding="utf-8") == table()
    assert LABELS.read_text(encoding="utf-8") == labels()


def test_vision_transformers_see_the_size_that_torchvision_builds_them_for() -> None:
    """A record takes the one for the other."""
    seen = {record.checkpoint.source: record.preset.crop for record in catalog().values()}
    transformers = [weights for network, weights in checkpoints() if network.startswith("vit_")]
    assert len(transformers) >= 10
    assert all(w.meta["min_size"] == (seen[w.url],) * 2 for w in transformers)


def test_each_checkpoint_has_one_record() -> None:
    """No two names mean the same file, and no classifier's checkpoint is left out."""
    files = [record.checkpoint.source for record in catalog().values()]
    published = {w.url for n in NETWORKS for w in get_model_weights(n) if w.meta.get("categories")}
    assert len(files) == len(set(files))
    assert published < set(files)


def test_resnet101_is_the_one_with_the_published_reference() -> None:
    """The plain name is the first checkpoint; the later one has a tag."""
    first, later = catalog()["resnet101"], catalog()["resnet101:v2"]
    assert first.checkpoint.file == "resnet101-63fe2227.pth"
    assert first.parameters == 44_549_160
    assert first.checkpoint.size_bytes == pytest.approx(178_793_939, abs=1024)  # as it is on disk
    assert first.preset.resize == 256
    assert later.checkpoint.name == "IMAGENET1K_V2"
    assert later.preset.resize == 232


def test_our_default_sees_as_it_was_trained() -> None:
    """TensorFlow's Lite networks take (pixel - 127) / 128 of the middle of a picture."""
    lite = Choice(catalog()["efficientnet_lite0"])
    for pixel in (0, 127, 255):
        seen = prepare_input(Image.new("RGB", (300, 300), (pixel,) * 3), lite).pixels
        assert seen.shape == (3, 224, 224)
        assert np.allclose(seen, (pixel - 127) / 128, atol=1e-6)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_inceptions_are_built_as_their_weights_want_it(name: str) -> None:
    """The published ones normalize once more, and hold a second head that training used."""
    with torch.device("meta"):
        network = catalog()[name].build()
    assert network.transform_input
    assert any("aux" in key.lower() for key in network.state_dict())


def test_weights_that_may_not_be_sold_say_so() -> None:
    """The SWAG checkpoints are for non-commercial use, the others are free."""
    assert catalog()["vit_h_14"].checkpoint.license == "CC-BY-NC-4.0"
    assert catalog()["vit_b_16"].checkpoint.license == "BSD-3-Clause"


def test_a_record_can_not_be_changed() -> None:
    """Neither a record nor the list of them."""
    record: Any = catalog()["alexnet"]
    with pytest.raises(FrozenInstanceError):
        record.name = "other"
    listing: Any = catalog()
    with pytest.raises(TypeError):
        listing["other"] = record


@pytest.mark.parametrize("name", [*SMALL, "alexnet", "inception_v3", "resnet18", "swin_t"])
def test_a_network_is_built_for_its_weights(name: str) -> None:
    """It has the parameters that were published and answers with one logit per label."""
    record = catalog()[name]
    network = record.build().eval()
    auxiliary = ("aux1.", "aux2.") if name == "googlenet" else ()
    counted = sum(p.numel() for n, p in network.named_parameters() if not n.startswith(auxiliary))
    assert counted == record.parameters
    side = record.preset.crop
    if side <= 300:
        with torch.inference_mode():
            assert network(torch.rand(1, 3, side, side)).shape == (1, 1000)


def test_vision_transformers_are_built_for_their_checkpoints_size() -> None:
    """A checkpoint for larger pictures has more positions."""
    with torch.device("meta"):
        network = catalog()["vit_b_16:swag_e2e_v1"].build()
    assert network.image_size == 384
    assert sum(p.numel() for p in network.parameters()) == 86_859_496


def test_old_densenet_names_are_renamed() -> None:
    """The published DenseNets write norm.1 where the code says norm1."""
    one = torch.zeros(1)
    old = {
        "features.denseblock1.denselayer2.norm.1.weight": one,
        "features.denseblock1.denselayer2.conv.2.weight": one,
        "features.norm5.bias": one,
    }
    assert list(catalog()["densenet121"].adapt(old)) == [
        "features.denseblock1.denselayer2.norm1.weight",
        "features.denseblock1.denselayer2.conv2.weight",
        "features.norm5.bias",
    ]
