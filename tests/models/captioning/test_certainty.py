"""Whether a caption is believed, and what is said in its place."""

import numpy as np
import pytest

from models.captioning.certainty import Certainty, features, surest
from models.captioning.nouns import nouns
from models.captioning.tags import with_kinds
from models.images.arrays import Array

_BY_NOUN = Certainty(weights=(0.0, 1.0, 0.0, 0.0, 0.0), alone=0.3, guess=0.5)
"""As likely right as the first noun is shown."""


def _likely(**shares: float) -> Array:
    likely = np.zeros((1, len(nouns())), np.float32)
    for name, share in shares.items():
        likely[0, list(nouns()).index(name)] = share
    shown: Array = with_kinds(likely)[0]
    return shown


def test_a_likely_caption_is_said() -> None:
    """And is no guess; a less likely one is, though nothing better is known."""
    sure = _BY_NOUN.judged("a cat on a couch", -0.5, _likely(cat=0.8))
    assert (sure.text, sure.guess) == ("a cat on a couch", False)
    unsure = _BY_NOUN.judged("a cat on a couch", -0.5, _likely(cat=0.4))
    assert (unsure.text, unsure.guess) == ("a cat on a couch", True)


def test_a_wrong_caption_gives_way_to_a_sure_noun() -> None:
    """A short true sentence is better than a long one that misses it."""
    said = _BY_NOUN.judged("a man on a couch", -0.5, _likely(burger=0.9, man=0.1))
    assert (said.text, said.guess) == ("a burger", False)


def test_a_likely_noun_alone_may_be_a_guess() -> None:
    """Then it is marked as one."""
    said = _BY_NOUN.judged("a man on a couch", -0.5, _likely(burger=0.4, man=0.1))
    assert (said.text, said.guess) == ("a burger", True)


def test_a_caption_that_names_it_stays() -> None:
    """However sure the noun is; its kind will do."""
    likely = _likely(owl=0.9)
    assert _BY_NOUN.judged("a bird on a branch", -0.5, likely).text == "a bird on a branch"


def test_evidence_is_in_log_odds() -> None:
    """Of the first noun, the least likely one, and the surest; a caption without nouns has none."""
    mean, first, least, best = features("a cat and a dog", -0.7, _likely(cat=0.5, dog=0.9))
    assert mean == -0.7
    assert first == pytest.approx(0.0, abs=1e-6)
    assert least == first
    assert best == pytest.approx(2.1972, abs=1e-3)
    assert features("green and blue", -1.0, _likely(cat=0.5))[1] < -6


def test_the_surest_noun_is_exact_and_no_person() -> None:
    """An owl before a bird, a cat before the couch below it, and never the man beside it."""
    assert surest(_likely(owl=0.8, bird=0.9, man=0.99))[0] == "owl"
    assert surest(_likely(owl=0.2, bird=0.9))[0] == "bird"
    assert surest(_likely(cat=0.7, couch=0.9))[0] == "cat"
