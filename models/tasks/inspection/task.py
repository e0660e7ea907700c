"""The task of looking inside a model: what its network is made of, and what its record says.

Owns the answer to `Inspect`, which needs no weights: `models.tasks.inspection.summary` builds the
network without memory. Answers are kept, since nothing about a network changes.
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from models.captioning.records import captioners
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import Classification, Preset, Record
from models.catalog.selection import unknown
from models.catalog.snippets import script
from models.images.sizes import SHORT_SIDE
from models.jobs.answers import Inspected, LayerCount, Preprocessing
from models.jobs.base import say
from models.jobs.errors import JobError
from models.jobs.requests import Inspect
from models.reading.records import Reading, readers
from models.tasks.base import Alone

if TYPE_CHECKING:
    from torch import nn

_log = logging.getLogger(__name__)


class InspectTask(Alone[str, Callable[[], Inspected]]):
    """Answers `Inspect` jobs about every classifier, translation and captioner."""

    def prepare(self, job: Inspect) -> str:
        """Return the model's name, see `Task`."""
        name = job.model.strip().lower()
        if name not in _records():
            raise unknown(job.model, _records())
        return name

    def model_of(self, item: str) -> str:
        """See `Alone`."""
        return item

    def answer(self, item: str) -> Callable[[], Inspected]:
        """Return what makes the answer, see `Alone`."""
        return partial(_inspect_safely, item)


def _inspect_safely(name: str) -> Inspected:
    try:
        return inspect(name)
    except Exception:  # noqa: BLE001 - whatever it was, the worker goes on
        _log.exception("%s can't be looked into", name)
        sentence = say(
            "I can't inspect {model}. The bot owner can find the reason in the log.", model=name
        )
        raise JobError("model_failed", sentence) from None


@cache
def _records() -> Mapping[str, Record]:
    return {**catalog(), **pairs(), **captioners(), **readers()}


@cache
def inspect(name: str) -> Inspected:
    """Return what there is to see inside the model `name`.

    Raises:
        KeyError: There is none of that name.
    """
    from models.tasks.inspection import summary

    record = _records()[name]
    if isinstance(record, Reading):
        return _reading(record)
    network = summary.build_on_meta(record.build)
    # Counted, since what is published leaves GoogLeNet's auxiliary heads out.
    count = sum(p.numel() for p in network.parameters())
    seen = Inspected(
        model=record.name,
        weights=record.checkpoint.name,
        tree=summary.tree(network),
        layers=_layers(network),
        parameters=count,
        bytes=4 * count,
        paper=record.origin.paper,
        paper_url=record.origin.url,
    )
    if record.task == "caption":  # its work depends on its words
        return seen
    if not isinstance(record, Classification):
        return replace(
            seen, side=SHORT_SIDE, multiply_adds=summary.multiply_adds(network, SHORT_SIDE)
        )
    side = record.preset.crop
    return replace(
        seen,
        side=side,
        multiply_adds=summary.multiply_adds(network, side),
        labels=record.labels,
        preparation=_preparation(record.preset),
        script=script(record),
    )


def _reading(record: Reading) -> Inspected:
    """Return what is known of networks that are no torch modules."""
    lines = [
        "PP-OCR",
        f"  detector: {record.detector.file}, RGB to a map of text",
        f"  recognizer: {record.checkpoint.file}, lines to {record.letters} letters",
    ]
    return Inspected(
        model=record.name,
        weights=record.checkpoint.name,
        tree="\n".join(lines),
        layers=(),
        parameters=record.parameters,
        bytes=4 * record.parameters,
    )


def _layers(network: "nn.Module") -> tuple[LayerCount, ...]:
    from models.tasks.inspection import summary

    return tuple(
        LayerCount(kind=kind, layers=count, parameters=parameters)
        for kind, count, parameters in summary.layers(network)
    )


def _preparation(preset: Preset) -> Preprocessing:
    return Preprocessing(
        resize=preset.resize,
        crop=preset.crop,
        interpolation=preset.interpolation,
        mean=preset.mean,
        std=preset.std,
    )
