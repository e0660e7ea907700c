"""Everything that is done to a file's pixels: shown, sampled, painted over.

Needs no network and no torch. It runs in a decoder's own process, or right here where a test's
subject is not that process. A bad file raises `DecodeError`, whatever its bytes are.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from PIL import Image, ImageChops, ImageStat

from models.images import encode
from models.images.animation import ImageSequence, open_sequence
from models.images.decode import DecodeError, decode
from models.images.pixel_jobs import (
    Look,
    Looked,
    Overlay,
    Paint,
    Painted,
    PaintedTwice,
    PaintTwice,
    PixelAnswer,
    PixelJob,
    Pixels,
    Sample,
    Sampled,
)
from models.images.sizes import FILM_PIXELS, working_size
from models.images.views import seen
from models.jobs import answers
from models.jobs.base import Said, say

Perform: TypeAlias = Callable[[PixelJob], PixelAnswer]
"""What does a pixel job: `perform` right here, or a pool of processes."""


class Slow(Exception):
    """A pool's word that a job needs more than its lane grants: do it again in the slow lane."""


def perform(job: PixelJob) -> PixelAnswer:
    """Do `job`.

    Raises:
        DecodeError: The file can't be read, or the answer can't be made small enough.
    """
    match job:
        case Look():
            return _look(job)
        case Sample():
            return _sample(job)
        case Paint():
            return _paint(job)
        case PaintTwice():
            return _paint_twice(job)


def _look(job: Look) -> Looked:
    picture = decode(job.picture, job.least)
    return Looked(
        images=tuple(Pixels.of(seen(picture.image, view)) for view in job.views),
        width=picture.width,
        height=picture.height,
        frames=picture.frames,
        notes=picture.notes,
    )


def _sample(job: Sample) -> Sampled:
    opened = open_sequence(job.picture)
    moves = opened.container is not None
    frames: list[Pixels] = []
    view: Pixels | None = None
    notes: tuple[Said, ...] = ()
    for frame in opened.frames(job.most if moves else 1):
        whole, remarks = frame.seen()
        if view is None:
            view, notes = Pixels.of(seen(whole, job.view)), remarks
        at = working_size(*whole.size, job.short)
        if frames and (len(frames) + 1) * at[0] * at[1] > FILM_PIXELS:
            break
        frames.append(Pixels.of(whole.resize(at, Image.Resampling.BILINEAR)))
    assert view is not None  # a file without a first frame is damaged
    return Sampled(
        frames=tuple(frames),
        view=view,
        moves=moves,
        frames_in_all=opened.frames_in_all,
        notes=notes,
    )


def _paint(job: Paint) -> Painted:
    opened, layers = open_sequence(job.picture), job.layers
    if job.as_it_is:
        return Painted(image=_still(layers[0].color.image(), None, job.max_bytes))
    pictures, durations = _painted(opened, layers)
    if opened.container is None or len(layers) == 1:
        return Painted(image=_still(pictures[0], opened.profile, job.max_bytes))
    timing = encode.Timing(durations, opened.loop)
    with _fitting():
        image = encode.animation(pictures, timing, opened.container, opened.profile, job.max_bytes)
    return Painted(image=image)


def _paint_twice(job: PaintTwice) -> PaintedTwice:
    opened = open_sequence(job.picture)
    (frame,) = opened.frames(1)
    there = over(job.there, frame.colors)
    back = over(job.back, there)
    alphas = [frame.alpha]

    def file(picture: Image.Image) -> answers.Image:
        return _still(_see_through([picture], alphas)[0], opened.profile, job.max_bytes)

    return PaintedTwice(
        original=file(frame.colors),
        there=file(there),
        back=file(back),
        difference=_difference(frame.colors, back),
    )


def over(layer: Overlay, picture: Image.Image) -> Image.Image:
    """Return the RGB `picture`, of any size, under `layer`; elsewhere it keeps its pixels."""
    color = layer.color.image().resize(picture.size, Image.Resampling.LANCZOS)
    if layer.matte is None:
        return color
    matte = layer.matte.image().resize(picture.size, Image.Resampling.LANCZOS)
    return Image.composite(color, picture, matte)


def _painted(
    opened: ImageSequence, layers: Sequence[Overlay]
) -> tuple[list[Image.Image], list[float]]:
    """Return the first frames under their layers, at their own size, and how long each is shown."""
    pictures: list[Image.Image] = []
    alphas: list[Image.Image | None] = []
    durations: list[float] = []
    for frame, layer in zip(opened.frames(len(layers)), layers, strict=True):
        pictures.append(over(layer, frame.colors))
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


def _still(picture: Image.Image, profile: bytes | None, max_bytes: int) -> answers.Image:
    with _fitting():
        return encode.still(picture, profile, max_bytes)


@contextmanager
def _fitting() -> Iterator[None]:
    """Say in a sentence what does not fit.

    Raises:
        DecodeError: It doesn't, however small.
    """
    try:
        yield
    except encode.DoesNotFitError:
        sentence = say(
            "I couldn't make the result small enough to upload here. Try a "
            "smaller picture, or another server."
        )
        raise DecodeError("model_failed", sentence) from None


def _difference(one: Image.Image, other: Image.Image) -> float:
    bands = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(bands) / len(bands) / 255
