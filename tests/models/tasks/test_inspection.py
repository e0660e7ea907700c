"""`Inspect` is answered for every kind of model, whether or not its weights are here."""

from typing import NoReturn

import pytest

from models.captioning.records import captioners
from models.catalog.classifiers import catalog
from models.catalog.snippets import script
from models.jobs.answers import Failure, Inspected
from models.jobs.control import Finished
from models.jobs.requests import Inspect
from models.jobs.wire import body_length, frame, from_worker
from models.tasks.inspection import summary
from models.worker.tasks import Tasks


def look(tasks: Tasks, model: str) -> Inspected | Failure:
    """Return the answer of `tasks` to a look inside `model`."""
    (answer,) = tasks.answer(Inspect(model=model))
    assert isinstance(answer, Inspected | Failure)
    return answer


def seen(tasks: Tasks, model: str) -> Inspected:
    """Return what is inside `model`."""
    answer = look(tasks, model)
    assert isinstance(answer, Inspected)
    return answer


def test_resnet101_is_what_was_published(tasks: Tasks) -> None:
    """Parameters, work, preprocessing, labels and paper."""
    found = seen(tasks, "resnet101")
    assert found.parameters == 44_549_160
    assert found.bytes == 178_196_640
    assert found.multiply_adds == pytest.approx(7.80e9, rel=0.001)
    assert "Bottleneck ×23" in found.tree
    assert (found.side, found.labels[207]) == (224, "golden retriever")
    how = found.preparation
    assert how
    assert (how.resize, how.crop, how.interpolation) == (256, 224, "bilinear")
    assert (how.mean, how.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert found.paper == "Deep Residual Learning for Image Recognition"
    assert found.paper_url == "https://arxiv.org/abs/1512.03385"
    assert (found.model, found.weights) == ("resnet101", "IMAGENET1K_V1")
    assert found.script == script(catalog()["resnet101"])


def test_a_later_checkpoint_has_its_own_preprocessing(tasks: Tasks) -> None:
    """The network is the same, the picture's way into it is not."""
    found = seen(tasks, " ResNet101:v2 ")
    assert found.preparation
    assert found.preparation.resize == 232
    assert found.tree == seen(tasks, "resnet101").tree


def test_a_generator_has_no_labels(tasks: Tasks) -> None:
    """Its nine blocks are folded, and there is no script for it."""
    found = seen(tasks, "horse2zebra")
    assert "ResidualBlock ×9" in found.tree
    assert (found.labels, found.preparation, found.script) == ((), None, None)


def test_our_own_generator_has_no_paper(tasks: Tasks) -> None:
    """The zebra that is part of Bobby can be looked into like the published ones."""
    found = seen(tasks, "horse2zebra_small")
    assert found.parameters == 919_204
    assert sum(kind.parameters for kind in found.layers) == 919_204
    assert found.multiply_adds
    assert found.paper is None


def test_the_captioner_is_two_networks(tasks: Tasks) -> None:
    """The classifier that looks, and the transformer that speaks."""
    found = seen(tasks, "caption_small")
    assert "  encoder: EfficientNetLite0" in found.tree
    assert "  decoder: CaptionTransformer" in found.tree
    assert found.parameters == 4_652_008 + 3_818_159
    assert sum(kind.parameters for kind in found.layers) == found.parameters
    assert found.bytes == 4 * found.parameters
    assert (found.model, found.weights) == (
        "caption_small",
        captioners()["caption_small"].checkpoint.name,
    )
    assert found.multiply_adds is None


def test_the_published_captioner_is_known_without_its_files(tasks: Tasks) -> None:
    """Its encoder is ResNet-101 in Caffe's form."""
    found = seen(tasks, "neuraltalk2")
    assert "CaffeBottleneck ×23" in found.tree
    assert found.parameters == 55_901_008


def test_an_unknown_name_gets_suggestions(tasks: Tasks) -> None:
    """As with the other tasks."""
    answer = look(tasks, "resnet10l")
    assert isinstance(answer, Failure)
    assert answer.code == "unknown_model"
    assert "resnet101" in str(answer.sentence)


def test_a_look_that_fails_is_a_sentence(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own; whatever else is asked is answered."""

    def fail(_: object) -> NoReturn:
        raise RuntimeError("a secret of the machine's")

    with monkeypatch.context() as broken:
        broken.setattr(summary, "tree", fail)
        answer = look(tasks, "vgg11")
    assert isinstance(answer, Failure)
    assert answer.code == "model_failed"
    assert "I can't inspect vgg11" in str(answer.sentence)
    assert "secret" not in str(answer.sentence)
    assert seen(tasks, "vgg11").model == "vgg11"


def test_a_look_is_taken_once(tasks: Tasks) -> None:
    """Nothing about a network changes."""
    assert look(tasks, "alexnet") is look(tasks, "alexnet")


def test_it_crosses_the_seam(tasks: Tasks) -> None:
    """What the worker sends is what the bot reads."""
    sent = Finished(id=1, result=seen(tasks, "alexnet"))
    framed = frame(sent)
    assert body_length(framed[:4]) == len(framed) - 4
    assert from_worker(framed[4:]) == sent
