"""Whether a caption is to be believed, and when a short one is better.

Owns the odds that a caption names what its picture shows, from how readily the decoder said it
and from how likely its nouns are, by numbers that `models.train.caption_export` found on
validation pictures. It reads text and chooses between the caption and the surest noun alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from models.captioning.nouns import PERSON, WIDE, found, is_person, joined, kinds_of, nouns
from models.images.arrays import Array

_LEAST = 1e-3
_NEARLY = 0.6
_BACKGROUND = frozenset({"place", "plant", "furniture", "building", "plate"})
_AROUND = 0.6
"""Where things are, people name less readily than the things."""


@dataclass(frozen=True)
class Judged:
    """What is said in the end, and whether it is a guess."""

    text: str
    guess: bool


@dataclass(frozen=True)
class Certainty:
    """The odds' `weights`, one for each of `features` and a constant.

    A caption less likely right than `alone` gives way to a noun that is likelier, and one less
    likely right than `guess` is a guess.
    """

    weights: Sequence[float]
    alone: float
    guess: float

    def judged(self, text: str, mean: float, likely: Array) -> Judged:
        """Return what to say of a picture, given the best caption of it.

        Args:
            text: The caption.
            mean: Its mean log-probability.
            likely: How likely the picture shows each everyday noun (nouns,).
        """
        right = self.right(text, mean, likely)
        name, share = surest(likely)
        if share > right and (right < self.alone or self._misses(text, name, share)):
            return Judged(nouns()[name].alone, share < self.guess)
        return Judged(text, right < self.guess)

    def right(self, text: str, mean: float, likely: Array) -> float:
        """Return how likely the caption is right."""
        inputs = (*features(text, mean, likely), 1.0)
        odds = sum(weight * value for weight, value in zip(self.weights, inputs, strict=True))
        return 1 / (1 + exp(-odds))

    def _misses(self, text: str, name: str, share: float) -> bool:
        said = {kind for noun in named(text) for kind in kinds_of(noun)}
        return share >= self.guess and not said & set(kinds_of(name))


def features(text: str, mean: float, likely: Array) -> tuple[float, float, float, float]:
    """Return the evidence for a caption: its mean log-probability, and log-odds of nouns.

    They are those of the first noun that it names, of the least likely one, and of the likeliest
    that the picture shows, none less than 0.001 away from the ends. Of people only that there
    are any counts, and words that say little don't.
    """
    every = dict(zip(nouns(), likely.tolist(), strict=True))
    telling = [PERSON if is_person(name) else name for name in named(text) if name not in WIDE]
    shares = [every[name] for name in telling] or [0.0]
    return mean, _odds(shares[0]), _odds(min(shares)), _odds(surest(likely)[1])


def named(text: str) -> list[str]:
    """Return the nouns that a caption names."""
    return found(joined(text.split()))


def surest(likely: Array) -> tuple[str, float]:
    """Return the noun to name first, no person, and how likely it is shown.

    Of a kind and what it holds it is the more exact one, if that is nearly as likely.
    """
    shares = dict(zip(nouns(), likely.tolist(), strict=True))
    best = max(_SUBJECTS, key=lambda name: shares[name] * _SUBJECTS[name])
    while exact := [
        n for n in _SUBJECTS if nouns()[n].kind == best and shares[n] > _NEARLY * shares[best]
    ]:
        best = max(exact, key=lambda name: shares[name])
    return best, shares[best]


def _weights() -> dict[str, float]:
    """Return every noun that is no person and says something, less for what is around things."""
    lines = {name: kinds_of(name) for name in nouns()}
    return {
        name: _AROUND if _BACKGROUND & set(line) else 1.0
        for name, line in lines.items()
        if not is_person(name) and name not in WIDE
    }


def _odds(share: float) -> float:
    share = min(max(share, _LEAST), 1 - _LEAST)
    return log(share / (1 - share))


_SUBJECTS = _weights()
