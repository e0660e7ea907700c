"""Our own small captioner: the cells of pictures to English sentences, without a network.

Owns the shipped file (`models/pretrained/caption_small.safetensors`, made by
`models.train.caption`) and the choice among the captions that a search finds. What the picture is
sure to show is `models.captioning.tags`', whether to believe a caption that of
`models.captioning.certainty`. The cells come from `models.networks.lite_maps`; what people read
around a caption is the caller's. One thread at a time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from models.captioning.certainty import Certainty
from models.captioning.decoder import Decoder
from models.captioning.grammar import flawed
from models.captioning.mbr import DocumentFrequency, Gram, mbr_scores
from models.captioning.search import SearchResult, search
from models.captioning.tags import Tagger, Wishes
from models.images.arrays import Array
from models.networks.caption_shape import HEAD_CHANNELS, Shape

WEIGHTS = Path(__file__).parents[1] / "pretrained" / "caption_small.safetensors"

DEFAULT_BEAMS, MAX_BEAMS = 5, 10
ALTERNATIVES = 3

SAMPLES = 24
"""Captions drawn beside the beams, so that the choice has something to choose from."""

TEMPERATURE = 0.7
BEAM_SHARE = 0.3
"""What all beams together weigh against all samples in the choice; chosen on validation, as the
temperature was."""

NAMING = 0.1
"""What a caption gains in the choice for each unit by which it was lifted."""

_LIKE_YOU = ("uni", "use", "eu", "one")
"""Words that begin so take "a" though they begin with a vowel's letter."""


@dataclass(frozen=True)
class Caption:
    """A picture's caption, lower-case, without a full stop.

    `log_probability` is the mean over the words and the end of the best sentence found, which a
    surer noun alone may have replaced; `guess` says that what is said is not likely enough right.
    `alternatives` are up to three others, best first.
    """

    text: str
    log_probability: float
    guess: bool
    alternatives: tuple[str, ...]


def shape(path: Path = WEIGHTS) -> Shape:
    """Return the sizes of the decoder in the file at `path`, whose weights are not read."""
    with safe_open(path, framework="np") as file:
        return Shape(**json.loads(file.metadata()["captioner"])["shape"])


def contents(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the tensors of the file at `path`, the large ones in 8 bits."""
    with safe_open(path, framework="np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        return json.loads(file.metadata()["captioner"]), tensors


class Captioner:
    """The decoder with its weights, which are so many `bytes`, and words, ready to caption."""

    def __init__(
        self,
        decoder: Decoder,
        words: Sequence[str],
        rarity: DocumentFrequency,
        tagger: Tagger,
        certainty: Certainty,
    ) -> None:
        self._decoder = decoder
        self.bytes = decoder.bytes + tagger.weight.nbytes
        self._words = words
        self._rarity = rarity
        self.tagger = tagger
        self._certainty = certainty
        self._wishes = Wishes(words)

    @staticmethod
    def load(path: Path = WEIGHTS) -> "Captioner":
        """Return the captioner in the file at `path`."""
        header, tensors = contents(path)
        grams, seen = tensors.pop("grams"), tensors.pop("grams.seen")
        full = dequantized(tensors)
        tagger = Tagger(*(full.pop(f"tagger.{part}") for part in ("weight", "trust", "bias")))
        decoder = Decoder(full, Shape(**header["shape"]))
        rarity = DocumentFrequency(header["pictures"], _counts(grams, seen))
        return Captioner(decoder, header["words"], rarity, tagger, Certainty(**header["certainty"]))

    def caption(self, cells: Array, classes: Array, beams: Sequence[int]) -> list[Caption]:
        """Return a caption for each picture, in order; it does not depend on its batch.

        Args:
            cells: What the encoder makes of the pictures (N, 81, 1780).
            classes: What the classifier makes of that, its logits (N, 1000).
            beams: How many captions to follow for each picture.

        Raises:
            ValueError: One of `beams` is not between 1 and `MAX_BEAMS`.
        """
        for one in beams:
            if not 1 <= one <= MAX_BEAMS:
                raise ValueError(f"beams should be from 1 to {MAX_BEAMS}, but it is {one}")
        likely = self.likely(cells, classes)
        ranked = self.ranked(self._decoder.standardize(cells), likely, beams)
        return [self._presented(*one) for one in zip(ranked, likely, strict=True)]

    def likely(self, cells: Array, classes: Array) -> Array:
        """Return how likely each picture shows each everyday noun (N, nouns)."""
        return self.tagger.probabilities(cells[..., :HEAD_CHANNELS].mean(-2), classes)

    def ranked(self, cells: Array, likely: Array, beams: Sequence[int]) -> list[list[SearchResult]]:
        """Return the captions found for each picture's standardized cells, the best first.

        One beam follows the likeliest word. More beams are searched together with drawn
        captions, and the one that agrees most with all of them, by their likelihood, is the best,
        those without slips before those with one.
        """
        wishes = [self._wishes.of(one) for one in likely]
        draws = [0 if one == 1 else SAMPLES for one in beams]
        both = search(self._decoder, cells, wishes, beams, draws=draws, temperature=TEMPERATURE)
        return [self._best_first(found, drawn) if drawn else found for found, drawn in both]

    def _best_first(
        self, found: Sequence[SearchResult], drawn: Sequence[SearchResult]
    ) -> list[SearchResult]:
        shares = [exp(caption.score) for caption in found]
        weighed = [
            (caption, BEAM_SHARE * w / sum(shares))
            for caption, w in zip(found, shares, strict=True)
        ]
        weighed += [(caption, 1 / len(drawn)) for caption in drawn]
        # By tokens: a beam's and a sample's log-probability of one caption differ by rounding.
        captions: dict[tuple[int, ...], SearchResult] = {}
        weights: dict[tuple[int, ...], float] = {}
        for caption, share in weighed:
            captions.setdefault(caption.tokens, caption)
            weights[caption.tokens] = weights.get(caption.tokens, 0.0) + share
        rows = list(captions)
        scores = mbr_scores(rows, list(weights.values()), self._rarity)
        scores = scores + np.array([NAMING * captions[row].lifted for row in rows])
        best = [captions[rows[index]] for index in (-scores).argsort(kind="stable")]
        return sorted(best, key=lambda caption: flawed(self.text(caption.tokens)))

    def _presented(self, found: Sequence[SearchResult], likely: Array) -> Caption:
        texts = [self.text(caption.tokens) for caption in found[: ALTERNATIVES + 1]]
        answer = self._certainty.judged(texts[0], found[0].mean, likely)
        others = tuple(text for text in texts if text != answer.text)[:ALTERNATIVES]
        return Caption(answer.text, found[0].mean, answer.guess, others)

    def text(self, tokens: Sequence[int]) -> str:
        """Return the caption that `tokens` mean."""
        words = [self._words[token] for token in tokens]
        return " ".join(map(_article, words, [*words[1:], ""]))


def _article(word: str, following: str) -> str:
    """Return `word`, or the form of "a" that goes with what follows."""
    if word not in ("a", "an") or not following:
        return word
    return "an" if following[0] in "aeiou" and not following.startswith(_LIKE_YOU) else "a"


def quantized(state: Mapping[str, Array]) -> dict[str, NDArray[Any]]:
    """Return `state` with each matrix in 8 bits, a scale a row, and the rest in 16."""
    small: dict[str, NDArray[Any]] = {}
    for name, tensor in state.items():
        if tensor.ndim < 2:
            small[name] = tensor.astype(np.float16)
            continue
        scale = np.abs(tensor).max(1, keepdims=True).clip(1e-8) / 127
        small[name] = (tensor / scale).round().astype(np.int8)
        small[f"{name}.scale"] = scale
    return small


def dequantized(small: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """Return what `quantized` made small, in full size; what it lost stays lost."""
    return {
        name: tensor.astype(np.float32) * small[f"{name}.scale"]
        if tensor.dtype == np.int8
        else tensor.astype(np.float32)
        for name, tensor in small.items()
        if not name.endswith(".scale")
    }


def _counts(grams: NDArray[np.int16], seen: NDArray[np.int16]) -> dict[Gram, int]:
    """Return n-grams, the rows of `grams` filled up with -1, with their counts."""
    rows: list[list[Any]] = grams.tolist()
    return {
        tuple(token for token in row if token >= 0): count
        for row, count in zip(rows, seen.tolist(), strict=True)
    }
