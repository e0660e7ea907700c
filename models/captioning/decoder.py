"""Our captioner's decoder without torch: one word more for many captions of many pictures at once.

Computes what `models.networks.caption_transformer` does in eval mode, with NumPy, which takes as
long on one thread and a second and 400 MB less to import. It knows token numbers, not words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.images.arrays import Array, softmax
from models.networks.caption_shape import HEAD_CHANNELS, Shape

Tokens: TypeAlias = NDArray[np.int64]
KeyValues: TypeAlias = tuple[Array, Array]

_EPSILON = np.float32(1e-5)


@dataclass(frozen=True)
class State:
    """What a search keeps between two steps, one row a hypothesis, each picture's together.

    `past` holds each layer's keys and values of the words so far (rows, heads, words, width /
    heads), `pictures` each picture's, layer by layer, of what it shows and its tags (heads, 86,
    width / heads). `counts` says how many rows are each picture's.
    """

    past: Sequence[KeyValues]
    pictures: Sequence[Sequence[KeyValues]]
    counts: Sequence[int]

    def rows(self, chosen: Tokens, counts: Sequence[int]) -> "State":
        """Return the state of the hypotheses numbered `chosen`, in that order."""
        return State([(k[chosen], v[chosen]) for k, v in self.past], self.pictures, counts)


class Decoder:
    """The decoder with the `weights` of its state dict, which are so many `bytes`."""

    def __init__(self, weights: Mapping[str, Array], shape: Shape) -> None:
        self.shape = shape
        self.bytes = sum(weight.nbytes for weight in weights.values())
        self._weights = weights
        self._scale = np.float32(shape.width**0.5)

    def standardize(self, cells: Array) -> Array:
        """Return cells (N, 81, 1780) with their fine channels standardized."""
        fine = (cells[..., HEAD_CHANNELS:] - self._weights["fine_mean"]) / self._weights["fine_std"]
        return np.concatenate([cells[..., :HEAD_CHANNELS], fine], -1)

    def start(self, cells: Array, tags: Tokens) -> State:
        """Return the state of one hypothesis without words for each picture.

        Args:
            cells: Standardized cells (N, 81, 1780).
            tags: Words (N, 4) that are said to fit.
        """
        whole = cells[..., :HEAD_CHANNELS].mean(1, keepdims=True)
        seen = [
            self._linear("cell", cells) + self._weights["place"],
            self._linear("whole", whole),
            self._linear("tag", self._weights["word.weight"][tags] * self._scale),
        ]
        memory = self._norm("memory_norm", np.concatenate(seen, 1))
        layers = range(self.shape.layers)
        heads = self.shape.heads
        empty = np.zeros((len(cells), heads, 0, self.shape.width // heads), np.float32)
        pictures = [[self._looked_at(layer, one) for layer in layers] for one in memory]
        return State([(empty, empty) for _ in layers], pictures, [1] * len(cells))

    def step(self, tokens: Tokens, state: State) -> tuple[Array, State]:
        """Return log-probabilities (rows, tokens) after each row's last token (rows,)."""
        at = state.past[0][0].shape[2]
        x = self._weights["word.weight"][tokens] * self._scale + self._weights["position"][at]
        past = []
        for layer, before in enumerate(state.past):
            x, now = self._layer(layer, x, before, state)
            past.append(now)
        x = self._norm("norm", x)
        logits = x @ self._weights["word.weight"].T + self._weights["bias"]
        logits -= logits.max(1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(1, keepdims=True))
        return logits, State(past, state.pictures, state.counts)

    def _layer(
        self, layer: int, x: Array, before: KeyValues, state: State
    ) -> tuple[Array, KeyValues]:
        name = f"layers.{layer}"
        sums = self._linear(f"{name}.self_in", self._norm(f"{name}.norm1", x))
        query, key, value = (self._split(part)[:, :, None] for part in np.split(sums, 3, 1))
        keys, values = (
            np.concatenate([known, new], 2) for known, new in zip(before, (key, value), strict=True)
        )
        seen = _attended(query, keys, values).reshape(x.shape)
        x = x + self._linear(f"{name}.self_out", seen)
        query = self._split(self._linear(f"{name}.look_in", self._norm(f"{name}.norm2", x)))
        seen = self._looked(query, layer, state).reshape(x.shape)
        x = x + self._linear(f"{name}.look_out", seen)
        wide = _gelu(self._linear(f"{name}.widen", self._norm(f"{name}.norm3", x)))
        return x + self._linear(f"{name}.narrow", wide), (keys, values)

    def _looked(self, query: Array, layer: int, state: State) -> Array:
        """Return what each row (rows, heads, width / heads) sees of its own picture."""
        seen = np.empty_like(query)
        begin = 0
        for count, picture in zip(state.counts, state.pictures, strict=True):
            mine = slice(begin, begin + count)
            found = _attended(query[mine].transpose(1, 0, 2), *picture[layer])
            seen[mine] = found.transpose(1, 0, 2)
            begin += count
        return seen

    def _looked_at(self, layer: int, memory: Array) -> KeyValues:
        """Return the keys and values (heads, 86, width / heads) of a picture's memory."""
        key, value = np.split(self._linear(f"layers.{layer}.look_at", memory), 2, 1)
        return self._split(key).transpose(1, 0, 2), self._split(value).transpose(1, 0, 2)

    def _split(self, x: Array) -> Array:
        """(N, width) to (N, heads, width / heads)."""
        return x.reshape(len(x), self.shape.heads, -1)

    def _linear(self, name: str, x: Array) -> Array:
        mapped: Array = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return mapped

    def _norm(self, name: str, x: Array) -> Array:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + _EPSILON)
        normed: Array = x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return normed


def _attended(query: Array, key: Array, value: Array) -> Array:
    """Attend: queries (..., T, D) to keys and values (..., S, D)."""
    scaled: Array = query * np.float32(query.shape[-1] ** -0.5)
    scores: Array = scaled @ key.swapaxes(-1, -2)
    attended: Array = softmax(scores) @ value
    return attended


def _gelu(x: Array) -> Array:
    """Return x * Phi(x), to 2e-7; Phi as Abramowitz and Stegun have it, 7.1.26."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    sums = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        sums = (sums + np.float32(factor)) * t
    upper = sums * np.exp(-z * z) / 2
    result: Array = x * np.where(x < 0, upper, 1 - upper)
    return result
