"""From what a generator painted to the answer.

Owns the last step of `models.tasks.translate.task`: a decoder lays what was painted over the
picture and encodes it to fit, and the answer is put together. Needs no network and keeps nothing,
so it may run on any thread.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from models.catalog.records import TranslationModel
from models.images.perform import Perform, Slow
from models.images.pixel_jobs import Paint, Painted, PaintedTwice, PaintTwice
from models.jobs.answers import BeforeAfter, Cycled, Translated
from models.jobs.base import Precision, Said, say
from models.jobs.errors import JobError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Receipt:
    """Who translated, how it went and what the classifier says of it."""

    pair: TranslationModel
    verdict: BeforeAfter
    device: str
    milliseconds: float
    substitution: Said | None
    notes: tuple[Said, ...]
    precision: Precision


@contextmanager
def _presenting() -> Iterator[None]:
    """Say in a sentence that the answer could not be made.

    Raises:
        JobError: It could not.
        Slow: It takes more than this lane grants.
    """
    try:
        yield
    except (JobError, Slow):
        raise
    except Exception:  # noqa: BLE001 - whatever it was, this job gets an answer
        _log.exception("A translation could not be presented")
        sentence = say("The answer could not be made into a file: try another picture.")
        raise JobError("model_failed", sentence) from None


@_presenting()
def translated(do: Perform, paint: Paint, frames_in_all: int, receipt: Receipt) -> Translated:
    """Return the answer to a translation of the first frames of a file that has `frames_in_all`."""
    painted = do(paint)
    assert isinstance(painted, Painted)
    pair, layers = receipt.pair, paint.layers
    return Translated(
        image=painted.image,
        verdict=receipt.verdict,
        model=pair.name,
        weights=pair.checkpoint.name,
        expects=pair.expects,
        working_width=layers[0].color.width,
        working_height=layers[0].color.height,
        frames=len(layers),
        frames_in_all=frames_in_all,
        device=receipt.device,
        milliseconds=receipt.milliseconds,
        substitution=receipt.substitution,
        notes=receipt.notes,
        precision=receipt.precision,
    )


@_presenting()
def cycled(do: Perform, paint: PaintTwice, receipt: Receipt, inverse: str) -> Cycled:
    """Return the answer to a cycle, whose way back is named `inverse`."""
    painted = do(paint)
    assert isinstance(painted, PaintedTwice)
    pair = receipt.pair
    return Cycled(
        original=painted.original,
        there=painted.there,
        back=painted.back,
        difference=painted.difference,
        verdict=receipt.verdict,
        model=pair.name,
        weights=pair.checkpoint.name,
        inverse=inverse,
        expects=pair.expects,
        device=receipt.device,
        milliseconds=receipt.milliseconds,
        substitution=receipt.substitution,
        notes=receipt.notes,
        precision=receipt.precision,
    )
