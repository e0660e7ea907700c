"""From what a generator painted to the answer.

Owns the last step of `models.tasks.translate.task`: a decoder lays what was painted over the
picture and encodes it to fit, and the answer is put together. Needs no network and keeps nothing,
so it may run on any thread.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from models.catalog.records import Pair
from models.images.decode import DecodeError
from models.images.perform import Perform, Slow
from models.images.pixel_jobs import Paint, Painted, PaintedTwice, PaintTwice
from models.jobs.answers import Cycled, Failure, Translated, Verdict
from models.jobs.base import Precision, Said, say

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Receipt:
    """Who translated, how it went and what the classifier says of it."""

    pair: Pair
    verdict: Verdict
    device: str
    milliseconds: float
    substitution: Said | None
    precision: Precision


def _or_failure(present: Callable[P, T]) -> Callable[P, T | Failure]:
    """Let `present` answer with a failure rather than raise: only this one job is concerned."""

    @wraps(present)
    def presented(*args: P.args, **kwargs: P.kwargs) -> T | Failure:
        try:
            return present(*args, **kwargs)
        except Slow:
            raise
        except DecodeError as error:
            return error.failure
        except Exception:  # noqa: BLE001 - whatever it was, this job gets an answer
            _log.exception("A translation could not be presented")
            sentence = say("The answer could not be made into a file: try another picture.")
        return Failure(code="model_failed", sentence=sentence)

    return presented


@_or_failure
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
        precision=receipt.precision,
    )


@_or_failure
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
        precision=receipt.precision,
    )
