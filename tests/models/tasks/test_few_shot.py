"""Features of a picture, and labels found by examples: the worker's side of teaching."""

from pathlib import Path

import msgspec
import pytest
import torch
from PIL import Image

from models.bench.random_weights import settle
from models.catalog.classifiers import catalog
from models.jobs.answers import Answer, CrossValidation, Failure, Features, Labels
from models.jobs.requests import ClassifyCustom, CrossValidate, Example, ExtractFeatures
from models.runtime.cache import NetworkCache
from models.tasks.few_shot.features import last_layer
from models.tasks.few_shot.task import FewShotTask
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.checkpoints import save
from tests.models.pictures import encoded, scene

CPU = "cpu"
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
def learner(tmp_path_factory: pytest.TempPathFactory) -> FewShotTask:
    """Return the task over the one classifier whose weights are installed."""
    shelf = WeightsStore(tmp_path_factory.mktemp("bobby"))
    return FewShotTask(catalog(), shelf, NetworkCache(shelf, CPU), "efficientnet_lite0")


def answer(
    learner: FewShotTask, job: ExtractFeatures | ClassifyCustom | CrossValidate
) -> Answer | Failure:
    """Return what becomes of `job`."""
    (done,) = answered(learner, job)
    return done


def features(learner: FewShotTask, picture: bytes) -> Features:
    """Return the features of `picture`."""
    done = answer(learner, ExtractFeatures(picture=picture))
    assert isinstance(done, Features)
    return done


def test_features_have_unit_length_and_are_the_same_each_time(learner: FewShotTask) -> None:
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
    shelf = WeightsStore(tmp_path / "bobby")
    learner = FewShotTask({record.name: record}, shelf, NetworkCache(shelf, CPU), record.name)
    assert len(features(learner, encoded(scene())).features) == 2 * 512


def test_it_recognizes_what_it_was_shown(learner: FewShotTask) -> None:
    """Among the labels taught, and no others; the crop is shown as ever."""
    shown = {"red": "darkred", "blue": "navy"}
    examples = tuple(
        Example(label=label, features=features(learner, tinted(color, size)).features)
        for label, color in shown.items()
        for size in ((200, 200), (300, 200), (220, 260))
    )
    job = recognize(tinted("red", (260, 250)), examples)
    done = answer(learner, job)
    assert isinstance(done, Labels)
    assert [label.label for label in done.top] == ["red", "blue"]
    assert sum(label.probability for label in done.top) == pytest.approx(1)
    assert done.crop
    assert (done.width, done.height) == (260, 250)
    assert done.sure
    stranger = msgspec.structs.replace(job, picture=encoded(Image.effect_noise((250, 250), 90)))
    unlike = answer(learner, stranger)
    assert isinstance(unlike, Labels)
    assert not unlike.sure
    assert answer(
        learner, CrossValidate(model="efficientnet_lite0", examples=examples)
    ) == CrossValidation(right=6, asked=6)


def test_it_is_sure_of_a_likely_label_that_it_is_like(learner: FewShotTask) -> None:
    """Likely among the labels, and like its own examples, wherever these stand."""
    picture = encoded(scene())
    seen = torch.frombuffer(bytearray(features(learner, picture).features), dtype=torch.half)
    chance = torch.Generator().manual_seed(0)
    odd = torch.nn.functional.normalize(torch.randn(6, len(seen), generator=chance), dim=1)
    same = [seen.float()] * 2
    for examples, best, sure in (
        ({"a": list(odd[:2]), "b": same}, "b", True),
        ({"a": same, "b": same}, "a", False),  # as likely as not
        ({"a": [odd[0] - seen] * 2, "b": [odd[1] + 0.5 * seen] * 2}, "b", False),  # unlike both
        ({"b": same, **{str(at): [one] for at, one in enumerate(odd)}}, "b", True),
    ):
        shown = tuple(
            Example(label=label, features=vector.half().numpy().tobytes())
            for label, vectors in examples.items()
            for vector in vectors
        )
        done = answer(learner, recognize(picture, shown))
        assert isinstance(done, Labels)
        assert (done.top[0].label, done.sure) == (best, sure)
        assert len(done.top) == min(5, len(examples))
        assert (done.top[0].probability > 0.9) == (best == "b")
        assert (done.model, done.weights) == ("efficientnet_lite0", "ImageNet-1K")


def recognize(picture: bytes, examples: tuple[Example, ...]) -> ClassifyCustom:
    """Return the job to find a label of `examples` for `picture`."""
    return ClassifyCustom(
        picture=picture, model="efficientnet_lite0", weights="ImageNet-1K", examples=examples
    )


def tinted(color: str, size: tuple[int, int]) -> bytes:
    """Return a picture with something in it, in shades of one color."""
    return encoded(Image.blend(scene(size), Image.new("RGB", size, color), 0.7), "JPEG")


def test_weights_that_are_gone_are_named(learner: FewShotTask) -> None:
    """The features of one model mean nothing to another that would stand in."""
    job = ClassifyCustom(
        picture=encoded(scene()),
        model="alexnet",
        weights="IMAGENET1K_V1",
        examples=(Example(label="a", features=bytes(8)), Example(label="b", features=bytes(8))),
    )
    done = answer(learner, job)
    assert isinstance(done, Failure)
    assert done.code == "no_weights"
    assert "learned with alexnet" in str(done.sentence)
    others = msgspec.structs.replace(job, model="efficientnet_lite0", weights="another day's")
    assert isinstance(answer(learner, others), Failure)


def test_features_of_a_stand_in_are_said_to_be_so(learner: FewShotTask) -> None:
    """And whose they are; a name that nobody knows has none."""
    seen = answer(learner, ExtractFeatures(picture=encoded(scene()), model="alexnet"))
    assert isinstance(seen, Features)
    assert seen.model == "efficientnet_lite0"
    assert "so efficientnet_lite0 answered" in str(seen.substitution)
    unknown = answer(learner, ExtractFeatures(picture=encoded(scene()), model="alexnot"))
    assert isinstance(unknown, Failure)
    assert unknown.code == "unknown_model"


def test_examples_that_fail_fail_alone(learner: FewShotTask) -> None:
    """Features of another length, and a good job beside them."""
    one, other = (Example(label=label, features=bytes(8)) for label in "ab")
    assess = CrossValidate(model="efficientnet_lite0", examples=(one, other, one, other))
    jobs: tuple[ClassifyCustom | CrossValidate, ...] = (
        recognize(encoded(scene()), (one, other)),
        assess,
    )
    bad, good = answered(learner, *jobs)
    assert isinstance(bad, Failure)
    assert bad.code == "model_failed"
    assert "efficientnet_lite0 hit an error" in str(bad.sentence)
    assert isinstance(good, CrossValidation)
    assert good.asked == 4


def test_a_bad_picture_has_no_features(learner: FewShotTask) -> None:
    """It fails by its own name."""
    done = answer(learner, ExtractFeatures(picture=b"no picture"))
    assert isinstance(done, Failure)
    assert done.code == "not_a_picture"
