"""What the caption recipe learns from: Flickr8k, everyday pictures, and sentences alone.

Owns the joining of the data sets' pictures and texts into batches, the same ones for the same
seed and step. Tags that were guessed come from heads that never saw the picture.
"""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from models.captioning.nouns import found, joined
from models.captioning.tags import Tagger, tags_of
from models.train import caption_everyday
from models.train.caption_data import Features, Flickr8k, Split, cache_features, lite_maps, plain
from models.train.caption_everyday import Everyday
from models.train.caption_tagger import Evidence, fit
from models.train.caption_text import (
    Said,
    Words,
    draw_tags,
    exchanged,
    short,
    tag_row,
    token_rows,
    vocabulary,
)

_log = logging.getLogger(__name__)

Dice: TypeAlias = np.random.Generator

SETS = ("flickr8k", "everyday")
"""The data sets with pictures."""

SEEN, MORE = 5, 10
"""How often a word stands in Flickr8k, or in all texts, to be kept."""

_EXCHANGED = 0.3


class Share(Enum):
    """A part of every step, with how many of its pictures or sentences."""

    FLICKR8K = 12
    EVERYDAY = 14
    TEXT = 20
    READING = 60


@dataclass(frozen=True)
class Batch:
    """Pictures' `cells`, if there are any, `tags` of each, and their captions' token rows.

    Where `ended` (rows,) does not hold, nobody knows what follows the last token.
    """

    cells: Tensor | None
    tags: Tensor
    tokens: Tensor
    real: Tensor
    ended: Tensor


@dataclass(frozen=True)
class Shown:
    """Pictures' `cells` and guessed `tags`, with the rows of what people said of each."""

    cells: Tensor
    tags: Tensor
    references: list[list[list[int]]]


@dataclass(frozen=True)
class Data:
    """The folder of the three data sets, and the one of the maps."""

    folder: Path
    maps: Path

    @cached_property
    def flickr8k(self) -> Flickr8k:
        """Photographs of people and dogs, five captions each."""
        return Flickr8k(self.folder / "flickr8k")

    @cached_property
    def everyday(self) -> Everyday:
        """Photographs of animals, food and things."""
        return Everyday(self.folder / "everyday")

    @cached_property
    def texts(self) -> list[str]:
        """Sentences whose pictures are not here, or are trained on."""
        names = set(self.everyday.captions) | set(self.everyday.labels)
        kept = []
        path = self.folder / "coco-captions" / "captions.tsv"
        for line in path.read_text(encoding="utf-8").splitlines():
            number, text = line.split("\t")
            name = f"coco_{int(number):012d}.jpg"
            if name not in names or caption_everyday.split_of(name) == "train":
                kept.append(plain(text))
        return kept

    def cache(self) -> None:
        """Compute the maps that are missing; everyday pictures, which are few, get two views."""
        for split in ("train", "validation"):
            cache_features(self.flickr8k, self.maps, "flickr8k", split)
            crops = 1 if split == "train" else 0
            cache_features(self.everyday, self.maps, "everyday", split, crops)

    def features(self, name: str, split: Split) -> Features:
        """Return the maps of the data set called `name`."""
        return Features(self.maps, name, split)

    def evidence(self, name: str, split: Split) -> list[Evidence]:
        """Return what is known of the pictures of the data set called `name`, in their order."""
        if name == "flickr8k":
            return [Evidence(self.flickr8k.captions[n], []) for n in self.flickr8k.names(split)]
        both = self.everyday
        return [
            Evidence(both.captions.get(n, []), both.labels.get(n, [])) for n in both.names(split)
        ]


class Pictures:
    """The training pictures of one data set, with what is known and guessed of each."""

    def __init__(self, features: Features, evidence: Sequence[Evidence], words: Words) -> None:
        self._features = features
        self._evidence = evidence
        self._words = words
        self._true = [known.nouns() for known in evidence]
        self.guessed: Sequence[Sequence[str]] = [[] for _ in evidence]

    def batch(self, chosen: Sequence[int], each: int, dice: Dice) -> Batch:
        """Return `each` captions of every chosen picture, or as many short sentences."""
        views = dice.integers(self._features.views, size=len(chosen)).tolist()
        cells = self._features.cells(list(chosen), views, mirror=bool(dice.random() < 0.5))
        tags = [draw_tags(self._true[i], self.guessed[i], dice) for i in chosen]
        said = [text for i in chosen for text in self._said(i, each, dice)]
        rows = token_rows([self._words.row(one.text) for one in said])
        ended = torch.tensor([one.ended for one in said])
        return Batch(cells, _tags(tags, self._words), *rows, ended)

    def shown(self, count: int, dice: Dice) -> Shown:
        """Return `count` pictures that have captions, as the captioner will meet pictures."""
        chosen = dice.choice(self._captioned, count, replace=False).tolist()
        views = dice.integers(self._features.views, size=count).tolist()
        cells = self._features.cells(chosen, views, mirror=bool(dice.random() < 0.5))
        tags = _tags([self.guessed[i] for i in chosen], self._words)
        return Shown(cells, tags, [self._rows(i) for i in chosen])

    def references(self) -> list[list[list[int]]]:
        """Return the captions' token rows of each picture that has some."""
        return [self._rows(picture) for picture in self._captioned]

    def _rows(self, picture: int) -> list[list[int]]:
        return [self._words.row(text) for text in self._evidence[picture].captions]

    @cached_property
    def _captioned(self) -> list[int]:
        return [index for index, known in enumerate(self._evidence) if known.captions]

    def __len__(self) -> int:
        return len(self._evidence)

    def _said(self, picture: int, count: int, dice: Dice) -> list[Said]:
        known = self._evidence[picture]
        if not known.captions:
            return [short(known.labels, dice) for _ in range(count)]
        order = dice.permutation(len(known.captions))
        return [Said(known.captions[order[i % len(order)]]) for i in range(count)]


class Corpus:
    """Everything that is learned from, as batches."""

    def __init__(
        self, words: Words, flickr8k: Pictures, everyday: Pictures, texts: Sequence[str]
    ) -> None:
        self.words = words
        self._pictures = {Share.FLICKR8K: flickr8k, Share.EVERYDAY: everyday}
        self._texts = texts

    @staticmethod
    def read(data: Data) -> "Corpus":
        """Return the corpus of `data`, whose maps are cached, with guessed tags."""
        words = words_of(data)
        known = {name: data.evidence(name, "train") for name in SETS}
        sets = {n: Pictures(data.features(n, "train"), known[n], words) for n in known}
        for name, guessed in guesses(data).items():
            sets[name].guessed = guessed
        return Corpus(words, sets["flickr8k"], sets["everyday"], data.texts)

    def batches(self, shares: Sequence[Share], seed: int, step: int) -> list[Batch]:
        """Return a batch of each share for `step`."""
        return [
            self._batch(share, np.random.default_rng([seed, step, share.value]), seed, step)
            for share in shares
        ]

    def shown(self, share: Share, count: int, seed: int, step: int) -> Shown:
        """Return `count` of a share's captioned pictures for `step`."""
        return self._pictures[share].shown(count, np.random.default_rng([seed, step, share.value]))

    def references(self) -> list[list[list[int]]]:
        """Return the token rows of every training picture that has captions."""
        return [rows for share in self._pictures.values() for rows in share.references()]

    def _batch(self, share: Share, dice: Dice, seed: int, step: int) -> Batch:
        if share in (Share.TEXT, Share.READING):
            return self._text(share.value, dice)
        pictures = self._pictures[share]
        a_pass = len(pictures) // share.value
        order = np.random.default_rng([seed, step // a_pass]).permutation(len(pictures))
        at = step % a_pass * share.value
        each = 5 if share is Share.FLICKR8K else 1
        return pictures.batch(order[at : at + share.value].tolist(), each, dice)

    def _text(self, count: int, dice: Dice) -> Batch:
        texts = [self._texts[i] for i in dice.integers(len(self._texts), size=count)]
        texts = [exchanged(t, dice) if dice.random() < _EXCHANGED else t for t in texts]
        known = [found(joined(text.split())) for text in texts]
        tags = [draw_tags(Counter(names), names, dice) for names in known]
        rows = token_rows([self.words.row(text) for text in texts])
        return Batch(None, _tags(tags, self.words), *rows, torch.ones(count, dtype=torch.bool))


def words_of(data: Data) -> Words:
    """Return the vocabulary of the training texts."""
    texts = [
        [text for known in data.evidence(name, "train") for text in known.captions] for name in SETS
    ]
    return Words.of(vocabulary(texts[0], texts[1] + data.texts, SEEN, MORE))


def guesses(data: Data) -> dict[str, list[list[str]]]:
    """Return, for the training pictures of each data set, what a head that saw others says.

    It is kept beside the maps.
    """
    kept = data.maps / "guesses.json"
    if not kept.exists():
        kept.write_text(json.dumps(_guesses(data)))
    found_before: dict[str, list[list[str]]] = json.loads(kept.read_text())
    return found_before


def _guesses(data: Data) -> dict[str, list[list[str]]]:
    parts = [Examples.read(data, name, "train") for name in SETS]
    likely = []
    folds = [torch.arange(len(part.targets)) % 2 for part in parts]
    heads = [
        head_of([part.only(fold != half) for part, fold in zip(parts, folds, strict=True)])
        for half in range(2)
    ]
    for part, fold in zip(parts, folds, strict=True):
        pooled, classes = part.pooled[:, 0].numpy(), part.classes[:, 0].numpy()
        said = np.stack([head.probabilities(pooled, classes) for head in heads])
        likely.append(said[fold.numpy(), np.arange(len(fold))])
    return {n: [tags_of(row) for row in rows] for n, rows in zip(SETS, likely, strict=True)}


@dataclass(frozen=True)
class Examples:
    """Pictures for a head: `pooled` (N, views, 1280), `classes` (N, views, 1000), targets."""

    pooled: Tensor
    classes: Tensor
    targets: Tensor

    @staticmethod
    def read(data: Data, name: str, split: Split) -> "Examples":
        """Return the pictures of one data set."""
        pooled = data.features(name, split).pooled()
        with torch.inference_mode():
            classes = lite_maps().classes(pooled[..., None, :])
        targets = torch.stack([known.targets() for known in data.evidence(name, split)])
        return Examples(pooled, classes.clone(), targets)

    def only(self, which: Tensor) -> "Examples":
        """Return the pictures for which `which` holds."""
        return Examples(self.pooled[which], self.classes[which], self.targets[which])


def head_of(parts: Sequence[Examples]) -> Tagger:
    """Return the head learned from `parts`, each of which counts alike."""
    flat = [
        (
            p.pooled.flatten(0, 1),
            p.classes.flatten(0, 1),
            p.targets.repeat_interleave(p.pooled.shape[1], 0),
        )
        for p in parts
    ]
    weights = torch.cat([torch.full((len(p),), 1 / len(p)) for p, _, _ in flat])
    pooled, classes, targets = (torch.cat(columns) for columns in zip(*flat, strict=True))
    return fit(pooled, classes, targets, weights)


def _tags(tags: Sequence[Sequence[str]], words: Words) -> Tensor:
    return torch.tensor([tag_row(some, words) for some in tags])
