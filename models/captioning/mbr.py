"""Which of several captions says best what all of them say.

Owns the measure, CIDEr-D (Vedantam, Zitnick, Parikh, 2015), between the candidates themselves:
the one that agrees most with the others is the least risky answer (minimum Bayes risk decoding).
`models.captioning.small` gives it token rows and keeps the order; it knows no network and no words.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Gram: TypeAlias = tuple[int, ...]
Array: TypeAlias = npt.NDArray[np.float64]

_LONGEST = 4
_SIGMA = 6.0
"""Tokens of difference in length at which agreement falls to exp(-1/2), as in CIDEr-D."""


@dataclass(frozen=True)
class DocumentFrequency:
    """How many of `pictures` pictures had an n-gram in a caption; absent from `seen` means once."""

    pictures: int
    seen: Mapping[Gram, int]

    def weight(self, gram: Gram) -> float:
        """Return the n-gram's inverse document frequency, a natural logarithm."""
        return log(self.pictures / self.seen.get(gram, 1))


def mbr_scores(
    captions: Sequence[Sequence[int]], shares: Sequence[float], rarity: DocumentFrequency
) -> Array:
    """Return how far each caption agrees with all of them, each weighted by its share, in [0, 1].

    A caption's agreement with itself counts too, so that a likely one gains from its likelihood.
    """
    lengths = np.array([len(caption) for caption in captions], dtype=float)
    close = np.exp(-((lengths[:, None] - lengths[None]) ** 2) / (2 * _SIGMA**2))
    overlap = sum(_overlap(captions, n, rarity) for n in range(1, _LONGEST + 1)) / _LONGEST
    weights = np.array(shares, dtype=float)
    result: Array = (overlap * close) @ (weights / weights.sum())
    return result


def _overlap(captions: Sequence[Sequence[int]], n: int, rarity: DocumentFrequency) -> Array:
    """Return CIDEr-D's clipped cosine of n-gram vectors: rows candidates, columns references."""
    counts = [Counter(_grams(caption, n)) for caption in captions]
    column = {gram: index for index, gram in enumerate(dict.fromkeys(g for c in counts for g in c))}
    vectors = np.zeros((len(captions), len(column)))
    for row, count in enumerate(counts):
        for gram, times in count.items():
            vectors[row, column[gram]] = times * rarity.weight(gram)
    norms = np.linalg.norm(vectors, axis=1)
    clipped = np.minimum(vectors[:, None], vectors[None])
    products = np.einsum("hrk,rk->hr", clipped, vectors)
    scale = norms[:, None] * norms[None]
    cosines: Array = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    return cosines


def _grams(caption: Sequence[int], n: int) -> list[Gram]:
    return [tuple(caption[at : at + n]) for at in range(len(caption) - n + 1)]
