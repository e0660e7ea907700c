"""The captioner's last lessons: its own captions, praised by how people's agree with them.

Owns self-critical training (Rennie et al., 2017): captions drawn for a training picture gain
likelihood by how far their CIDEr-D is above that of the others drawn for it. Sentences that
people wrote are learned beside, so that what no praise reaches is not lost. It can be stopped
at any time and goes on from the last checkpoint; `models.train.caption` runs it where it is asked.

The shipped file has none of it. 350 steps from it, judged by a quarter of Flickr8k's validation
pictures and half of the everyday ones, brought CIDEr-D from 0.618 to 0.647, BLEU-4 from 21.5 to
24.7 and the words used from 259 to 216 there, and from 0.920 to 0.875 here, where 80 % were named
rightly instead of 83 %. Half way between the two decoders it was 0.616 and 0.907. Both of the
later were helped by `models.captioning.grammar`, which the first had not yet.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.captioning.mbr import DocumentFrequency, mbr_scores
from models.networks.caption_shape import END, MAX_WORDS, UNKNOWN, Shape
from models.networks.caption_transformer import CaptionTransformer
from models.train.caption_corpus import Corpus, Share, Shown
from models.train.caption_loss import summed_cross_entropy
from models.train.caption_text import rarity_of, token_rows
from models.train.run import Run, Stateful

_log = logging.getLogger(__name__)


_KEPT_EVERY = 50
_CIDER_D = 10.0
"""What the published measure multiplies agreement by."""

_PRAISED = {Share.FLICKR8K: 10, Share.EVERYDAY: 6}
"""Pictures a step."""

_BESIDE = (Share.EVERYDAY, Share.TEXT)
_DROPOUT = 0.1
_SMOOTHING = 0.1


@dataclass(frozen=True)
class CriticalRecipe:
    """The numbers of a self-critical run; `beside` is what people's sentences weigh."""

    steps: int = 0
    cooling: int = 500
    samples: int = 5
    rate: float = 5e-5
    warm_up: int = 30
    beside: float = 0.3
    clip: float = 1.0
    averaging: float = 0.98
    seed: int = 1


class CriticalRun:
    """A self-critical run in a folder: the network, its running average, and the optimizer."""

    def __init__(
        self, folder: Path, recipe: CriticalRecipe, corpus: Corpus, start: dict[str, Tensor]
    ) -> None:
        self.recipe = recipe
        self._corpus = corpus
        self._rarity = rarity_of([[[*row, END] for row in rows] for rows in corpus.references()])
        self.network = CaptionTransformer(Shape(len(corpus.words.words)), _DROPOUT)
        self.network.load_state_dict(start)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.averaging),  # type: ignore[no-untyped-call] # torch annotates it in part
        )
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), recipe.rate, (0.9, 0.98), weight_decay=0.0, fused=True
        )
        parts: dict[str, Stateful] = {
            "network": self.network,
            "average": self.average,
            "optimizer": self.optimizer,
        }
        self._run = Run(folder, parts, recipe.seed)

    def train(self) -> None:
        """Train to the recipe's last step."""
        for step, figures in self._run.steps(self.recipe.steps, self._learn, _KEPT_EVERY):
            if step % _KEPT_EVERY == 0:
                _log.info("critical step %d, CIDEr-D drawn %.3f", step, figures["cider_d"])

    def _learn(self, step: int) -> dict[str, float]:
        torch.manual_seed(self.recipe.seed * 1_000_003 + step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * _warmth(self.recipe, step)
        self.optimizer.zero_grad()
        self.network.eval()
        praise = {
            share: self._criticize(self._corpus.shown(share, count, self.recipe.seed, step))
            for share, count in _PRAISED.items()
        }
        self.network.train()
        for batch in self._corpus.batches(_BESIDE, self.recipe.seed, step):
            logits = self.network(batch.cells, batch.tags, batch.tokens, batch.real)
            loss = summed_cross_entropy(logits, batch, _SMOOTHING) / len(logits)
            (self.recipe.beside / len(_BESIDE) * loss).backward()  # type: ignore[no-untyped-call] # torch annotates it in part
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return {"cider_d": praise[Share.FLICKR8K], "everyday_cider_d": praise[Share.EVERYDAY]}

    def _criticize(self, shown: Shown) -> float:
        """Add the gradients of what is drawn for some pictures; return its mean CIDEr-D."""
        rows = drawn(self.network, shown.cells, shown.tags, self.recipe.samples)
        each = [
            praised(rows[at : at + self.recipe.samples], references, self._rarity)
            for at, references in zip(
                range(0, len(rows), self.recipe.samples), shown.references, strict=True
            )
        ]
        gains = torch.stack(each)
        others = (gains.sum(1, keepdim=True) - gains) / (self.recipe.samples - 1)
        advantage = (gains - others).flatten()
        tokens, real = token_rows(rows)
        logits = self.network(shown.cells, shown.tags, tokens, real)
        logits[:, UNKNOWN] = -torch.inf
        ends = tokens.new_full((len(tokens), 1), END)
        targets = torch.cat([tokens[:, 1:], ends], dim=1)[real]
        said = logits.log_softmax(1).gather(1, targets[:, None])[:, 0]
        weights = advantage[:, None].expand_as(real)[real]
        share = len(shown.references) / sum(_PRAISED.values())
        (-share * (said * weights).sum() / len(said)).backward()
        return float(gains.mean())


@torch.no_grad()
def drawn(
    network: CaptionTransformer, cells: Tensor, tags: Tensor, samples: int
) -> list[list[int]]:
    """Return `samples` captions of every picture, those of one after the other, without `END`."""
    count = len(cells) * samples
    state = network.start(cells, tags, count)
    last = torch.full((count,), END)
    words = []
    for _ in range(MAX_WORDS):
        scores, state = network.step(last, state)
        scores[:, UNKNOWN] = -torch.inf
        last = torch.multinomial(scores.exp(), 1)[:, 0]
        words.append(last)
    return [_until_end(row) for row in torch.stack(words, dim=1).tolist()]


def praised(
    captions: Sequence[Sequence[int]],
    references: Sequence[Sequence[int]],
    rarity: DocumentFrequency,
) -> Tensor:
    """Return the CIDEr-D of each of a picture's captions; that they end in time counts, too."""
    every = [[*row, END] for row in (*captions, *references)]
    shares = [0.0] * len(captions) + [1.0] * len(references)
    scores = mbr_scores(every, shares, rarity)[: len(captions)]
    return torch.tensor(_CIDER_D * scores, dtype=torch.float32)


def _until_end(row: list[int]) -> list[int]:
    return row[: row.index(END)] if END in row else row


def _warmth(recipe: CriticalRecipe, step: int) -> float:
    return min((step + 1) / recipe.warm_up, (recipe.steps - step) / recipe.cooling, 1.0)
