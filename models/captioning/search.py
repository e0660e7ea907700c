"""The search for captions with our decoder: several pictures side by side, word by word.

Owns beam search and the drawing of samples, and what no caption may hold: the unknown word, a
word twice in a row, a noun twice, and what the picture is known not to show. It hands
`models.captioning.small` token rows with their log-probabilities and chooses nothing among them.
The same cells always give the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from models.captioning.decoder import Decoder, Tokens
from models.images.arrays import Array
from models.networks.caption_shape import END, TAGS, UNKNOWN
from models.runtime.progress import sign_of_life

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

    tags: Tokens
    group: Tokens
    lift: Array

    @staticmethod
    def none(tokens: int) -> "SearchOptions":
        """Return the wish for nothing in a vocabulary of `tokens` words."""
        return SearchOptions(
            np.full(TAGS, END), np.zeros(tokens, np.int64), np.zeros(1, np.float32)
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


def search(
    decoder: Decoder,
    cells: Array,
    wishes: Sequence[SearchOptions],
    beams: Sequence[int],
    *,
    draws: Sequence[int] | None = None,
    temperature: float = 1.0,
) -> list[tuple[list[SearchResult], list[SearchResult]]]:
    """Return captions of each picture, by two searches at once, with one decoder for all.

    The first are up to `beams` different captions, best first. The second are `draws` captions
    drawn at `temperature`, equal ones among them; the draws are the same for every picture and
    every call. All log-probabilities are those of temperature 1. A picture's captions don't depend
    on the others.

    Args:
        decoder: What says how likely each next word is.
        cells: Standardized cells (N, 81, 1780).
        wishes: What each picture's captions should name.
        beams: How many captions to follow for each picture.
        draws: How many to draw for each picture; None is none.
        temperature: Above 1 for more variety, below for less.
    """
    tokens = decoder.shape.tokens
    pictures = [
        _Picture(wish, _Beams(many, tokens, wish), _Draws(drawn, temperature, tokens, wish))
        for wish, many, drawn in zip(wishes, beams, draws or [0] * len(beams), strict=True)
    ]
    state = decoder.start(cells, np.stack([wish.tags for wish in wishes]))
    last = np.full(len(pictures), END)
    for words in range(LONGEST + 1):
        sign_of_life()
        allowed, state = decoder.step(last, state)
        allowed[:, UNKNOWN] = -np.inf
        allowed[np.arange(len(last)), np.where(last == END, UNKNOWN, last)] = -np.inf
        beginnings = []
        begin = 0
        for picture, count in zip(pictures, state.counts, strict=True):
            end = begin + count
            beginnings.append(begin * tokens + picture.step(allowed[begin:end], words, tokens))
            begin = end
        if not any(map(len, beginnings)):
            break
        going = np.concatenate(beginnings)
        state = state.rows(going // tokens, [len(mine) for mine in beginnings])
        last = going % tokens
    return [(one.beams.found(), one.drawn.found()) for one in pictures]


class _Picture:
    """One picture's searches, which share the decoder's rows where captions begin alike."""

    def __init__(self, wish: SearchOptions, beams: "_Beams", drawn: "_Draws") -> None:
        self.beams, self.drawn = beams, drawn
        self._wish = wish
        self._lift = wish.lift[wish.group]
        self._named = np.zeros((1, len(wish.lift)), np.bool_)

    def step(self, allowed: Array, words: int, tokens: int) -> Tokens:
        """Return row * tokens + token for each beginning that goes on, in order.

        `allowed` holds the log-probabilities (rows, tokens) of what may follow. `places` of a
        search says which of the beginnings each of its open captions is.
        """
        allowed = allowed + self._lift
        allowed[self._named[:, self._wish.group]] = -np.inf
        nexts = [search.step(allowed, words) for search in (self.beams, self.drawn)]
        beginnings, places = np.unique(np.concatenate(nexts), return_inverse=True)
        self.beams.places, self.drawn.places = np.split(places, [len(nexts[0])])
        self._named = self._named[beginnings // tokens]
        self._named[np.arange(len(beginnings)), self._wish.group[beginnings % tokens]] = True
        self._named[:, 0] = False
        return beginnings


class _Beams:
    """The likeliest captions, a fixed number of them followed at a time."""

    def __init__(self, beams: int, width: int, wish: SearchOptions) -> None:
        self._wish = wish
        self.places: Tokens = np.zeros(1, np.int64)
        self._beams = beams
        self._width = width
        self._tokens: Tokens = np.array([[END]])
        self._sums: Array = np.zeros(1, np.float32)
        self._done: list[SearchResult] = []

    def step(self, allowed: Array, words: int) -> Tokens:
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
        totals[:, END] = -np.inf
        chosen = (-totals.ravel()).argsort(kind="stable")[: self._beams]
        self._sums = totals.ravel()[chosen]
        rows, tokens = chosen // self._width, chosen % self._width
        self._tokens = np.concatenate([self._tokens[rows], tokens[:, None]], 1)
        self._done = self.found()
        if len(self._done) == self._beams and self._best_possible() < self._done[-1].score:
            return self.places[:0]
        return self.places[rows] * self._width + tokens

    def found(self) -> list[SearchResult]:
        """Return the captions that have ended, best first."""
        return sorted(self._done, key=lambda found: -found.score)[: self._beams]

    def _best_possible(self) -> float:
        """Return a bound on the score that an open beam can still reach: no word costs anything."""
        total = float(self._sums.max() + self._wish.lift.clip(0).sum())
        return total / (LONGEST + 1) ** LENGTH_EXPONENT if total < 0 else total


class _Draws:
    """Captions drawn at a temperature, by Gumbel noise."""

    def __init__(self, count: int, temperature: float, width: int, wish: SearchOptions) -> None:
        self._wish = wish
        self.places: Tokens = np.zeros(count, np.int64)
        self._temperature = temperature
        self._width = width
        self._noise = _gumbel(count, width)
        self._tokens: Tokens = np.full((count, 1), END)
        self._sums: Array = np.zeros(count, np.float32)
        self._open = np.arange(count)
        self._done: list[SearchResult | None] = [None] * count

    def step(self, allowed: Array, words: int) -> Tokens:
        """Return row * tokens + token for each caption that goes on; see `_Beams.step`."""
        if not len(self.places):
            return self.places
        mine = allowed[self.places]
        if words == 0:
            mine[:, END] = -np.inf
        if words == LONGEST:
            chosen: Tokens = np.full_like(self.places, END)
        else:
            chosen = (mine / self._temperature + self._noise[words, self._open]).argmax(1)
        self._sums = self._sums + mine[np.arange(len(mine)), chosen]
        ended, kept = chosen == END, chosen != END
        captions = _ended(self._tokens[ended], self._sums[ended], self._wish)
        for number, caption in zip(self._open[ended].tolist(), captions, strict=True):
            self._done[number] = caption
        chosen = chosen[kept]
        self._tokens = np.concatenate([self._tokens[kept], chosen[:, None]], 1)
        self._sums, self._open = self._sums[kept], self._open[kept]
        going: Tokens = self.places[kept] * self._width + chosen
        return going

    def found(self) -> list[SearchResult]:
        """Return the captions drawn, in the order of their noise."""
        return [found for found in self._done if found]


def _ended(tokens: Tokens, sums: Array, wish: SearchOptions) -> list[SearchResult]:
    """Return the captions whose tokens, `END` before them, are rows of `tokens`."""
    ended = []
    for row, total in zip(tokens[:, 1:].tolist(), sums.tolist(), strict=True):
        lifted = wish.lifted(row)
        ended.append(SearchResult(tuple(row), total - lifted, lifted))
    return ended


@cache
def _gumbel(count: int, tokens: int) -> Array:
    # The very numbers that torch.rand draws from seed 0: with them the captioner was measured.
    drawn = np.random.RandomState(0).randint(2**32, size=(LONGEST, count, tokens), dtype=np.uint32)
    uniform = (drawn & 0xFFFFFF).astype(np.float32) * np.float32(2**-24)
    noise: Array = -np.log(-np.log(uniform.clip(1e-9)))
    return noise
