"""Everyday nouns: what kinds of things there are, by which names, and which classes show them.

Owns the reading of `nouns.tsv` and the finding of nouns among a sentence's words. It knows no
pictures: `models.captioning.tags` says which of the nouns a picture shows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("nouns.tsv")

PERSON, DOG = "person", "dog"

WIDE = frozenset(
    {"animal", "food", "drink", "vehicle", "thing", "place", "plant", "instrument", "furniture"}
)
"""Kinds that say too little to be named for themselves."""

_PLURALS = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "persons",
    "sheep": "sheep",
    "goose": "geese",
    "mouse": "mice",
    "wolf": "wolves",
    "knife": "knives",
    "fish": "fish",
    "deer": "deer",
}


@dataclass(frozen=True)
class Noun:
    """An everyday noun. `kind` is another noun or empty, `classes` are ImageNet's that show it."""

    name: str
    kind: str
    classes: frozenset[int]
    others: tuple[str, ...]
    article: str

    @property
    def names(self) -> Iterator[str]:
        """Every way to say it, its own name first, one before many."""
        for name in (self.name, *self.others):
            yield name
            yield plural(name)

    @property
    def alone(self) -> str:
        """The noun with its article, as the shortest caption there is."""
        return f"{self.article} {self.name}"


@cache
def nouns() -> dict[str, Noun]:
    """Return every noun by its name; the classes of a kind include its members'."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    kinds = {name: kind for name, kind, *_ in rows}
    classes: dict[str, set[int]] = {name: set() for name in kinds}
    for name, _, numbers, *_ in rows:
        holder = name
        while holder:
            classes[holder] |= set(_ranges(numbers))
            holder = kinds[holder]
    return {
        name: Noun(
            name,
            kind,
            frozenset(classes[name]),
            tuple(filter(None, others.split(","))),
            some or ("an" if name[0] in "aeiou" and name != "unicycle" else "a"),
        )
        for name, kind, _, others, some in rows
    }


@cache
def kinds_of(name: str) -> tuple[str, ...]:
    """Return the noun called `name` and the kinds that hold it, the nearest first."""
    kind = nouns()[name].kind
    return (name, *kinds_of(kind)) if kind else (name,)


def is_person(name: str) -> bool:
    """Tell whether a noun means one person or several."""
    return PERSON in kinds_of(name)


@cache
def by_name() -> dict[str, str]:
    """Return the noun that each way of saying one means."""
    return {said: noun.name for noun in nouns().values() for said in noun.names}


def joined(words: Sequence[str]) -> list[str]:
    """Return `words` with those of a noun of two words, such as "hot dog", as one."""
    result: list[str] = []
    for word in words:
        if result and f"{result[-1]} {word}" in by_name():
            result[-1] = f"{result[-1]} {word}"
        else:
            result.append(word)
    return result


def found(words: Sequence[str]) -> list[str]:
    """Return the nouns among `words`, which `joined` returned, in their order, none twice."""
    return list(dict.fromkeys(by_name()[word] for word in words if word in by_name()))


def plural(name: str) -> str:
    """Return the plural of a noun."""
    if name in _PLURALS:
        return _PLURALS[name]
    if name.endswith(("ss", "us", "sh", "ch", "x", "tomato", "potato")):
        return f"{name}es"
    if name.endswith("s"):
        return name
    if name.endswith("y") and name[-2] not in "aeou":
        return f"{name[:-1]}ies"
    return f"{name}s"


def _ranges(numbers: str) -> Iterator[int]:
    for part in filter(None, numbers.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
