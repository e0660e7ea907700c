"""The search for captions with our decoder: one picture at a time, word by word.

Owns beam search and the drawing of samples, and what no caption may hold: the unknown word, a
word twice in a row, a noun twice, and what the picture is known not to show. It hands
`models.captioning.small` token rows with their log-probabilities and chooses nothing among them.
The same cells always give the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from models.networks.caption_transformer import (
    END,
    TAGS,
    UNKNOWN,
    CaptionTransformer,
    State,
)

LONGEST = 16
"""Words a caption may have; the decoder was taught a few more, but they are hardly ever best."""

LENGTH_EXPONENT = 0.7
"""Beams are compared by their sum over (words + 1) to this power."""


@dataclass(frozen=True)
class SearchOptions:
    """What a caption should name, and what it must not.

    `group` (tokens,) numbers the nouns that tokens mean, 0 is none: a caption names each at most
    once. `lift` (groups,) is added to the log-probability of a caption that names a noun, for the
    search alone; it is at least 0, or -inf for what may not be named. The first is 0. `tags` (4,)
    are the words that the decoder is told.
    """

    tags: Tensor
    group: Tensor
    lift: Tensor

    @staticmethod
    def none(tokens: int) -> "SearchOptions":
        """Return the wish for nothing in a vocabulary of `tokens` words."""
        return SearchOptions(
            torch.full((TAGS,), END), torch.zeros(tokens, dtype=torch.long), torch.zeros(1)
        )

    def lifted(self, tokens: Sequence[int]) -> float:
        """Return what is added for a caption's tokens."""
        if not self._lifts:
            return 0.0
        groups = set(self.group[list(tokens)].tolist())
        return sum(self._lifts.get(group, 0.0) for group in groups)

    @cached_property
    def _lifts(self) -> dict[int, float]:
        return {group: lift for group, lift in enumerate(self.lift.tolist()) if lift}


@dataclass(frozen=True)
class SearchResult:
    """A caption's tokens, without `END`, and the sum of its log-probabilities, `END` included.

    `lifted` is what the search added for what it names.
    """

    tokens: tuple[int, ...]
    log_probability: float
    lifted: float = 0.0

    @property
    def mean(self) -> float:
        """The mean log-probability of a token, `END` included."""
        return self.log_probability / (len(self.tokens) + 1)

    @property
    def score(self) -> float:
        """What beams are sorted by."""
        total = self.log_probability + self.lifted
        return float(total / (len(self.tokens) + 1) ** LENGTH_EXPONENT)


@torch.inference_mode()
def search(
    network: CaptionTransformer,
    cells: Tensor,
    wish: SearchOptions,
    beams: int,
    *,
    draws: int = 0,
    temperature: float = 1.0,
) -> tuple[list[SearchResult], list[SearchResult]]:
    """Return captions of one picture's standardised cells (81, 1780), by two searches at once.

    The first are up to `beams` different captions, best first. The second are `draws` captions
    drawn at `temperature`, equal ones among them; the draws are the same for every picture and
    every call. All log-probabilities are those of temperature 1.
    """
    beam = _Beams(beams, network.shape.tokens, wish)
    drawn = _Draws(draws, temperature, network.shape.tokens, wish)
    _follow(network, cells, wish, (beam, drawn))
    return beam.found(), drawn.found()


def _follow(
    network: CaptionTransformer,
    cells: Tensor,
    wish: SearchOptions,
    searches: "Sequence[_Beams | _Draws]",
) -> None:
    """Let `searches` go on word by word; the decoder runs once for each different beginning.

    `places` of a search says which of the decoder's rows each of its open captions is.
    """
    state = network.start(cells[None], wish.tags[None], 1)
    last = torch.tensor([END])
    lift = wish.lift[wish.group]
    named = torch.zeros(1, len(wish.lift), dtype=torch.bool)
    for words in range(LONGEST + 1):
        allowed, state = _allowed(network, last, state)
        allowed += lift
        allowed.masked_fill_(named.index_select(1, wish.group), -torch.inf)
        nexts = [search.step(allowed, words) for search in searches]
        if not any(map(len, nexts)):
            return
        beginnings, places = torch.unique(torch.cat(nexts), return_inverse=True)
        for search, mine in zip(searches, places.split(list(map(len, nexts))), strict=True):
            search.places = mine
        rows = beginnings // network.shape.tokens
        state = state.rows(rows)
        last = beginnings % network.shape.tokens
        named = named[rows].scatter(1, wish.group[last][:, None], True)  # a value
        named[:, 0] = False


class _Beams:
    """The likeliest captions, a fixed number of them followed at a time."""

    def __init__(self, beams: int, width: int, wish: SearchOptions) -> None:
        self._wish = wish
        self.places = torch.zeros(1, dtype=torch.long)
        self._beams = beams
        self._width = width
        self._tokens = torch.tensor([[END]])
        self._sums = torch.zeros(1)
        self._done: list[SearchResult] = []

    def step(self, allowed: Tensor, words: int) -> Tensor:
        """Return row * tokens + token for each caption that goes on after `words` words.

        `allowed` holds the log-probabilities (rows, tokens) of what may follow, lifted.
        """
        if not len(self.places):
            return self.places
        totals = self._sums[:, None] + allowed[self.places]
        if words:
            self._done += _ended(self._tokens, totals[:, END], self._wish)
        if words == LONGEST:
            return self.places[:0]
        totals[:, END] = -torch.inf
        self._sums, chosen = totals.flatten().topk(min(self._beams, totals.numel()))
        rows, tokens = chosen // self._width, chosen % self._width
        self._tokens = torch.cat([self._tokens[rows], tokens[:, None]], dim=1)
        self._done = self.found()
        if len(self._done) == self._beams and self._best_possible() < self._done[-1].score:
            return self.places[:0]
        return self.places[rows] * self._width + tokens

    def found(self) -> list[SearchResult]:
        """Return the captions that have ended, best first."""
        return sorted(self._done, key=lambda found: -found.score)[: self._beams]

    def _best_possible(self) -> float:
        """Return a bound on the score that an open beam can still reach: no word costs anything."""
        total = float(self._sums.max() + self._wish.lift.clamp(min=0).sum())
        return total / (LONGEST + 1) ** LENGTH_EXPONENT if total < 0 else total


class _Draws:
    """Captions drawn at a temperature, by Gumbel noise."""

    def __init__(self, count: int, temperature: float, width: int, wish: SearchOptions) -> None:
        self._wish = wish
        self.places = torch.zeros(count, dtype=torch.long)
        self._temperature = temperature
        self._width = width
        self._noise = _gumbel(count, width)
        self._tokens = torch.full((count, 1), END)
        self._sums = torch.zeros(count)
        self._open = torch.arange(count)
        self._done: list[SearchResult | None] = [None] * count

    def step(self, allowed: Tensor, words: int) -> Tensor:
        """Return row * tokens + token for each caption that goes on; see `_Beams.step`."""
        if not len(self.places):
            return self.places
        mine = allowed[self.places]
        if words == 0:
            mine[:, END] = -torch.inf
        if words == LONGEST:
            chosen = torch.full_like(self.places, END)
        else:
            chosen = (mine / self._temperature + self._noise[words, self._open]).argmax(1)
        self._sums = self._sums + mine.gather(1, chosen[:, None])[:, 0]
        ended, kept = (chosen == END).nonzero()[:, 0], (chosen != END).nonzero()[:, 0]
        captions = _ended(self._tokens[ended], self._sums[ended], self._wish)
        for number, caption in zip(self._open[ended].tolist(), captions, strict=True):
            self._done[number] = caption
        chosen = chosen[kept]
        self._tokens = torch.cat([self._tokens[kept], chosen[:, None]], dim=1)
        self._sums, self._open = self._sums[kept], self._open[kept]
        return self.places[kept] * self._width + chosen

    def found(self) -> list[SearchResult]:
        """Return the captions drawn, in the order of their noise."""
        return [found for found in self._done if found]


def _allowed(network: CaptionTransformer, last: Tensor, state: State) -> tuple[Tensor, State]:
    allowed, state = network.step(last, state)
    allowed[:, UNKNOWN] = -torch.inf
    repeats = last[:, None].where(last[:, None] != END, UNKNOWN)
    return allowed.scatter(1, repeats, -torch.inf), state


def _ended(tokens: Tensor, sums: Tensor, wish: SearchOptions) -> list[SearchResult]:
    """Return the captions whose tokens, `END` before them, are rows of `tokens`."""
    ended = []
    for row, total in zip(tokens[:, 1:].tolist(), sums.tolist(), strict=True):
        lifted = wish.lifted(row)
        ended.append(SearchResult(tuple(row), total - lifted, lifted))
    return ended


@cache
def _gumbel(count: int, tokens: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(LONGEST, count, tokens, generator=generator).clamp(min=1e-9)
    return -torch.log(-torch.log(uniform))
