"""The FC decoder of NeuralTalk2 (ImageCaptioning.pytorch): one feature in, a sentence out.

Owns the maxout LSTM, with the published parameter names, and the two published searches, token
for token: greedy and beam search. It knows token numbers, not words;
`models.captioning.neuraltalk2` reads the published files.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.networks.caffe_resnet import FEATURES

END = 0
"""The token that starts a caption and ends it."""

UNKNOWN_PENALTY = 1000.0
"""What beam search takes off the log-probability of the last token, UNK; greedy doesn't."""

MAX_BEAMS = 10


@dataclass(frozen=True)
class Sentence:
    """A caption's tokens, without `END`, and their log-probabilities' sum.

    The sum includes `END`, unless the caption was cut at its greatest length, and the penalty.
    """

    tokens: tuple[int, ...]
    log_probability: float


class MaxoutLSTM(nn.Module):
    """An LSTM cell whose candidate is the greater of two linear maps."""

    def __init__(self, size_in: int, size: int) -> None:
        super().__init__()
        self.i2h = nn.Linear(size_in, 5 * size)
        self.h2h = nn.Linear(size, 5 * size)

    def forward(self, x: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next hidden and cell states (N, size) after input `x` (N, size_in)."""
        sums = (self.i2h(x) + self.h2h(hidden)).chunk(5, dim=1)
        enter, forget, leave = (torch.sigmoid(part) for part in sums[:3])
        cell = forget * cell + enter * torch.maximum(sums[3], sums[4])
        return leave * torch.tanh(cell), cell


class FCDecoder(nn.Module):
    """Features of a picture to captions of at most `longest` tokens out of `words` and `END`."""

    def __init__(self, words: int, size: int = 512, longest: int = 16) -> None:
        super().__init__()
        self._size = size
        self.longest = longest
        self.img_embed = nn.Linear(FEATURES, size)
        self.core = MaxoutLSTM(size, size)
        self.embed = nn.Embedding(words + 1, size)
        self.logit = nn.Linear(size, words + 1)

    @torch.inference_mode()
    def greedy(self, features: Tensor) -> list[Sentence]:
        """Return one caption for each of `features` (N, 2048): the likeliest token at each step."""
        scores, hidden, cell = self._start(features)
        rows: list[list[int]] = [[] for _ in range(len(features))]
        sums = features.new_zeros(len(features))
        unfinished = torch.ones(len(features), dtype=torch.bool, device=features.device)
        for _ in range(self.longest):
            best, tokens = scores.max(dim=1)
            sums = sums + best * unfinished
            unfinished = unfinished & (tokens != END)
            if not unfinished.any():
                break
            for row, token, goes_on in zip(rows, tokens.tolist(), unfinished.tolist(), strict=True):
                if goes_on:
                    row.append(token)
            scores, hidden, cell = self._step(self.embed(tokens), hidden, cell)
        return [Sentence(tuple(row), total) for row, total in zip(rows, sums.tolist(), strict=True)]

    @torch.inference_mode()
    def beam_search(self, feature: Tensor, beams: int) -> list[Sentence]:
        """Return up to `beams` captions of one picture's `feature` (2048,), the best first.

        A finished caption is kept aside and no longer extended, so the search ends when all are
        finished or the greatest length is reached. Sums are compared as they are, whatever the
        length.
        """
        scores, hidden, cell = self._start(feature[None])
        sums = feature.new_zeros(1)
        rows: list[tuple[int, ...]] = [()]
        done: list[Sentence] = []
        for at in range(self.longest):
            scores[:, -1] -= UNKNOWN_PENALTY
            totals = (sums[:, None] + scores).flatten()
            sums, chosen = totals.topk(min(beams, len(totals)))
            sources, tokens = chosen // scores.shape[1], chosen % scores.shape[1]
            rows = [
                (*rows[source], token)
                for source, token in zip(sources.tolist(), tokens.tolist(), strict=True)
            ]
            is_last = at == self.longest - 1
            done += [
                Sentence(tuple(t for t in row if t != END), total)
                for row, total in zip(rows, sums.tolist(), strict=True)
                if is_last or row[-1] == END
            ]
            going_on = (tokens != END).nonzero()[:, 0]
            if is_last or not len(going_on):
                break
            rows = [rows[index] for index in going_on.tolist()]
            sums, tokens, sources = sums[going_on], tokens[going_on], sources[going_on]
            scores, hidden, cell = self._step(self.embed(tokens), hidden[sources], cell[sources])
        return sorted(done, key=lambda sentence: -sentence.log_probability)[:beams]

    def captions(self, features: Tensor, beams: int) -> list[list[Sentence]]:
        """Return each picture's captions, best first; a single beam is the greedy search.

        Raises:
            ValueError: `beams` is not between 1 and `MAX_BEAMS`.
        """
        if not 1 <= beams <= MAX_BEAMS:
            raise ValueError(f"beams should be from 1 to {MAX_BEAMS}, but it is {beams}")
        if beams == 1:
            return [[sentence] for sentence in self.greedy(features)]
        return [self.beam_search(feature, beams) for feature in features]

    def _start(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = cell = features.new_zeros(len(features), self._size)
        hidden, cell = self.core(self.img_embed(features), hidden, cell)
        begin = torch.full((len(features),), END, device=features.device)
        return self._step(self.embed(begin), hidden, cell)

    def _step(self, x: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden, cell = self.core(x, hidden, cell)
        return self.logit(hidden).log_softmax(dim=1), hidden, cell
