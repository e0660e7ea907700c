"""Which everyday nouns a picture shows, and how surely.

Owns a small linear head over the encoder's map, beside what the classifier says: where the
training pictures knew a noun, its row was learned from them; else it is the probability of the
classes that show it. `models.captioning.small` has the numbers in its file and uses the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from models.captioning.nouns import DOG, PERSON, WIDE, by_name, is_person, kinds_of, nouns
from models.captioning.search import SearchOptions
from models.images.arrays import Array, softmax
from models.networks.caption_shape import END, TAGS

_LEAST = 1e-4
"""A class's share below this says nothing more."""


@dataclass(frozen=True)
class Tagger:
    """The head: `weight` (nouns, 1280), `trust` in the classes and `bias` (nouns,), in order."""

    weight: Array
    trust: Array
    bias: Array

    def probabilities(self, pooled: Array, classes: Array) -> Array:
        """Return how likely each picture shows each noun (N, nouns).

        Args:
            pooled: The head's map, its mean over the picture's cells, (N, 1280).
            classes: The classifier's logits (N, 1000).
        """
        logits = pooled @ self.weight.T + class_evidence(classes) * self.trust + self.bias
        return with_kinds((1 / (1 + np.exp(-logits))).astype(np.float32))


def class_evidence(classes: Array) -> Array:
    """Return the log-odds (N, nouns) that a picture's class is one that shows the noun."""
    shares = softmax(classes) @ membership()
    shares = shares.clip(_LEAST, 1 - _LEAST)
    evidence: Array = np.log(shares / (1 - shares))
    return evidence


@cache
def membership() -> Array:
    """Return (1000, nouns), one where the class shows the noun."""
    matrix = np.zeros((1000, len(nouns())), np.float32)
    for column, noun in enumerate(nouns().values()):
        matrix[list(noun.classes), column] = 1
    return matrix


def with_kinds(likely: Array) -> Array:
    """Return `likely` (N, nouns) with no kind less likely than what it holds."""
    found: Array = (likely[:, None] * _holding()).max(2)
    return found


@cache
def _holding() -> Array:
    """Return (nouns, nouns), one where the row's noun is the column's or holds it."""
    place = {name: index for index, name in enumerate(nouns())}
    matrix = np.zeros((len(place), len(place)), np.float32)
    for name, column in place.items():
        matrix[[place[kind] for kind in kinds_of(name)], column] = 1
    return matrix


TOLD = 0.3
"""A noun that is as likely is told to the decoder."""

SURE = 0.5
LIFT = 3.0
"""A noun that is surer lifts the captions that name it by up to this."""

_UNLIKELY = 0.1
_USUAL = (PERSON, DOG)
"""What the decoder says too readily, and may not say where it is so unlikely."""


def tags_of(likely: Array, least: float = TOLD) -> list[str]:
    """Return one picture's nouns, the likeliest first, without kinds that say less or little."""
    shares = zip(nouns().values(), likely.tolist(), strict=True)
    shown = [(share, noun) for noun, share in shares if share >= least and noun.name not in WIDE]
    kinds = {noun.kind for _, noun in shown}
    shown.sort(key=lambda one: -one[0])
    return [noun.name for _, noun in shown if noun.name not in kinds]


class Wishes:
    """Makes of a picture's nouns what a search among `words` should and must not name."""

    def __init__(self, words: Sequence[str]) -> None:
        self._number = {word: token for token, word in enumerate(words)}
        place = {name: index + 1 for index, name in enumerate(nouns())}
        meant = [by_name().get(word) for word in words]
        self._group = np.array([place[name] if name else 0 for name in meant])
        self._place = place
        self._usual = {
            usual: [index for name, index in place.items() if usual in kinds_of(name)]
            for usual in _USUAL
        }

    def of(self, likely: Array) -> SearchOptions:
        """Return the wish for a picture that shows each noun so likely (nouns,)."""
        tags = [self._number[name] for name in tags_of(likely)[:TAGS]]
        lift = np.zeros(len(self._place) + 1, np.float32)
        for name in tags_of(likely, SURE):
            if not is_person(name):
                lift[self._place[name]] = LIFT
        for usual, members in self._usual.items():
            if likely[self._place[usual] - 1] < _UNLIKELY:
                lift[members] = -np.inf
        return SearchOptions(np.array(tags + [END] * (TAGS - len(tags))), self._group, lift)
