"""`Untrained` answers with random weights: the same each time, marked, and nowhere else."""

from typing import NoReturn

import pytest
import torch

from models.catalog.classifiers import catalog
from models.jobs.answers import Answer, Failure, Labels
from models.jobs.requests import Classify, Untrained
from models.tasks import untrained
from models.tasks.untrained import WEIGHTS, beginning
from models.worker.tasks import Tasks
from tests.models.pictures import encoded, scene

PICTURE = encoded(scene())


def ask(tasks: Tasks, job: Untrained | Classify) -> Answer | Failure:
    """Return the answer of `tasks` to `job`."""
    (answer,) = tasks.answer(job)
    return answer


def guess(tasks: Tasks, model: str) -> Labels:
    """Return what the untrained `model` makes of a picture."""
    answer = ask(tasks, Untrained(picture=PICTURE, model=model))
    assert isinstance(answer, Labels)
    return answer


def test_garbage_is_the_same_each_time(tasks: Tasks) -> None:
    """The seed is fixed, and the rest of the process keeps its own chance."""
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    first, second = guess(tasks, "resnet18"), guess(tasks, "resnet18")
    assert first.top == second.top
    assert torch.rand(1) == expected


def test_it_is_ready_to_answer() -> None:
    """With what its layers do when they answer, not when they learn."""
    network = beginning(catalog()["alexnet"])
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_network_that_fails_fails_alone(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others of its batch are answered."""

    def fail(*_: object) -> NoReturn:
        raise RuntimeError("a secret of the machine's")

    job = Untrained(picture=PICTURE, model="resnet18")
    with monkeypatch.context() as broken:
        broken.setattr(untrained, "beginning", fail)
        first = ask(tasks, job)
    second = ask(tasks, job)
    assert isinstance(first, Failure)
    assert first.code == "model_failed"
    assert "untrained resnet18 hit an error" in str(first.sentence)
    assert isinstance(second, Labels)


def test_garbage_says_that_it_is(tasks: Tasks) -> None:
    """The receipt has no checkpoint's name."""
    answer = guess(tasks, "resnet18")
    assert (answer.model, answer.weights) == ("resnet18", WEIGHTS)
    assert answer.top[0].probability < 0.2


def test_it_is_not_what_the_weights_say(tasks: Tasks) -> None:
    """The same network, whose weights are here, says something else, before and after."""
    before = ask(tasks, Classify(picture=PICTURE, model="efficientnet_lite0"))
    untrained = guess(tasks, "efficientnet_lite0")
    after = ask(tasks, Classify(picture=PICTURE, model="efficientnet_lite0"))
    assert isinstance(before, Labels)
    assert isinstance(after, Labels)
    assert before.top == after.top
    assert untrained.top[0].label != before.top[0].label
    assert after.weights == "ImageNet-1K"


def test_a_classifier_without_weights_never_answers_so(tasks: Tasks) -> None:
    """Although its untrained network has just answered, another model stands in."""
    guess(tasks, "resnet18")
    answer = ask(tasks, Classify(picture=PICTURE, model="resnet18"))
    assert isinstance(answer, Labels)
    assert answer.model == "efficientnet_lite0"


def test_the_largest_are_refused(tasks: Tasks) -> None:
    """A billion random numbers for a joke are too many."""
    answer = ask(tasks, Untrained(picture=PICTURE, model="regnet_y_128gf"))
    assert isinstance(answer, Failure)
    assert "645 million" in str(answer.sentence)


def test_a_bad_picture_and_a_wrong_name_fail(tasks: Tasks) -> None:
    """With the sentences of every other task."""
    bad = ask(tasks, Untrained(picture=b"no picture", model="resnet18"))
    wrong = ask(tasks, Untrained(picture=PICTURE, model="horse2zebra"))
    assert isinstance(bad, Failure)
    assert isinstance(wrong, Failure)
    assert (bad.code, wrong.code) == ("not_a_picture", "unknown_model")
