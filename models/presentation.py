"""From what a generator painted to the answer: over the picture, at its own size, as a file.

Owns the last step of `models.translate`: it reads the picture again, one frame at a time, lays
what was painted over it, carries transparency and colour profile over and encodes to fit. Needs
no network and keeps nothing, so it may run on any thread.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from PIL import Image, ImageChops, ImageStat

from models import encode, jobs
from models.frames import Film
from models.jobs import (
    Cycled,
    Failure,
    Precision,
    Said,
    Translated,
    Verdict,
    say,
)
from models.records import Pair

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Layer:
    """What was painted, at the working size: `colour` RGB and where it belongs, `matte` L.

    A matte of None means everywhere.
    """

    colour: Image.Image
    matte: Image.Image | None

    def over(self, picture: Image.Image) -> Image.Image:
        """Return the RGB `picture`, of any size, under this; what is no animal keeps its pixels."""
        colour = self.colour.resize(picture.size, Image.Resampling.LANCZOS)
        if self.matte is None:
            return colour
        matte = self.matte.resize(picture.size, Image.Resampling.LANCZOS)
        return Image.composite(colour, picture, matte)


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
        except encode.DoesNotFitError:
            sentence = say("The answer is too large to be sent here, however small: try elsewhere.")
        except Exception:  # noqa: BLE001 - whatever it was, this job gets an answer
            _log.exception("A translation could not be presented")
            sentence = say("The answer could not be made into a file: try another picture.")
        return Failure(code="model_failed", sentence=sentence)

    return presented


@_or_failure
def translated(
    film: Film,
    layers: Sequence[Layer],
    max_bytes: int,
    receipt: Receipt,
    at_working_size: bool,
) -> Translated:
    """Return the answer to a translation of the first frames of `film`, one layer each.

    `at_working_size` gives the first layer as it is, as the notebook does.
    """
    if at_working_size:
        image = encode.still(layers[0].colour, None, max_bytes)
    elif film.container is None or len(layers) == 1:
        image = encode.still(_answers(film, layers)[0][0], film.profile, max_bytes)
    else:
        pictures, durations = _answers(film, layers)
        timing = encode.Timing(durations, film.loop)
        image = encode.animation(pictures, timing, film.container, film.profile, max_bytes)
    pair = receipt.pair
    return Translated(
        image=image,
        verdict=receipt.verdict,
        model=pair.name,
        weights=pair.checkpoint.name,
        expects=pair.expects,
        working_width=layers[0].colour.width,
        working_height=layers[0].colour.height,
        frames=len(layers),
        frames_in_all=film.frames_in_all,
        device=receipt.device,
        milliseconds=receipt.milliseconds,
        substitution=receipt.substitution,
        precision=receipt.precision,
    )


@_or_failure
def cycled(
    film: Film, layers: tuple[Layer, Layer], max_bytes: int, receipt: Receipt, inverse: str
) -> Cycled:
    """Return the answer to a cycle of the first frame of `film`: the layers there and back."""
    (frame,) = film.frames(1)
    there = layers[0].over(frame.colours)
    back = layers[1].over(there)
    pair = receipt.pair

    def file(picture: Image.Image) -> jobs.Image:
        (whole,) = _see_through([picture], [frame.alpha])
        return encode.still(whole, film.profile, max_bytes)

    return Cycled(
        original=file(frame.colours),
        there=file(there),
        back=file(back),
        difference=_difference(frame.colours, back),
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


def _answers(film: Film, layers: Sequence[Layer]) -> tuple[list[Image.Image], list[float]]:
    """Return the translated frames at their own size, and how long each is shown."""
    pictures: list[Image.Image] = []
    alphas: list[Image.Image | None] = []
    durations: list[float] = []
    for frame, layer in zip(film.frames(len(layers)), layers, strict=True):
        pictures.append(layer.over(frame.colours))
        alphas.append(frame.alpha)
        durations.append(frame.duration)
    return _see_through(pictures, alphas), durations


def _see_through(
    pictures: list[Image.Image], alphas: Sequence[Image.Image | None]
) -> list[Image.Image]:
    """Return RGB pictures with their alphas: in mode RGBA all of them, if any needs it."""
    if all(alpha is None for alpha in alphas):
        return pictures
    opaque = Image.new("L", pictures[0].size, 255)
    return [
        Image.merge("RGBA", (*picture.split(), alpha or opaque))
        for picture, alpha in zip(pictures, alphas, strict=True)
    ]


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean absolute difference of two RGB pictures of one size, of a range of 1."""
    bands = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(bands) / len(bands) / 255
