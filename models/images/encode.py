"""Pictures and animations to files that fit an upload limit.

Owns the order in which formats and sizes are tried: without loss, then with little, then smaller.
Writing stops as soon as a file outgrows the limit. Metadata other than the color profile and an
animation's timing is left out: it may say where somebody lives.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from models.images.animation import Container
from models.jobs import answers

_SMALLER = 0.7
"""Each further attempt has so much of the sides before it, that is half the pixels."""

_EXTENSIONS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif"}
_LONGEST = {"JPEG": 65_500, "WEBP": 16_383, "GIF": 65_535}
"""The longest side in pixels that a format can express, and libjpeg writes."""


class DoesNotFitError(Exception):
    """Not even one pixel fits the limit."""


@dataclass(frozen=True)
class Timing:
    """Milliseconds of each frame and the number of loops: 0 for ever, None left unsaid."""

    durations: Sequence[float]
    loop: int | None


class _TooLargeError(Exception):
    """The file being written has outgrown its limit."""


class _Limited(io.BytesIO):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # Pillow writes bytes alone
        if self.tell() + len(data) > self._limit:
            raise _TooLargeError
        return super().write(data)


def still(image: Image.Image, profile: bytes | None, max_bytes: int) -> answers.Image:
    """Return a picture, in mode RGB or RGBA, as a file of at most `max_bytes`.

    PNG, then JPEG at quality 90 (WebP where it can be seen through), then that ever smaller.

    Raises:
        DoesNotFitError: Not even a pixel fits.
    """
    options: dict[str, Any] = {"icc_profile": profile} if profile else {}
    lossy = "WEBP" if image.mode == "RGBA" else "JPEG"

    def png(size: tuple[int, int]) -> answers.Image | None:
        return _file([_at(image, size)], "PNG", max_bytes, options | {"compress_level": 4})

    def small(size: tuple[int, int]) -> answers.Image | None:
        return _file([_at(image, size)], lossy, max_bytes, options | {"quality": 90})

    return png(image.size) or _shrinking(image.size, small)


def animation(
    frames: Sequence[Image.Image],
    timing: Timing,
    container: Container,
    profile: bytes | None,
    max_bytes: int,
) -> answers.Image:
    """Return `frames`, in mode RGB or RGBA and of one size, as a file of at most `max_bytes`.

    At its own size first, then ever smaller.

    Raises:
        DoesNotFitError: Not even a pixel a frame fits.
    """
    options: dict[str, Any] = {"duration": [round(d) for d in timing.durations]}
    if timing.loop is not None:
        options["loop"] = timing.loop
    match container:
        case "WEBP":
            options |= {"quality": 90, "method": 2}
            if frames[0].mode == "RGBA":
                # Whole frames: of opaque parts the file would say that nothing is transparent.
                options |= {"kmin": 1, "kmax": 1}
        case "GIF":
            options |= {"disposal": 2} if frames[0].mode == "RGBA" else {}
        case "PNG":
            options |= {"compress_level": 4}
    if profile and container != "GIF":
        options["icc_profile"] = profile

    def attempt(size: tuple[int, int]) -> answers.Image | None:
        return _file([_at(frame, size) for frame in frames], container, max_bytes, options)

    return _shrinking(frames[0].size, attempt)


def _shrinking(
    size: tuple[int, int], attempt: Callable[[tuple[int, int]], answers.Image | None]
) -> answers.Image:
    while True:
        if (file := attempt(size)) is not None:
            return file
        if max(size) == 1:
            raise DoesNotFitError
        size = (max(1, int(size[0] * _SMALLER)), max(1, int(size[1] * _SMALLER)))


def _at(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _file(
    frames: Sequence[Image.Image], kind: str, max_bytes: int, options: dict[str, Any]
) -> answers.Image | None:
    """Return `frames` as one file, or None where it doesn't fit the limit or the format."""
    width, height = frames[0].size
    if max(width, height) > _LONGEST.get(kind, 2**31):
        return None
    if len(frames) > 1:
        options = options | {"save_all": True, "append_images": frames[1:]}
    sink = _Limited(max_bytes)
    try:
        frames[0].save(sink, kind, **options)
    except _TooLargeError:
        return None
    data = sink.getvalue()
    return answers.Image(data=data, extension=_EXTENSIONS[kind], width=width, height=height)
