"""Our captioner's decoder: a small transformer that reads the cells of `models.networks.lite_maps`.

Owns the network as it is trained: `forward` over whole captions at once, and `start` / `step`, word
by word with cached keys and values. `models.captioning.decoder` is the same for answering, without
torch. It knows token numbers, not words, and opens no file.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.caption_shape import CELLS, CHANNELS, HEAD_CHANNELS, MAX_WORDS, Shape


@dataclass(frozen=True)
class State:
    """What a search keeps between two steps, one row a hypothesis.

    `past` holds each layer's keys and values of the words so far (rows, heads, words, width /
    heads), `picture` those of picture and tags (N, heads, 86, width / heads), each of which so
    many rows look at, one picture's after the other's.
    """

    past: tuple[tuple[Tensor, Tensor], ...]
    picture: tuple[tuple[Tensor, Tensor], ...]

    def rows(self, chosen: Tensor) -> "State":
        """Return the state of the hypotheses numbered `chosen`, in that order."""
        return State(tuple((k[chosen], v[chosen]) for k, v in self.past), self.picture)


class CaptionTransformer(nn.Module):
    """Cells (N, 81, 1780), tags and the words so far to the next word's log-probabilities."""

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.fine_mean = nn.Buffer(torch.zeros(CHANNELS - HEAD_CHANNELS))
        self.fine_std = nn.Buffer(torch.ones(CHANNELS - HEAD_CHANNELS))
        self.cell = nn.Linear(CHANNELS, shape.width)
        self.place = nn.Parameter(torch.randn(CELLS, shape.width) * 0.02)
        self.whole = nn.Linear(HEAD_CHANNELS, shape.width)
        self.tag = nn.Linear(shape.width, shape.width)
        self.memory_norm = nn.LayerNorm(shape.width)
        self.word = nn.Embedding(shape.tokens, shape.width)
        self.position = nn.Parameter(torch.randn(MAX_WORDS + 1, shape.width) * 0.02)
        self.layers = nn.ModuleList(_Layer(shape, dropout) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        self.bias = nn.Parameter(torch.zeros(shape.tokens))
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.word.weight, std=0.02)

    def standardise(self, cells: Tensor) -> Tensor:
        """Return `cells` with their fine channels standardised, as the other methods take them."""
        fine = (cells[..., HEAD_CHANNELS:] - self.fine_mean) / self.fine_std
        return torch.cat([cells[..., :HEAD_CHANNELS], fine], dim=-1)

    def memory(self, cells: Tensor | None, tags: Tensor) -> Tensor:
        """Return what the words look at: (N, 86, width), the whole picture and the tags last.

        Without `cells` it is the tags alone, (N, 4, width).
        """
        seen = [self.tag(self.word(tags) * self.shape.width**0.5)]
        if cells is not None:
            whole = self.whole(cells[..., :HEAD_CHANNELS].mean(1, keepdim=True))
            seen = [self.cell(cells) + self.place, whole, *seen]
        memory: Tensor = self.dropout(self.memory_norm(torch.cat(seen, dim=1)))
        return memory

    def forward(self, cells: Tensor | None, tags: Tensor, tokens: Tensor, real: Tensor) -> Tensor:
        """Return the next token's logits (M, tokens) at every place where `real` holds.

        Args:
            cells: Standardised cells (N, 81, 1780); None where there is no picture, only tags.
            tags: Words (N, 4) that are said to fit, `END` where there are fewer.
            tokens: Captions (N * K, T), the K of each picture one after the other, each begun by
                `END` and padded behind.
            real: (N * K, T), False on the padding. M is its count; the order is the row's.
        """
        memory = self.memory(cells, tags)
        places = _Places(real, len(memory))
        x = self.word(tokens) * self.shape.width**0.5 + self.position[: tokens.shape[1]]
        x = self.dropout(places.packed(x))
        for layer in self.layers:
            x = layer(x, memory, places)
        return self._logits(x)

    def start(self, cells: Tensor, tags: Tensor, rows: int) -> State:
        """Return the state of `rows` hypotheses without words.

        They are for one picture's cells (1, 81, 1780) and tags (1, 4), or for several pictures',
        as many for each.
        """
        memory = self.memory(cells, tags)
        empty = memory.new_zeros(rows, self.shape.heads, 0, self.shape.width // self.shape.heads)
        picture = tuple(layer.looked_at(memory) for layer in self.layers)  # type: ignore[operator] # a ModuleList of _Layer
        return State(((empty, empty),) * self.shape.layers, picture)

    def step(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Return log-probabilities (rows, tokens) after each row's last token (rows,)."""
        at = state.past[0][0].shape[2]
        x = self.word(tokens) * self.shape.width**0.5 + self.position[at]
        past = []
        for layer, before, picture in zip(self.layers, state.past, state.picture, strict=True):
            x, now = layer.step(x, before, picture)  # type: ignore[operator] # a _Layer
            past.append(now)
        return self._logits(x).log_softmax(1), State(tuple(past), state.picture)

    def _logits(self, x: Tensor) -> Tensor:
        logits: Tensor = functional.linear(self.norm(x), self.word.weight, self.bias)
        return logits


class _Places:
    """Where the real tokens of a padded batch are, so that only they are computed."""

    def __init__(self, real: Tensor, pictures: int) -> None:
        self.rows, self.length = real.shape
        self.pictures = pictures
        self._index = real.flatten().nonzero().squeeze(1)

    def packed(self, x: Tensor) -> Tensor:
        """Return the real tokens (M, C) of `x`, (..., C) with rows x length tokens."""
        return x.reshape(-1, x.shape[-1])[self._index]

    def padded(self, x: Tensor, rows: int) -> Tensor:
        """Return packed `x` (M, C) as (rows, tokens a row, C), zero on the padding."""
        flat = x.new_zeros(self.rows * self.length, x.shape[1]).index_copy(0, self._index, x)
        return flat.view(rows, -1, x.shape[1])


class _Layer(nn.Module):
    def __init__(self, shape: Shape, dropout: float) -> None:
        super().__init__()
        width = shape.width
        self._heads = shape.heads
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.self_in = nn.Linear(width, 3 * width)
        self.self_out = nn.Linear(width, width)
        self.look_in = nn.Linear(width, width)
        self.look_at = nn.Linear(width, 2 * width)
        self.look_out = nn.Linear(width, width)
        self.widen = nn.Linear(width, shape.hidden)
        self.narrow = nn.Linear(shape.hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, places: _Places) -> Tensor:
        """Map packed tokens (M, width) to the same shape."""
        sums = places.padded(self.self_in(self.norm1(x)), places.rows)
        query, key, value = (self._split(part) for part in sums.chunk(3, dim=2))
        later = torch.ones(places.length, places.length, dtype=torch.bool).triu(1)
        seen = _attended(query, key, value, later)
        x = x + self.dropout(self.self_out(places.packed(_joined(seen))))
        query = self._split(places.padded(self.look_in(self.norm2(x)), places.pictures))
        seen = _attended(query, *self.looked_at(memory))
        x = x + self.dropout(self.look_out(places.packed(_joined(seen))))
        result: Tensor = x + self.dropout(self._feed_forward(x))
        return result

    def looked_at(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the keys and values (N, heads, 86, width / heads) of `memory`."""
        key, value = self.look_at(memory).chunk(2, dim=2)
        return self._split(key), self._split(value)

    def step(
        self, x: Tensor, past: tuple[Tensor, Tensor], picture: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Map one token a row (rows, width), given the keys and values before it; add its own."""
        query, key, value = (
            self._split(part[:, None]) for part in self.self_in(self.norm1(x)).chunk(3, dim=1)
        )
        keys, values = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        seen = functional.scaled_dot_product_attention(query, keys, values)
        x = x + self.self_out(_joined(seen)[:, 0])
        looking = self.look_in(self.norm2(x)).unflatten(0, (len(picture[0]), -1))
        seen = functional.scaled_dot_product_attention(self._split(looking), *picture)
        x = x + self.look_out(_joined(seen).flatten(0, 1))
        return x + self._feed_forward(x), (keys, values)

    def _feed_forward(self, x: Tensor) -> Tensor:
        narrow: Tensor = self.narrow(functional.gelu(self.widen(self.norm3(x))))
        return narrow

    def _split(self, x: Tensor) -> Tensor:
        """(N, T, width) to (N, heads, T, width / heads)."""
        return x.view(*x.shape[:2], self._heads, -1).transpose(1, 2)


def _attended(query: Tensor, key: Tensor, value: Tensor, barred: Tensor | None = None) -> Tensor:
    """Attend, except where `barred` holds; torch's own way learns four times slower in bfloat16."""
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(2, 3)
    if barred is not None:
        scores = scores.masked_fill(barred, -torch.inf)
    attended: Tensor = scores.softmax(3) @ value
    return attended


def _joined(x: Tensor) -> Tensor:
    """(N, heads, T, width / heads) to (N, T, width)."""
    return x.transpose(1, 2).flatten(2)
