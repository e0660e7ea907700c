"""Texts for the caption recipe: words, tags drawn for them, and batches of token rows.

Owns the vocabulary, what a label becomes as a sentence, and how tags are drawn: mostly true,
sometimes a tagger's, now and then wrong or none, so that the decoder learns to trust and to
doubt them. It knows no pictures; `models.train.caption` joins the two.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from models.captioning.mbr import DocumentFrequency, Gram
from models.captioning.nouns import joined, kinds_of, nouns, plural
from models.networks.caption_shape import END, MAX_WORDS, TAGS, UNKNOWN
from models.train.caption_tagger import labeled

_SPECIAL = ("<end>", "<unk>")
_TRUE, _GUESSED = 0.4, 0.45
"""How often the tags are true ones and a tagger's; else there are none."""

_SWAPPED = 0.05
_LONGEST_GRAM = 4
_FRAMES = ("{}", "{}", "{}", "{}", "a close up of {}")


def vocabulary(often: Sequence[str], seldom: Sequence[str], seen: int, more: int) -> list[str]:
    """Return the special tokens and words, the most frequent first.

    They are those that stand `seen` times in the texts `often` or `more` times in all, and every
    noun, of which those of two words are one.
    """
    first, second = (
        Counter(w for text in texts for w in joined(text.split())) for texts in (often, seldom)
    )
    both = first + second
    kept = {word for word in both if first[word] >= seen or both[word] >= more}
    kept |= nouns().keys() | {plural(name) for name in nouns() if both[plural(name)] > 1}
    return [*_SPECIAL, *sorted(kept, key=lambda word: (-both[word], word))]


@dataclass(frozen=True)
class Words:
    """The vocabulary with each word's number."""

    words: Sequence[str]
    number: dict[str, int]

    @staticmethod
    def of(words: Sequence[str]) -> "Words":
        """Return `words` numbered from 0."""
        return Words(words, {word: index for index, word in enumerate(words)})

    def row(self, text: str) -> list[int]:
        """Return the tokens of `text`, at most `MAX_WORDS`."""
        return [self.number.get(word, UNKNOWN) for word in joined(text.split())[:MAX_WORDS]]


@dataclass(frozen=True)
class Said:
    """A caption; one that is not `ended` is only the beginning of it."""

    text: str
    ended: bool = True


def short(labels: Sequence[str], dice: np.random.Generator) -> Said:
    """Return what `labels` say, two of them at most.

    Of a single thing there may be no more to say; of an animal or of several things there is.
    """
    known = list(dict.fromkeys(name for label in labels if (name := labeled(label))))
    dice.shuffle(known)
    things = " and ".join(nouns()[name].alone for name in known[:2])
    ended = len(known) == 1 and "animal" not in kinds_of(known[0])
    return Said(str(dice.choice(_FRAMES)).format(things), ended)


def draw_tags(true: Counter[str], guessed: Sequence[str], dice: np.random.Generator) -> list[str]:
    """Return up to `TAGS` nouns to be told with a picture: `true` ones, or those `guessed`."""
    chance = dice.random()
    tags: list[str] = []
    if chance < _TRUE and true:
        names, counts = list(true), np.array(list(true.values()), dtype=float)
        count = min(len(names), int(dice.integers(1, TAGS + 1)))
        tags = dice.choice(names, count, replace=False, p=counts / counts.sum()).tolist()
    elif chance < _TRUE + _GUESSED:
        tags = list(guessed[:TAGS])
    every = list(nouns())
    return [every[dice.integers(len(every))] if dice.random() < _SWAPPED else t for t in tags]


def exchanged(text: str, dice: np.random.Generator) -> str:
    """Return `text` with one of its nouns, if it can be, replaced by another of its kind.

    So the decoder learns to say nouns that no sentence holds, when a tag does.
    """
    words = joined(text.split())
    places = [i for i, word in enumerate(words) if word in nouns() and _siblings(word)]
    if not places:
        return text
    place = int(dice.choice(places))
    new = str(dice.choice(_siblings(words[place])))
    if place and words[place - 1] in ("a", "an"):
        words[place - 1] = nouns()[new].article if nouns()[new].article != "some" else "some"
    words[place] = new
    return " ".join(words)


@cache
def _siblings(name: str) -> list[str]:
    kind = nouns()[name].kind
    if kind == "person":
        return []
    if not kind:
        return [other for other, noun in nouns().items() if noun.kind == name]
    return [other for other, noun in nouns().items() if noun.kind == kind and other != name]


def tag_row(tags: Sequence[str], words: Words) -> list[int]:
    """Return `tags` as `TAGS` tokens, `END` where there are fewer."""
    row = [words.number[tag] for tag in tags[:TAGS]]
    return row + [END] * (TAGS - len(row))


def token_rows(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return `rows` begun by `END` and padded behind, and a mask of what is real."""
    length = max(map(len, rows)) + 1
    tokens = torch.full((len(rows), length), END)
    real = torch.zeros((len(rows), length), dtype=torch.bool)
    for index, row in enumerate(rows):
        tokens[index, 1 : len(row) + 1] = torch.tensor(row)
        real[index, : len(row) + 1] = True
    return tokens, real


def rarity_of(captions: Sequence[Sequence[Sequence[int]]]) -> DocumentFrequency:
    """Return in how many pictures' captions each n-gram stands; `captions` are a picture's rows."""
    seen: Counter[Gram] = Counter()
    for rows in captions:
        seen.update({gram for row in rows for gram in _grams(row) if UNKNOWN not in gram})
    return DocumentFrequency(len(captions), seen)


def _grams(row: Sequence[int]) -> list[Gram]:
    lengths = range(1, _LONGEST_GRAM + 1)
    return [tuple(row[at : at + n]) for n in lengths for at in range(len(row) - n + 1)]
