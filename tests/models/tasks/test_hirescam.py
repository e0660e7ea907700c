"""Maps of what made a label: exact where they can be, for every kind of network, and honest."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models.bench.random_weights import inputs, settle
from models.catalog.classifiers import catalog
from models.images.arrays import Array
from models.jobs.answers import Explained, Failure
from models.jobs.requests import Explain
from models.runtime.cache import NetworkCache
from models.runtime.compiled import example
from models.runtime.inference import load_network
from models.tasks.explain.hirescam import hirescam, overlay
from models.tasks.explain.task import ExplainTask
from models.tasks.few_shot.features import last_layer
from models.weights.store import WeightsStore
from tests.models.answering import answered
from tests.models.pictures import encoded, scene

CPU = "cpu"
LITE = "efficientnet_lite0"
KINDS = (
    *("alexnet", "vgg11", "resnet18", "densenet121", "googlenet", "inception_v3", "squeezenet1_1"),
    *("mobilenet_v2", "mobilenet_v3_small", "mnasnet0_5", "shufflenet_v2_x0_5", "regnet_y_400mf"),
    *("efficientnet_b0", "efficientnet_v2_s", "convnext_tiny", "vit_b_32", "swin_t", "swin_v2_t"),
    "maxvit_t",
)
DOG = (0.15, 0.0, 1.0, 0.9)
"""Where bobby.jpg's crop has the dog: left, upper, right, lower, of its width and height."""


@pytest.fixture(scope="module")
def explainer(tmp_path_factory: pytest.TempPathFactory) -> ExplainTask:
    """Return the task over the one classifier whose weights are installed."""
    shelf = WeightsStore(tmp_path_factory.mktemp("bobby"))
    return ExplainTask(catalog(), shelf, NetworkCache(shelf, CPU), LITE)


def explained(explainer: ExplainTask, job: Explain) -> Explained:
    """Return the answer to `job`."""
    (answer,) = answered(explainer, job)
    assert isinstance(answer, Explained)
    return answer


@pytest.mark.parametrize("name", ["resnet18", "regnet_y_400mf", "shufflenet_v2_x0_5"])
def test_the_map_adds_up_to_the_logit(name: str) -> None:
    """Where an average and a linear layer follow: all of it but the bias, for any label."""
    network = settle(catalog()[name].build(), 224).eval()
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    picture = inputs(224, 1, seed=2)[0].numpy()
    for place in (None, 7, 812):
        logits, found = hirescam(network, picture, place)
        chosen = int(logits.argmax()) if place is None else place
        without_bias = float(logits[chosen] - last.bias[chosen].detach())
        assert float(found.sum()) == pytest.approx(without_bias, rel=1e-3, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_network_has_a_map(name: str) -> None:
    """With places on both sides, other ones for another label, and the network's own logits."""
    record = catalog()[name]
    side = record.preset.crop
    network = settle(record.build(), side).eval()
    last = last_layer(network)
    nn.init.normal_(last.get_parameter("weight"), std=0.1)  # some begin their training at zero
    picture = inputs(side, 1, seed=3)[0].numpy()
    logits, found = hirescam(network, picture)
    assert found.ndim == 2
    assert min(found.shape) >= 6
    _, other = hirescam(network, picture, int(logits.argsort()[3]))
    assert not np.allclose(found, other)
    with torch.inference_mode():
        published = network(torch.from_numpy(picture)[None])[0].numpy()
    assert np.allclose(published, logits, atol=1e-4)


def test_the_dog_made_the_dog(explainer: ExplainTask, shared_data: Path) -> None:
    """Nearly all that spoke for it lies on it; a network that knows nothing looks elsewhere."""
    job = Explain(picture=(shared_data / "bobby.jpg").read_bytes())
    prepared = explainer.prepare(job)
    record = catalog()[LITE]
    knowing = load_network(record, WeightsStore(None))
    logits, found = hirescam(knowing, prepared.pixels)
    assert record.labels[int(logits.argmax())] == "golden retriever"
    assert _share(found, DOG) > 0.9
    torch.manual_seed(0)
    _, random = hirescam(settle(record.build(), 224).eval(), prepared.pixels, int(logits.argmax()))
    alike = float(np.asarray(np.corrcoef(found.flatten(), random.flatten()))[0, 1])
    assert alike < 0.5  # as Adebayo et al. ask in Sanity Checks for Saliency Maps, 2018


def _share(found: Array, box: tuple[float, float, float, float]) -> float:
    """Return how much of what speaks for the label lies in `box`."""
    height, width = found.shape
    left, upper, right, lower = box
    inside = found[round(upper * height) : round(lower * height)]
    inside = inside[:, round(left * width) : round(right * width)]
    return float(inside.clip(0).sum() / found.clip(0).sum())


def test_an_answer_shows_both_and_the_five_labels(explainer: ExplainTask) -> None:
    """The label asked for, or the first; the probabilities are the classifier's."""
    picture = encoded(scene((300, 200)), "JPEG")
    first = explained(explainer, Explain(picture=picture))
    assert first.label == first.top[0].label
    assert (first.image.width, first.image.height) == (2 * 224 + 8, 224)
    fifth = explained(explainer, Explain(picture=picture, label=first.top[4].label))
    assert fifth.probability == pytest.approx(first.top[4].probability)
    assert fifth.image.data != first.image.data


def test_an_unknown_label_is_refused(explainer: ExplainTask) -> None:
    """By its own sentence."""
    (refused,) = answered(explainer, Explain(picture=encoded(scene()), label="unicorn"))
    assert isinstance(refused, Failure)
    assert str(refused.sentence) == f"{LITE} doesn't have that label."


@pytest.mark.parametrize("color", ["gray", "black", "white", "teal"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_plain_picture_has_nothing_to_show(explainer: ExplainTask, color: str, kind: str) -> None:
    """A map of nothing would look like one of something; a label makes no difference."""
    picture = encoded(Image.new("RGB", (300, 200), color), kind)
    refused = answered(explainer, Explain(picture=picture), Explain(picture=picture, label="tabby"))
    for one in refused:
        assert isinstance(one, Failure)
        assert str(one.sentence) == "There is nothing to see in this picture."


def test_a_faint_picture_is_explained(explainer: ExplainTask) -> None:
    """Fog and noise are something."""
    faint = Image.blend(Image.new("RGB", (300, 200), "gray"), scene((300, 200)), 0.1)
    explained(explainer, Explain(picture=encoded(faint)))


def test_a_network_without_places_has_no_map() -> None:
    """It says so."""

    class Flat(nn.Module):
        """A linear layer over all pixels."""

        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 1000)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Return logits (N, 1000)."""
            logits: torch.Tensor = self.linear(x.mean((2, 3)))
            return logits

    with pytest.raises(ValueError, match="no layer with places"):
        hirescam(Flat(), example(1, 32, 32)[0])


def test_colors_lie_where_the_map_is_high() -> None:
    """Gray elsewhere."""
    found = np.zeros((7, 7), np.float32)
    found[0, 0] = 1.0
    image = overlay(Image.new("RGB", (70, 70), (90, 120, 60)), found)
    red, _, blue = image.getpixel((4, 4))  # type: ignore[misc]  # an RGB picture's
    assert red > blue + 40
    assert len({*image.getpixel((60, 60))}) == 1  # type: ignore[misc]  # an RGB picture's
