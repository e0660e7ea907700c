"""The list of everyday nouns: what it must hold, and how nouns are found in a sentence."""

from itertools import pairwise

from models.captioning.nouns import by_name, found, joined, kinds_of, nouns, plural
from models.catalog.classifiers import catalog


def test_a_kind_comes_before_what_it_holds() -> None:
    """Each kind is itself a noun of the list, further up."""
    order = {name: place for place, name in enumerate(nouns())}
    for name, noun in nouns().items():
        assert not noun.kind or order[noun.kind] < order[name]


def test_a_kind_has_the_classes_of_what_it_holds() -> None:
    """A great gray owl is an owl, a bird and an animal."""
    labels = catalog()["efficientnet_lite0"].labels
    owl = labels.index("great grey owl")
    assert [owl in nouns()[name].classes for name in ("owl", "bird", "animal", "dog")] == [
        True,
        True,
        True,
        False,
    ]
    assert {labels[number] for number in nouns()["burger"].classes} == {"cheeseburger"}
    for noun in nouns().values():
        assert noun.classes <= set(range(len(labels)))
        assert not noun.kind or noun.classes <= nouns()[noun.kind].classes


def test_kinds_go_from_near_to_far() -> None:
    """Each is the kind of the one before it."""
    for name in nouns():
        line = kinds_of(name)
        assert line[0] == name
        assert all(nouns()[near].kind == far for near, far in pairwise(line))


def test_nouns_of_two_words_are_one() -> None:
    """A hot dog is no dog, also where there are several."""
    words = joined(["two", "hot", "dogs", "next", "to", "a", "golden", "retriever"])
    assert "hot dogs" in words
    assert found(words) == ["hot dog", "dog"]


def test_a_noun_is_found_by_any_of_its_names() -> None:
    """In their order, none twice, by one or many."""
    assert found(["a", "puppy", "and", "men", "with", "dogs", "near", "sheep"]) == [
        "dog",
        "man",
        "sheep",
    ]
    assert by_name()["cheeseburgers"] == "burger"


def test_plurals() -> None:
    """As English forms them."""
    words = ("bus", "bench", "baby", "toy", "glass", "potato", "goose", "scissors", "box")
    assert [plural(word) for word in words] == [
        "buses",
        "benches",
        "babies",
        "toys",
        "glasses",
        "potatoes",
        "geese",
        "scissors",
        "boxes",
    ]


def test_alone_a_noun_has_an_article() -> None:
    """One that can be counted "a" or "an", another "some"."""
    said = [nouns()[name].alone for name in ("burger", "owl", "unicycle", "milk", "scissors")]
    assert said == ["a burger", "an owl", "a unicycle", "some milk", "some scissors"]
