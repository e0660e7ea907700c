"""The search for captions with our decoder: one picture at a time, word by word.

Owns beam search and the drawing of samples, and what no caption may hold: the unknown word and
a word twice in a row. It hands `models.captioner` token rows with their log-probabilities and
chooses nothing among them. The same cells always give the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from models.networks.caption_transformer import (
    END,
    MAX_WORDS,
    UNKNOWN,
    CaptionTransformer,
    State,
)

LENGTH_EXPONENT = 0.7
"""Beams are compared by their sum over (words + 1) to this power."""


@dataclass(frozen=True)
class Found:
    """A caption's tokens, without `END`, and the sum of its log-probabilities, `END` included."""

    tokens: tuple[int, ...]
    log_probability: float

    @property
    def mean(self) -> float:
        """The mean log-probability of a token, `END` included."""
        return self.log_probability / (len(self.tokens) + 1)

    @property
    def score(self) -> float:
        """What beams are sorted by."""
        return float(self.log_probability / (len(self.tokens) + 1) ** LENGTH_EXPONENT)


@torch.inference_mode()
def beam_search(network: CaptionTransformer, cells: Tensor, beams: int) -> list[Found]:
    """Return up to `beams` different captions of standardised cells (81, 1780), best first."""
    state = network.start(cells, 1)
    tokens = torch.tensor([[END]])
    sums = torch.zeros(1)
    done: list[Found] = []
    for words in range(MAX_WORDS + 1):
        allowed, state = _allowed(network, tokens, state)
        if words == MAX_WORDS:
            done += _ended(tokens, sums + allowed[:, END])
            break
        done += _ended(tokens, sums + allowed[:, END]) if words else []
        totals = sums[:, None] + allowed
        totals[:, END] = -torch.inf
        sums, chosen = totals.flatten().topk(min(beams, totals.numel()))
        rows = chosen // totals.shape[1]
        tokens = torch.cat([tokens[rows], chosen[:, None] % totals.shape[1]], dim=1)
        state = state.rows(rows)
        done = sorted(done, key=lambda found: -found.score)[:beams]
        if len(done) == beams and _best_possible(sums) < done[-1].score:
            break
    return sorted(done, key=lambda found: -found.score)[:beams]


@torch.inference_mode()
def samples(
    network: CaptionTransformer, cells: Tensor, count: int, temperature: float
) -> list[Found]:
    """Return `count` captions drawn at `temperature`, equal ones among them.

    The draws are the same for every picture and every call; log-probabilities are those of
    temperature 1.
    """
    state = network.start(cells, count)
    tokens = torch.full((count, 1), END)
    sums = torch.zeros(count)
    open_rows = torch.arange(count)
    done: list[Found | None] = [None] * count
    noise = _gumbel(count, network.shape.tokens)
    for words in range(MAX_WORDS + 1):
        allowed, state = _allowed(network, tokens, state)
        if words == 0:
            allowed[:, END] = -torch.inf
        if words == MAX_WORDS:
            chosen = torch.full((len(tokens),), END)
        else:
            chosen = (allowed / temperature + noise[words, open_rows]).argmax(1)
        sums = sums + allowed.gather(1, chosen[:, None])[:, 0]
        for row in (chosen == END).nonzero()[:, 0].tolist():
            done[open_rows[row]] = Found(tuple(tokens[row, 1:].tolist()), float(sums[row]))
        kept = (chosen != END).nonzero()[:, 0]
        if not len(kept):
            break
        tokens = torch.cat([tokens, chosen[:, None]], dim=1)[kept]
        sums, open_rows, state = sums[kept], open_rows[kept], state.rows(kept)
    return [found for found in done if found]


def _allowed(network: CaptionTransformer, tokens: Tensor, state: State) -> tuple[Tensor, State]:
    last = tokens[:, -1]
    allowed, state = network.step(last, state)
    allowed[:, UNKNOWN] = -torch.inf
    repeats = last[:, None].where(last[:, None] != END, UNKNOWN)
    return allowed.scatter(1, repeats, -torch.inf), state


def _ended(tokens: Tensor, sums: Tensor) -> Sequence[Found]:
    rows = zip(tokens[:, 1:].tolist(), sums.tolist(), strict=True)
    return [Found(tuple(row), total) for row, total in rows]


def _best_possible(sums: Tensor) -> float:
    """Return a bound on the score that an open beam can still reach: no word costs anything."""
    return float(sums.max() / (MAX_WORDS + 1) ** LENGTH_EXPONENT)


@cache
def _gumbel(count: int, tokens: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(MAX_WORDS, count, tokens, generator=generator).clamp(min=1e-9)
    return -torch.log(-torch.log(uniform))
