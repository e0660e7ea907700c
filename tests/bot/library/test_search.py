"""Which models a few words mean."""

import pytest

from bot.core.errors import UnknownModel
from bot.library.search import (
    COMPARED,
    MOST_COMPARED,
    models_to_compare,
    named,
    search,
    without_talk,
)
from models.jobs.model_info import ModelInfo


def card(
    name: str, *, task: str = "classify", family: str | None = None, ready: bool = False
) -> ModelInfo:
    """Return the card of a model."""
    return ModelInfo(
        name=name,
        task=task,  # type: ignore[arg-type]  # a test's few names are right
        parameters=1,
        weights="W",
        source="S",
        license="L",
        ready=ready,
        family=family,
        year=2015,
    )


CARDS = (
    card("resnet18", family="resnet"),
    card("resnet50", family="resnet", ready=True),
    card("wide_resnet50_2", family="wide_resnet"),
    card("horse2zebra", task="translate", family="cyclegan", ready=True),
    card("caption_small", task="caption", ready=True),
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("resnet", ["resnet50", "resnet18", "wide_resnet50_2"]),
        ("RESNET 50", ["resnet50", "wide_resnet50_2"]),
        ("family:resnet", ["resnet50", "resnet18"]),
        ("task:translate", ["horse2zebra"]),
        ("cyclegan", ["horse2zebra"]),
        ("zebras", ["horse2zebra"]),
        ("captioner", ["caption_small"]),
        ("Captions", ["caption_small"]),
        ("classifiers ready", ["resnet50"]),
        ("s", ["caption_small", "horse2zebra", "resnet50", "resnet18", "wide_resnet50_2"]),
        ("ready resnet", ["resnet50"]),
        ("task:", []),
        ("none", []),
        ("**", []),
    ],
)
def test_words_find_models(query: str, found: list[str]) -> None:
    """Every word has to fit; what is ready comes first."""
    assert [card.name for card in search(CARDS, query)] == found


def test_no_words_find_all() -> None:
    """None is left out."""
    assert len(search(CARDS, " ")) == len(CARDS)


def test_a_slip_of_the_pen_is_told() -> None:
    """The nearest names, and no markup of the requester's."""
    assert named(CARDS, " ResNet50 ").name == "resnet50"
    with pytest.raises(UnknownModel, match="Did you mean resnet50 or"):
        named(CARDS, "resnet5O")
    with pytest.raises(UnknownModel, match=r"“\\\*\\\*\\\[qqqq\\\]\(”"):
        named(CARDS, "**[qqqq](")


def test_those_that_are_here_are_compared() -> None:
    """In the order of their names within a year; who is missing is said."""
    cards = [card(name, ready=name in {"vgg16", "alexnet"}) for name in COMPARED]
    wanted = models_to_compare(cards, [])
    assert [one.name for one in wanted.here] == ["alexnet", "vgg16"]
    assert set(wanted.absent) == set(COMPARED) - {"alexnet", "vgg16"}


def test_where_none_of_the_usual_is_here_others_stand_in() -> None:
    """Every classifier that is here, up to as many as fit."""
    others = [card(f"other{n}", ready=True) for n in range(20)]
    wanted = models_to_compare([*map(card, COMPARED), *others], [])
    assert len(wanted.here) == MOST_COMPARED
    assert all(one.name.startswith("other") for one in wanted.here)


def test_names_are_taken_at_their_word() -> None:
    """Once each, with none beside them, and only classifiers."""
    cards = [*CARDS, *(card(name, ready=True) for name in COMPARED)]
    wanted = models_to_compare(cards, ["alexnet", "resnet18", "alexnet"])
    assert [one.name for one in wanted.here] == ["alexnet"]
    assert wanted.absent == ("resnet18",)
    with pytest.raises(UnknownModel, match="Not installed"):
        models_to_compare(cards, ["resnet18"])
    with pytest.raises(UnknownModel, match="horse2zebra"):
        models_to_compare(cards, ["horse2zebra"])


@pytest.mark.parametrize(
    ("words", "model"),
    [
        ("what is this?", ""),
        ("lol", ""),
        ("ResNet50", "ResNet50"),
        ("resnet5x", "resnet5x"),
        ("hub/unheard", "hub/unheard"),
        ("", ""),
    ],
)
def test_talk_is_no_model(words: str, model: str) -> None:
    """It is told; a slip of a name is left for the refusal that knows the nearest."""
    name, note = without_talk(CARDS, words)
    assert name == model
    assert note == (None if model == words else f"“{words}” isn't a model, so I used the default.")
    assert without_talk((), words) == (words, None)
