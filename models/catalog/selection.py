"""Which model answers: the one asked for if its weights are here, else the best that is.

Owns that one decision and the sentence that admits a substitution. It looks at the catalog and
the shelf of weights and hands a record to the task; it loads nothing.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.catalog.records import Record
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.weights.store import WeightsError, WeightsStore

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Choice(Generic[R]):
    """The record that answers, and why it is not the one asked for, when it isn't."""

    record: R
    substitution: Said | None = None


class Selection(Generic[R]):
    """Chooses among `catalog` by what `shelf` holds; `default` is meant when no name is given."""

    def __init__(self, catalog: Mapping[str, R], shelf: WeightsStore, default: str) -> None:
        self._catalog = catalog
        self._shelf = shelf
        self._default = default

    def choose(self, name: str | None) -> Choice[R]:
        """Return the record for `name`, or the substitute for it.

        Raises:
            JobError: There is neither.
        """
        wanted = self.find(self._default if name is None else name)
        if (lack := self._lack(wanted)) is None:
            return Choice(wanted)
        if (substitute := self._best_like(wanted)) is None:
            raise _nobody_stands_in(wanted.name, lack)
        if name is None:  # nobody named it, so nobody has to know
            return Choice(substitute)
        return Choice(substitute, _stands_in(wanted.name, lack, substitute.name))

    def find(self, name: str) -> R:
        """Return the record for `name`, whether or not its weights are here.

        Raises:
            JobError: There is none.
        """
        if (record := self._catalog.get(name.strip().lower())) is None:
            raise unknown(name, self._catalog)
        return record

    def is_here(self, record: R) -> bool:
        """Tell whether `record` can answer."""
        return self._lack(record) is None

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every record, in the catalog's order."""
        return tuple(self._card(record) for record in self._catalog.values())

    def _best_like(self, wanted: R) -> R | None:
        """Return the most accurate record for the same purpose; among equals, the first listed."""
        rivals = [r for r in self._catalog.values() if r.purpose == wanted.purpose]
        ranked = sorted(rivals, key=lambda r: r.accuracy or 0, reverse=True)
        return next((record for record in ranked if self._lack(record) is None), None)

    def _lack(self, record: R) -> WeightsError | None:
        """Return why `record` can't answer; None if it can."""
        if self._is_converted(record):
            return None
        try:
            for file in record.files:
                self._shelf.genuine(file)
        except WeightsError as error:
            return error
        return None

    def _is_converted(self, record: R) -> bool:
        return record.converted is not None and (self._shelf.cache / record.converted).is_dir()

    def _location(self, record: R) -> str | None:
        """Return the place that its first file is in, None where any is missing."""
        if self._is_converted(record):
            return "Bobby cache"
        found = [self._shelf.find(file) for file in record.files]
        return found[0].location if found[0] and all(found) else None

    def _card(self, record: R) -> ModelInfo:
        checkpoint, location = record.checkpoint, self._location(record)
        return ModelInfo(
            name=record.name,
            task=record.task,
            parameters=record.parameters,
            weights=checkpoint.name,
            source=checkpoint.source,
            license=checkpoint.license,
            ready=location is not None,
            location=location,
            size_bytes=checkpoint.size_bytes,
            accuracy=record.accuracy,
            expects=record.expects,
            family=record.origin.family,
            year=record.origin.year,
            files=tuple(file.file_to_fetch() for file in record.files if not file.shipped),
        )


def _stands_in(wanted: str, lack: WeightsError, other: str) -> Said:
    """Return the sentence that says why `other` answers instead of `wanted`."""
    if lack.damaged:
        return say("{model}'s file is damaged, so {other} answered.", model=wanted, other=other)
    return say("{model} isn't installed here, so {other} answered.", model=wanted, other=other)


def _nobody_stands_in(wanted: str, lack: WeightsError) -> JobError:
    """Return the refusal that says why neither `wanted` nor another answers."""
    sentence = (
        say(
            "{model}'s file is damaged, and there's no substitute for it. Ask the bot owner to"
            " download it again.",
            model=wanted,
        )
        if lack.damaged
        else say(
            "{model} isn't installed here, and there's no substitute for it. Ask the bot owner to"
            " add it.",
            model=wanted,
        )
    )
    return JobError("no_weights", sentence)


def unknown(name: str, catalog: Collection[str]) -> JobError:
    """Return the refusal of a name that `catalog` does not have, with those that are like it."""
    close = difflib.get_close_matches(name.strip().lower(), catalog, n=3, cutoff=0.5)
    # The sentence is shown as the bot's own words: no markup or link of the requester's gets in.
    plain = re.sub("_+", "_", re.sub(r"[^\w:. -]", "", " ".join(name.split()))).strip("_ ")[:50]
    sentence = (
        say(
            "There's no model called “{name}”. Did you mean {names}?",
            name=plain,
            names=join_or(close),
        )
        if close
        else say(
            "There's no model called “{name}”. Check the spelling, or leave it out to "
            "use the default.",
            name=plain,
        )
    )
    return JobError("unknown_model", sentence)


def join_or(names: list[str]) -> str | Said:
    """Return `names`, at least one, as a choice: "a, b or c"."""
    *rest, last = names
    return say("{rest} or {last}", rest=", ".join(rest), last=last) if rest else last
