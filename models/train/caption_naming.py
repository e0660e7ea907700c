"""Whether a caption names what a picture shows, by what people wrote and labeled.

Owns the rule by which captions of everyday pictures are counted as right or wrong. A word or
what kind of thing it is will do, but not so wide a kind as "animal" or "food"; a woman may be
called a man. People and dogs, which captioners name too readily, don't count where something else
is labeled.
"""

from collections.abc import Iterable

from models.captioning.certainty import named
from models.captioning.nouns import DOG, WIDE, is_person, kinds_of
from models.train.caption_tagger import Evidence, labeled


def counted(evidence: Evidence) -> set[str]:
    """Return the nouns that a picture is labeled with, without people and dogs."""
    known = {noun for label in evidence.labels if (noun := labeled(label))}
    return {noun for noun in known if not is_person(noun) and DOG not in kinds_of(noun)}


def names_right(text: str, evidence: Evidence) -> bool:
    """Tell whether a caption names one of the labels, or first of all what captions name."""
    said = named(text)
    if wanted := counted(evidence):
        return any(_alike(one, wanted) for one in said)
    return bool(said) and _alike(said[0], evidence.nouns())


def _alike(noun: str, wanted: Iterable[str]) -> bool:
    if is_person(noun):
        return any(map(is_person, wanted))
    exact = {kind for name in wanted for kind in _narrow(name)}
    return noun in exact or bool(set(_narrow(noun)) & set(wanted))


def _narrow(noun: str) -> list[str]:
    """Return the noun and its kinds, without the widest."""
    return [kind for kind in kinds_of(noun) if kind == noun or kind not in WIDE]
