"""The tagger's head, learned from what people wrote and labeled.

Owns which nouns a training picture shows, shows not, or may show, and the fit of the head to
them. It returns the head and what heads that never saw a picture say of it, which is what the
decoder learns to trust and to doubt. `models.train.caption_export` ships the head.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from models.captioning.nouns import by_name, found, is_person, joined, kinds_of, nouns
from models.captioning.tags import Tagger, class_evidence

_log = logging.getLogger(__name__)

FEWEST, FEWEST_WITH_CLASSES = 4, 20
"""Pictures that must show a noun for its row to be learned; more where classes show it too."""

_STEPS, _BATCH, _RATE, _DECAY = 600, 256, 2e-3, 5.0
_UNKNOWN = -1.0
_EATEN = {"food", "drink"}
_NEVER = -12.0


@dataclass(frozen=True)
class Evidence:
    """What a picture's people wrote: `captions`, and `labels` that were given to it."""

    captions: Sequence[str]
    labels: Sequence[str]

    def nouns(self) -> Counter[str]:
        """Return the nouns with the number of captions and labels that hold each."""
        texts = [found(joined(text.split())) for text in self.captions]
        return Counter([noun for text in texts for noun in text] + self._labeled())

    def targets(self) -> Tensor:
        """Return for each noun 1 (shown), 0 (not shown) or -1 (nobody knows)."""
        counts = self.nouns()
        labeled = self._labeled()
        enough = 2 if len(self.captions) >= 4 else 1
        shown = {name for name, count in counts.items() if count >= enough} | set(labeled)
        held = {kind for name in shown for kind in kinds_of(name)}
        maybe = {kind for name in counts for kind in kinds_of(name)} - held
        values = [
            1.0 if name in held else _UNKNOWN if name in maybe or not self._denies(name) else 0.0
            for name in nouns()
        ]
        return torch.tensor(values)

    def _denies(self, name: str) -> bool:
        """Tell whether silence about a noun denies it; only labels of food deny people."""
        kinds = {kinds_of(noun)[-1] for noun in self._labeled()}
        return bool(self.captions) or not is_person(name) or kinds <= _EATEN

    def _labeled(self) -> list[str]:
        return [noun for label in self.labels if (noun := labeled(label))]


def labeled(label: str) -> str | None:
    """Return the noun that a label means, by all of it or by its last word."""
    last = label.rsplit(maxsplit=1)[-1] if label else ""
    return by_name().get(label) or by_name().get(last)


def fit(pooled: Tensor, classes: Tensor, targets: Tensor, weights: Tensor) -> Tagger:
    """Return the head that fits pictures of the given `weights` best.

    Args:
        pooled: The mean of the head's map (N, 1280).
        classes: The classifier's logits (N, 1000).
        targets: As `Evidence.targets` returns them (N, nouns).
        weights: How much each picture counts (N,).
    """
    torch.manual_seed(0)
    has_classes = torch.tensor([float(bool(noun.classes)) for noun in nouns().values()])
    fewest = torch.where(has_classes > 0, FEWEST_WITH_CLASSES, FEWEST)
    learned = ((targets == 1).sum(0) >= fewest).nonzero()[:, 0]
    mean, std = pooled.mean(0), pooled.std(0) + 1e-3
    inputs = (pooled - mean) / std
    evidence = (torch.from_numpy(class_evidence(classes.numpy())) * has_classes)[:, learned]
    wanted = targets[:, learned]
    weight = torch.zeros(len(learned), pooled.shape[1], requires_grad=True)
    trust = torch.full((len(learned),), 0.3, requires_grad=True)
    bias = torch.full((len(learned),), -3.0, requires_grad=True)
    groups: list[dict[str, Any]] = [
        {"params": [weight], "weight_decay": _DECAY},
        {"params": [trust, bias]},
    ]
    optimizer = torch.optim.AdamW(groups, _RATE, weight_decay=0.0, fused=True)
    for step in range(_STEPS):
        chosen = torch.multinomial(weights, _BATCH, replacement=True)
        logits = inputs[chosen] @ weight.T + evidence[chosen] * trust + bias
        truth = wanted[chosen]
        loss = functional.binary_cross_entropy_with_logits(
            logits, truth.clamp(min=0), weight=(truth != _UNKNOWN).float(), reduction="sum"
        )
        for group in optimizer.param_groups:
            group["lr"] = _RATE * (1 - step / _STEPS)
        optimizer.zero_grad()
        (loss / _BATCH).backward()  # type: ignore[no-untyped-call] # torch annotates it in part
        optimizer.step()
    return _whole(learned, (weight.detach() / std, trust.detach(), bias.detach()), mean)


def _whole(learned: Tensor, parts: tuple[Tensor, Tensor, Tensor], mean: Tensor) -> Tagger:
    """Return the head with the `learned` rows, and for other nouns the classes alone."""
    weight, trust, bias = parts
    has_classes = torch.tensor([bool(noun.classes) for noun in nouns().values()])
    whole, trusted = torch.zeros(len(has_classes), len(mean)), has_classes.float()
    biases = torch.where(has_classes, 0.0, _NEVER)
    whole[learned] = weight
    trusted[learned] = trust * has_classes[learned]
    biases[learned] = bias - weight @ mean
    return Tagger(whole.numpy(), trusted.numpy(), biases.numpy())
