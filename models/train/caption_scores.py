"""BLEU-4, CIDEr-D and variety of captions, for `models.train.caption` and its evaluation.

Owns the use of pycocoevalcap (the extra `train`); the captions are compared as plain lower-case
tokens, without its Java tokenizer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider


@dataclass(frozen=True)
class Scores:
    """`bleu4` in percent, `cider_d` as published (1.0 is 100), and what is said how often."""

    bleu4: float
    cider_d: float
    captions: int
    distinct: int
    words: int


def scores(said: Mapping[str, str], references: Mapping[str, Sequence[str]]) -> Scores:
    """Return how well `said`, a caption a picture, agrees with the pictures' references."""
    wanted = {name: list(references[name]) for name in said}
    given = {name: [text] for name, text in said.items()}
    bleu, _ = Bleu(4).compute_score(wanted, given, verbose=0)
    cider, _ = Cider().compute_score(wanted, given)
    return Scores(
        bleu4=100 * bleu[3],
        cider_d=float(cider),
        captions=len(said),
        distinct=len(set(said.values())),
        words=len({word for text in said.values() for word in text.split()}),
    )


def each_cider_d(
    said: Mapping[str, str], references: Mapping[str, Sequence[str]]
) -> npt.NDArray[np.float64]:
    """Return the CIDEr-D of each of `said`, in its order, rarity being that of the references."""
    wanted = {name: list(references[name]) for name in said}
    _, each = Cider().compute_score(wanted, {name: [text] for name, text in said.items()})
    return np.asarray(each)
