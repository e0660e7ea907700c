"""A file's frames one after the other, with what has to be carried over to an answer.

Owns the reading of animations and of what `models.images.decode` leaves out: transparency, color
profile, timing, loops. Reads lazily, so that one frame is in memory at a time. Every file goes
through the checks of `models.images.decode`.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from PIL import Image

from models.images.decode import (
    MAX_PIXELS,
    DecodeError,
    apply_exif_orientation,
    frame_count,
    load,
    reading,
    remarks,
)
from models.images.paper import layers, on_paper, visible
from models.jobs.base import Said

_log = logging.getLogger(__name__)

MAX_FRAMES = 40
"""Of an animation the first so many frames are translated, of large frames fewer."""

Container: TypeAlias = Literal["GIF", "PNG", "WEBP"]

_CONTAINERS: dict[str, Container] = {"GIF": "GIF", "PNG": "PNG", "WEBP": "WEBP", "AVIF": "WEBP"}
"""Which container an animation is answered in: its own where that can be written quickly."""


@dataclass(frozen=True)
class Frame:
    """One upright frame: `colors` RGB, `alpha` L or None, shown for `duration` milliseconds.

    `missing` is the share of its rows that the file lacks.
    """

    colors: Image.Image
    alpha: Image.Image | None
    duration: float
    missing: float = 0.0

    def seen(self) -> tuple[Image.Image, tuple[Said, ...]]:
        """Return the frame as it looks on paper, as classifiers see it, and its small print."""
        shown, black = on_paper(self.colors, self.alpha)
        return shown, remarks(self.missing, black=black)


@dataclass(frozen=True)
class ImageSequence:
    """A file that was opened by its header.

    `container` is None when it is still. `first` is the place of the animation's first frame,
    `frames_in_all` how many it has. `loop` is the number of times it plays, 0 for ever, None
    where the file doesn't say. `profile` is an ICC profile for RGB.
    """

    data: bytes
    container: Container | None
    first: int
    frames_in_all: int
    loop: int | None
    profile: bytes | None

    def frames(self, most: int = MAX_FRAMES) -> Iterator[Frame]:
        """Yield the first frames, at most `most` and `MAX_PIXELS` of them together.

        A damaged frame ends the film; a damaged first frame is no film.

        Raises:
            DecodeError: The first frame can't be read.
        """
        shown = 0
        try:
            with reading(self.data) as image:
                pixels = image.width * image.height
                most = min(most, self.frames_in_all, max(1, MAX_PIXELS // pixels))
                while shown < most:
                    frame = self._frame(image, self.first + shown)
                    shown += 1
                    yield frame
        except DecodeError:
            if not shown:
                raise
            _log.info("An animation is damaged after %d frames", shown)

    def _frame(self, image: Image.Image, place: int) -> Frame:
        if place:
            image.seek(place)
        missing = load(image, self.data)
        colors, alpha = layers(apply_exif_orientation(image))
        if self.container is None:
            colors, alpha = visible(colors, alpha)
        return Frame(colors, alpha, float(image.info.get("duration", 0)), missing)


def open_sequence(data: bytes) -> ImageSequence:
    """Return what the header of the file in `data` says.

    Raises:
        DecodeError: As for `models.images.decode.decode`.
    """
    with reading(data) as image:
        count = frame_count(image, data)
        # An animated PNG may begin with a picture for programs that show no animation.
        first = int(bool(image.info.get("default_image")) and count > 1)
        animated = count - first > 1
        loop = image.info.get("loop")
        return ImageSequence(
            data=data,
            container=_CONTAINERS.get(image.format or "") if animated else None,
            first=first,
            frames_in_all=count - first if animated else 1,
            loop=loop if isinstance(loop, int) else None,
            profile=_rgb_profile(image),
        )


def _rgb_profile(image: Image.Image) -> bytes | None:
    """Return the file's ICC profile, unless it is for gray or CMYK, which the answer is not."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile[16:20] == b"RGB " else None
