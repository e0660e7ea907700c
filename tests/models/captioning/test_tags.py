"""From a picture's evidence to nouns, and from those to what a search should name."""

import math

import numpy as np
import pytest

from models.captioning.nouns import nouns
from models.captioning.tags import SURE, Tagger, Wishes, tags_of, with_kinds
from models.images.arrays import Array
from models.networks.caption_shape import END, TAGS

_PLACE = {name: index for index, name in enumerate(nouns())}
_WORDS = ("<end>", "<unk>", "a", *nouns(), "dogs", "puppy", "men")


def _likely(**shares: float) -> Array:
    likely = np.zeros(len(nouns()), np.float32)
    for name, share in shares.items():
        likely[_PLACE[name]] = share
    return likely


def test_an_unlearned_noun_is_as_likely_as_its_classes() -> None:
    """What the classifier gives to owls goes to the owl, and no kind is less likely."""
    count = len(nouns())
    sizes = (((count, 1280), 0), (count, 1), (count, 0))
    tagger = Tagger(*(np.full(size, fill, np.float32) for size, fill in sizes))
    classes = np.full((1, 1000), -20, np.float32)
    classes[0, 24], classes[0, 22] = 1.0, 0.0
    likely = tagger.probabilities(np.ones((1, 1280), np.float32), classes)[0]
    share = math.exp(1) / (math.exp(1) + 1)
    assert float(likely[_PLACE["owl"]]) == pytest.approx(share, abs=1e-3)
    assert float(likely[_PLACE["eagle"]]) == pytest.approx(1 - share, abs=1e-3)
    assert likely[_PLACE["animal"]] >= likely[_PLACE["bird"]] > 0.99


def test_a_kind_is_as_likely_as_what_it_holds() -> None:
    """All the way up, and nothing else changes."""
    likely = with_kinds(_likely(owl=0.8, bird=0.1, dog=0.3)[None])[0]
    shown = {name: float(likely[place]) for name, place in _PLACE.items() if likely[place]}
    assert shown == pytest.approx({"owl": 0.8, "bird": 0.8, "animal": 0.8, "dog": 0.3})


def test_tags_are_exact_and_likely() -> None:
    """The likeliest first, none that is only the kind of another."""
    likely = with_kinds(_likely(owl=0.8, car=0.9, cat=0.2)[None])[0]
    assert tags_of(likely, 0.5) == ["car", "owl"]


def test_a_wish_tells_and_lifts_what_is_sure() -> None:
    """Every word for a sure noun is lifted; what is only likely is told."""
    wish = Wishes(_WORDS).of(with_kinds(_likely(dog=SURE + 0.1, car=SURE - 0.1, man=0.9)[None])[0])
    told = [_WORDS[token] for token in wish.tags.tolist()]
    assert told == ["man", "dog", "car", *["<end>"] * (TAGS - 3)]
    lift = dict(zip(_WORDS, wish.lift[wish.group].tolist(), strict=True))
    assert lift["dog"] == lift["dogs"] == lift["puppy"] > 0
    assert lift["car"] == lift["man"] == lift["a"] == lift["cat"] == 0


def test_people_and_dogs_need_evidence() -> None:
    """Where they are very unlikely they can't be named, in no word for them."""
    lift = Wishes(_WORDS).of(_likely(burger=0.9))
    barred = {_WORDS[token] for token in np.flatnonzero(np.isneginf(lift.lift[lift.group]))}
    assert {"dog", "dogs", "puppy", "person", "man", "men", "child"} <= barred
    assert not {"a", "burger", "hot dog", "cat"} & barred
    assert _WORDS[END] not in barred
