"""Which everyday nouns a picture shows, and how surely.

Owns a small linear head over the encoder's map, beside what the classifier says: where the
training pictures knew a noun, its row was learned from them; else it is the probability of the
classes that show it. `models.captioning.small` has the numbers in its file and uses the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from models.captioning.nouns import DOG, PERSON, WIDE, by_name, is_person, kinds_of, nouns
from models.captioning.search import SearchOptions
from models.networks.caption_transformer import END, TAGS

_LEAST = 1e-4
"""A class's share below this says nothing more."""


@dataclass(frozen=True)
class Tagger:
    """The head: `weight` (nouns, 1280), `trust` in the classes and `bias` (nouns,), in order."""

    weight: Tensor
    trust: Tensor
    bias: Tensor

    def probabilities(self, pooled: Tensor, classes: Tensor) -> Tensor:
        """Return how likely each picture shows each noun (N, nouns).

        Args:
            pooled: The head's map, its mean over the picture's cells, (N, 1280).
            classes: The classifier's logits (N, 1000).
        """
        logits = pooled @ self.weight.T + class_evidence(classes) * self.trust + self.bias
        return with_kinds(logits.sigmoid())


def class_evidence(classes: Tensor) -> Tensor:
    """Return the log-odds (N, nouns) that a picture's class is one that shows the noun."""
    shares = classes.softmax(1) @ membership()
    shares = shares.clamp(_LEAST, 1 - _LEAST)
    return torch.log(shares / (1 - shares))


@cache
def membership() -> Tensor:
    """Return (1000, nouns), one where the class shows the noun."""
    matrix = torch.zeros(1000, len(nouns()))
    for column, noun in enumerate(nouns().values()):
        matrix[list(noun.classes), column] = 1
    return matrix


def with_kinds(likely: Tensor) -> Tensor:
    """Return `likely` (N, nouns) with no kind less likely than what it holds."""
    return (likely[:, None] * _holding()).amax(2)


@cache
def _holding() -> Tensor:
    """Return (nouns, nouns), one where the row's noun is the column's or holds it."""
    place = {name: index for index, name in enumerate(nouns())}
    matrix = torch.zeros(len(place), len(place))
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


def tags_of(likely: Tensor, least: float = TOLD) -> list[str]:
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
        self._group = torch.tensor([place[name] if name else 0 for name in meant])
        self._place = place
        self._usual = {
            usual: [index for name, index in place.items() if usual in kinds_of(name)]
            for usual in _USUAL
        }

    def of(self, likely: Tensor) -> SearchOptions:
        """Return the wish for a picture that shows each noun so likely (nouns,)."""
        tags = [self._number[name] for name in tags_of(likely)[:TAGS]]
        lift = torch.zeros(len(self._place) + 1)
        for name in tags_of(likely, SURE):
            if not is_person(name):
                lift[self._place[name]] = LIFT
        for usual, members in self._usual.items():
            if likely[self._place[usual] - 1] < _UNLIKELY:
                lift[members] = -torch.inf
        return SearchOptions(torch.tensor(tags + [END] * (TAGS - len(tags))), self._group, lift)
