"""Features of a picture, and labels found by examples: the worker's side of teaching."""

from pathlib import Path

import msgspec
import pytest
import torch
from PIL import Image

from models.bench.weights import settle
from models.catalog import catalog
from models.jobs import Assess, Assessed, Example, Failure, Features, Featurise, Labels, Recognise
from models.kept import Networks
from models.lessons import Learner, last_layer
from models.tasks import Done
from models.weights import Shelf
from tests.models.checkpoints import save
from tests.models.pictures import encoded, scene

CPU = torch.device("cpu")
WIDTHS = {
    "alexnet": 4096,
    "resnet18": 512,
    "squeezenet1_1": 512,
    "googlenet": 1024,
    "densenet121": 1024,
    "mobilenet_v3_small": 1024,
    "shufflenet_v2_x0_5": 1024,
    "efficientnet_b0": 1280,
    "convnext_tiny": 768,
    "vit_b_32": 768,
    "swin_t": 768,
}
"""The length of the vector that each network's last layer is given."""


@pytest.fixture(scope="module")
def learner(tmp_path_factory: pytest.TempPathFactory) -> Learner:
    """Return the task over the one classifier whose weights are installed."""
    shelf = Shelf(tmp_path_factory.mktemp("bobby"))
    return Learner(catalog(), shelf, Networks(shelf, CPU), "efficientnet_lite0")


def answer(learner: Learner, job: Featurise | Recognise | Assess) -> Done:
    """Return what becomes of `job`."""
    prepared = learner.prepare(job)
    if isinstance(prepared, Failure):
        return prepared
    (done,) = learner.run([prepared])
    return done


def features(learner: Learner, picture: bytes) -> Features:
    """Return the features of `picture`."""
    done = answer(learner, Featurise(picture=picture))
    assert isinstance(done, Features)
    return done


def test_features_have_unit_length_and_are_the_same_each_time(learner: Learner) -> None:
    """As 2-byte floats, so to their rounding."""
    picture = encoded(scene((300, 200)), "JPEG")
    first, second = (features(learner, picture) for _ in range(2))
    assert first.features == second.features
    vector = torch.frombuffer(bytearray(first.features), dtype=torch.half)
    assert vector.shape == (1280,)
    assert float(vector.float().norm()) == pytest.approx(1, abs=1e-3)
    assert (first.model, first.weights) == ("efficientnet_lite0", "ImageNet-1K")


@pytest.mark.parametrize("name", WIDTHS)
def test_every_kind_of_network_has_features(name: str) -> None:
    """What its last layer is given is a vector, or a map whose mean is one."""
    network = settle(catalog()[name].build(), 64)
    layer = last_layer(network)
    weight = next(layer.parameters())
    assert (weight.shape[0], weight.shape[1]) == (1000, WIDTHS[name])


def test_a_network_whose_last_layer_is_a_convolution(tmp_path: Path) -> None:
    """SqueezeNet gives the mean of its map."""
    record = save("squeezenet1_1", tmp_path / "bobby")
    shelf = Shelf(tmp_path / "bobby")
    learner = Learner({record.name: record}, shelf, Networks(shelf, CPU), record.name)
    assert len(features(learner, encoded(scene())).features) == 2 * 512


def test_it_recognises_what_it_was_shown(learner: Learner) -> None:
    """Among the labels taught, and no others; the crop is shown as ever."""
    shown = {"red": "darkred", "blue": "navy"}
    examples = tuple(
        Example(label=label, features=features(learner, tinted(colour, size)).features)
        for label, colour in shown.items()
        for size in ((200, 200), (300, 200), (220, 260))
    )
    job = Recognise(
        picture=tinted("red", (250, 250)),
        model="efficientnet_lite0",
        weights="ImageNet-1K",
        examples=examples,
    )
    done = answer(learner, job)
    assert isinstance(done, Labels)
    assert [label.label for label in done.top] == ["red", "blue"]
    assert sum(label.probability for label in done.top) == pytest.approx(1)
    assert done.crop
    assert done.sure
    stranger = msgspec.structs.replace(job, picture=encoded(Image.effect_noise((250, 250), 90)))
    unlike = answer(learner, stranger)
    assert isinstance(unlike, Labels)
    assert not unlike.sure
    assert answer(learner, Assess(model="efficientnet_lite0", examples=examples)) == Assessed(
        right=6, asked=6
    )


def tinted(colour: str, size: tuple[int, int]) -> bytes:
    """Return a picture with something in it, in shades of one colour."""
    return encoded(Image.blend(scene(size), Image.new("RGB", size, colour), 0.7), "JPEG")


def test_weights_that_are_gone_are_named(learner: Learner) -> None:
    """The features of one model mean nothing to another that would stand in."""
    job = Recognise(
        picture=encoded(scene()),
        model="alexnet",
        weights="IMAGENET1K_V1",
        examples=(Example(label="a", features=bytes(8)), Example(label="b", features=bytes(8))),
    )
    done = answer(learner, job)
    assert isinstance(done, Failure)
    assert done.code == "no_weights"
    assert "features of alexnet" in str(done.sentence)


def test_a_bad_picture_has_no_features(learner: Learner) -> None:
    """It fails by its own name."""
    done = answer(learner, Featurise(picture=b"no picture"))
    assert isinstance(done, Failure)
    assert done.code == "not_a_picture"
