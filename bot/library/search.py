"""Searches the list of models: which are meant by a few words, and which to compare.

Plain functions over the cards that the worker has told of; they ask nobody and send nothing.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.errors import UnknownModel
from bot.core.formatting import escape
from bot.core.i18n import tr
from bot.library.hub.workers import PREFIXES as HUB
from models.jobs.model_info import ModelInfo

MOST_COMPARED = 10
"""Models that one comparison may ask."""
COMPARED = (
    *("alexnet", "vgg16", "inception_v3", "resnet101", "mobilenet_v3_large"),
    *("efficientnet_b0", "convnext_tiny", "vit_b_16"),
)
"""Who is compared when nobody is named: a decade of classifiers, in the order of their years."""


WORDS = {
    "caption": ("caption", "captioner", "captioning"),
    "classify": ("classify", "classifier", "classification"),
    "read": ("read", "reader", "reading"),
    "translate": ("translate", "translator", "transform", "generator"),
}
"""What people call the models of a task."""


def search(cards: Sequence[ModelInfo], query: str) -> list[ModelInfo]:
    """Return the models that every word of `query` fits, those that are ready first.

    A word, or what it is the plural of, fits a part of the name or family, and what people call the
    task. `task:translate` and `family:resnet` fit the whole
    of that alone, and `ready` those whose weights are here.
    """
    words = query.lower().split()
    found = [card for card in cards if all(_fits(card, word) for word in words)]
    return sorted(found, key=lambda card: (not card.ready, card.name))


def _fits(card: ModelInfo, word: str) -> bool:
    kind, _, value = word.partition(":")
    if kind in {"task", "family"} and value:
        return value == (card.task if kind == "task" else card.family)
    if word in {"ready", "installed", tr("ready")} and card.ready:
        return True
    called = {*WORDS[card.task], *map(tr, WORDS[card.task])}
    return any(
        one in called or one in f"{card.name} {card.family or ''}"
        for one in {word, word.removesuffix("s") or word}
    )


def without_talk(cards: Sequence[ModelInfo], words: str) -> tuple[str, str | None]:
    """Return the model that `words` name, or none with a note where they are only talk.

    A single word that is like a name is taken for one, so that a slip is told.
    """
    name = words.strip().lower()
    names = [card.name for card in cards]
    slip = len(name.split()) == 1 and difflib.get_close_matches(name, names, 1, 0.5)
    if not name or not names or name in names or name.startswith(HUB) or slip:
        return words, None
    return "", tr("“{words}” isn't a model, so I used the default.", words=escape(words[:50]))


def named(cards: Sequence[ModelInfo], name: str) -> ModelInfo:
    """Return the model called `name`.

    Raises:
        UnknownModel: There is none; the sentence has the nearest names.
    """
    wanted = name.strip().lower()
    by_name = {card.name: card for card in cards}
    if wanted in by_name:
        return by_name[wanted]
    close = difflib.get_close_matches(wanted, by_name, n=3, cutoff=0.5)
    hint = (
        tr("Did you mean {close}?", close=" or ".join(close))
        if close
        else tr("`/models` shows the full list.")
    )
    wrong = escape(name[:50])
    raise UnknownModel(tr("There's no model called “{plain}”. {hint}", plain=wrong, hint=hint))


@dataclass(frozen=True)
class ComparisonSet:
    """The classifiers to compare, and the names of those that are wanted but not here."""

    here: tuple[ModelInfo, ...]
    absent: tuple[str, ...]


def models_to_compare(cards: Sequence[ModelInfo], names: Sequence[str]) -> ComparisonSet:
    """Return who is compared: the classifiers called `names`, or else those of `COMPARED`.

    Where nobody is named and fewer than two of those are here, every classifier that is stands in.

    Raises:
        UnknownModel: A name is no classifier's, none of those named is here, or too many are.
    """
    classifiers = [card for card in cards if card.task == "classify"]
    asked = dict.fromkeys(name.lower() for name in names or COMPARED)
    if len(asked) > MOST_COMPARED:
        raise UnknownModel(
            tr(
                "I can compare up to {most} models at a time.",
                most=MOST_COMPARED,
            )
        )
    wanted = [named(classifiers, name) for name in asked]
    here = [card for card in wanted if card.ready]
    absent = tuple(card.name for card in wanted if not card.ready)
    if names and not here:
        raise UnknownModel(
            tr(
                "Not installed: {absent}. `/models` shows what is.",
                absent=", ".join(absent),
            )
        )
    if len(here) < 2 and not names:
        here = [card for card in classifiers if card.ready][:MOST_COMPARED]
    here.sort(key=lambda card: (card.year or 0, card.name))
    return ComparisonSet(tuple(here), absent)
