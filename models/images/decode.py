"""Encoded bytes to one upright RGB picture.

Owns the reading of files: which formats, how many pixels, which way is up, which frame is shown,
and the small print of what had to be done to see something. It hands `models.tasks.classify` and
its siblings a `Picture`, or raises `DecodeError` with the sentence people read; nothing else leaves
it, whatever the bytes are. `models.images.animation` reads the rest of a file through the same
checks. It resizes nothing, unless a JPEG is wanted small, and ignores color profiles, as the
published preprocessing of the networks does.
"""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageFile, UnidentifiedImageError

from models.images import heif, jpeg, png
from models.images.paper import BLANK, contrast, layers, on_paper, visible
from models.jobs.answers import FailureCode
from models.jobs.base import Said, say
from models.jobs.errors import JobError

MAX_PIXELS = 64_000_000
"""Pictures with more pixels are refused by their header, before one pixel is decoded."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "PPM")
"""The formats that people post and that Pillow decodes in C without the interpreter's lock.

JPEG covers MPO. Others hold the lock for seconds (JPEG 2000, QOI, DDS, ICNS, XPM), decode while
the header is read (ICO), or hold no picture that people post.
"""

_MAX_INTERPRETED = 200_000
"""Pixels and bytes together that a decoder written in Python may get: at most about a second."""

_MAX_READS = 400_000
"""Plugins walk through a file's blocks in Python; a GIF of 25 MB needs 200,000 reads to its end."""

_JPEG = b"\xff\xd8\xff"
_JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
_BEGINNINGS = (_JPEG, b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
"""A file that begins so but whose header makes no sense was a picture once."""

_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}
"""Formats whose further frames are an animation, not pages, layers, sizes or a gain map."""

_MAX_JPEG_SCANS = 200
"""A progressive JPEG has about ten; each costs a pass over all pixels, however short it is."""

_MAX_TIFF_NUMBERS = 1 << 16
"""In one entry: strips and tiles are listed so, and each becomes an object or a fraction."""

_MAX_EXIF_BYTES = 1 << 16
"""As in a JPEG. Each of its entries may claim all of it, and is copied."""

_MOST_MISSING = 0.5
"""A JPEG that lacks a larger share of its rows is refused."""

_MOST_FRAMES = 40
"""So many frames of an animation that begins blank are looked at."""

_CLEAR = 30.0
"""From this contrast on something can be seen well; photographs have 40 to 80."""

_ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation other than 1 (TIFF 6.0, section 8)."""

_SIDEWAYS = {5, 6, 7, 8}

_SENTENCES: dict[FailureCode, Said] = {
    "empty_file": say("This file is empty: attach the picture again."),
    "not_a_picture": say(
        "I can't read this file as a picture. Use JPEG, PNG, WebP, HEIC, GIF, AVIF or TIFF."
    ),
    "damaged_picture": say(
        "This file is damaged or incomplete. Send it again, or re-save it in another app first."
    ),
    "too_many_pixels": say(
        "This picture is over the {millions}-megapixel limit. Resize it and try again.",
        millions=str(MAX_PIXELS // 1_000_000),
    ),
}
_NO_JPEG_XL = say("I can't read JPEG XL. Share the picture as a JPEG instead.")
_VIDEO = say("That's a video. Send a screenshot of it instead.")
TOO_SLOW = say(
    "This file type takes too long to read at this size. Save it as a JPEG or PNG and try again."
)


class DecodeError(JobError):
    """The bytes are no usable picture."""

    def __init__(self, code: FailureCode, sentence: Said | None = None) -> None:
        super().__init__(code, sentence or _SENTENCES[code])


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `image` is RGB and upright, `frames` counts the file's, 1 when still.

    `width` and `height` are the file's, upright; `image` is smaller where less was decoded. `notes`
    is the small print: which frame, which paper, how much is missing.
    """

    image: Image.Image
    frames: int
    width: int
    height: int
    notes: tuple[Said, ...] = ()


class _ReadLimitedFile(io.BytesIO):
    """A file that stops a reader who goes over it bit by bit or again and again."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = _MAX_READS
        self._bytes = 4 * len(data) + (1 << 20)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file does.

        Raises:
            DecodeError: There were more reads than a sound file needs.
        """
        data = super().read(size)
        self._reads -= 1
        self._bytes -= len(data)
        if self._reads < 0 or self._bytes < 0:
            raise DecodeError("damaged_picture")
        return data


def guard_process() -> None:
    """Set Pillow up for a process of its own: silent, and strict about pictures in pictures.

    What lies inside a file may have headers of its own, which Pillow alone sees: it raises above
    twice its limit, and warns below, which nobody needs to hear.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def decode(data: bytes, least: int | None = None) -> Picture:
    """Return the picture in `data`; of an animation, the first frame with something in it.

    With `least`, a JPEG is decoded at an eighth, a quarter or half of its size where no side falls
    below `least` pixels then: most of the work is saved, and a little of the finest detail is lost.

    Raises:
        DecodeError: The bytes are empty, no picture, damaged, or have more than `MAX_PIXELS`.
    """
    with reading(data) as image:
        frames = frame_count(image, data)
        width, height = image.size
        if least is not None and (parts := _parts(width, height, least)):
            image.draft(None, (width // parts, height // parts))
        missing = load(image, data)
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        (shown, black), place = _seen(image), 1
        if frames > 1 and contrast(shown) < BLANK:
            shown, black, place = _first_clear(image, frames) or (shown, black, place)
        notes = _frame_note(place, frames) + remarks(missing, black=black)
        return Picture(shown, frames, width, height, notes)


def load(image: Image.Image, data: bytes) -> float:
    """Decode the pixels of `image`, which `data` is; return which share of the rows is missing.

    Raises:
        DecodeError: More than half of them, or there are more than the header said.
    """
    image.load()
    if image.width * image.height > MAX_PIXELS:
        raise DecodeError("too_many_pixels")
    broke_off = data.startswith(_JPEG) and jpeg.ended(data) is not data
    missing = jpeg.missing(image) if broke_off else 0.0
    if missing > _MOST_MISSING:
        raise DecodeError("damaged_picture")
    return missing


def remarks(missing: float, *, black: bool) -> tuple[Said, ...]:
    """Return the small print about a picture that lacks a share of its rows, or is on black."""
    share = f"{max(100 * missing, 0.1):.1f} %"
    notes = [say("this file breaks off: {share} of the picture is missing", share=share)]
    paper = [say("shown on black, because it's too light to see on white")]
    return tuple((notes if missing else []) + (paper if black else []))


def _frame_note(place: int, frames: int) -> tuple[Said, ...]:
    if frames == 1:
        return ()
    counted = {"frame": str(place), "frames": str(frames)}
    if place == 1:
        return (say("frame {frame} of {frames}", **counted),)
    return (say("frame {frame} of {frames}, because the animation begins blank", **counted),)


def _seen(image: Image.Image) -> tuple[Image.Image, bool]:
    return on_paper(*visible(*layers(apply_exif_orientation(image))))


def _first_clear(image: Image.Image, frames: int) -> tuple[Image.Image, bool, int] | None:
    """Return the first frame behind a blank one that can be seen well, or best, and its number.

    None where they are all blank, as far as they can be read.
    """
    best, found = BLANK, None
    most = min(frames, _MOST_FRAMES, MAX_PIXELS // (image.width * image.height))
    for place in range(1, most):
        try:
            image.seek(place)
            shown, black = _seen(image)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - a damaged frame ends the animation
            break
        if (clear := contrast(shown)) > best:
            best, found = clear, (shown, black, place + 1)
        if clear >= _CLEAR:
            break
    return found


def _parts(width: int, height: int, least: int) -> int | None:
    """Return by how much a JPEG can be decoded smaller; None where it can't.

    The sides must divide evenly, as those of cameras do: the last pixels would be stretched else.
    """
    for parts in (8, 4, 2):
        if width % parts == height % parts == 0 and min(width, height) >= least * parts:
            return parts
    return None


@contextmanager
def reading(data: bytes) -> Iterator[Image.Image]:
    """Open the file in `data` by its header; whatever reading its pixels raises is translated.

    Raises:
        DecodeError: As for `decode`.
    """
    if not data:
        raise DecodeError("empty_file")
    try:
        with _opened(data) as image:
            _check_size_limits(image, data)
            yield image
    except DecodeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DecodeError("too_many_pixels") from None
    except Exception as error:  # a plugin may raise anything over damaged bytes
        raise DecodeError("damaged_picture") from error


def _opened(data: bytes) -> ImageFile.ImageFile:
    formats: tuple[str, ...] = FORMATS
    if data.startswith(png.BEGINNING):
        data = png.without_ballast(data)
    elif data.startswith(_JPEG):
        data = jpeg.ended(data)
    elif heif.is_heif(data):
        heif.register()
        formats = ("AVIF", "HEIF")
    elif data[:2] in {b"II", b"MM"} and _longest_tiff_entry(data) > _MAX_TIFF_NUMBERS:
        raise DecodeError("not_a_picture", TOO_SLOW)
    try:
        return Image.open(_ReadLimitedFile(data), formats=formats)
    except UnidentifiedImageError:
        if data.startswith(_BEGINNINGS) or heif.is_heif(data):
            raise DecodeError("damaged_picture") from None
        raise DecodeError("not_a_picture", _unsupported_format(data)) from None


def _longest_tiff_entry(data: bytes) -> int:
    """Return how many numbers the longest entry of a TIFF's first directory claims; 0 if broken."""
    order, big = "<" if data[:1] == b"I" else ">", data[2:3] == b"+"
    at_form, count_form, entry_form = ("8xQ", "Q", "2xHQ8x") if big else ("4xI", "H", "2xHI4x")
    try:
        (at,) = struct.unpack_from(order + at_form, data)
        (entries,) = struct.unpack_from(order + count_form, data, at)
        start, size = at + struct.calcsize(order + count_form), struct.calcsize(order + entry_form)
    except struct.error:
        return 0
    # A directory that is cut off is read as far as it goes.
    listed = data[start : start + min(entries, (len(data) - start) // size) * size]
    found = struct.iter_unpack(order + entry_form, listed)
    opaque = {1, 2, 7}  # bytes, text and whatever a program keeps for itself stay as they are
    return max((count for kind, count in found if kind not in opaque), default=0)


def _unsupported_format(data: bytes) -> Said | None:
    """Return the sentence for a file that people take for a picture, by its first bytes."""
    if data.startswith(_JPEG_XL):
        return _NO_JPEG_XL
    return _VIDEO if data[4:8] == b"ftyp" or data.startswith(b"\x1aE\xdf\xa3") else None


def _check_size_limits(image: ImageFile.ImageFile, data: bytes) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise DecodeError("too_many_pixels")
    if image.format in {"JPEG", "MPO"} and data.count(b"\xff\xda") > _MAX_JPEG_SCANS:
        raise DecodeError("damaged_picture")
    interpreted = any(tile.codec_name in Image.DECODERS for tile in image.tile)
    if interpreted and image.width * image.height + len(data) > _MAX_INTERPRETED:
        raise DecodeError("not_a_picture", TOO_SLOW)


def frame_count(image: Image.Image, data: bytes) -> int:
    """Return how many frames the file's animation has; 1 when it is still."""
    if image.format == "GIF":
        return _gif_frames(data)
    return int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1


def _gif_frames(data: bytes) -> int:
    """Count a GIF's image blocks up to where the file ends or stops making sense; at least 1.

    Pillow's `n_frames` would build every frame's tables: minutes for a file of tiny frames.
    """
    frames, at = 0, 13 + _gif_table_bytes(data[10])
    while at + 10 < len(data):
        if data[at] == 0x2C:  # an image: descriptor, color table, code size
            frames += 1
            at += 11 + _gif_table_bytes(data[at + 9])
        elif data[at] == 0x21:  # an extension
            at += 2
        else:
            break
        while at < len(data) and data[at]:  # its chain of sub-blocks
            at += 1 + data[at]
        at += 1
    return max(frames, 1)


def _gif_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def apply_exif_orientation(image: Image.Image) -> Image.Image:
    """Turn `image` as its EXIF orientation says; EXIF that can't be read turns nothing."""
    turn = _UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    exif = image.info.get("exif") or image.info.get("Raw profile type exif") or b""
    if len(exif) > _MAX_EXIF_BYTES:
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - damaged metadata beside good pixels
        return 1
    return orientation if isinstance(orientation, int) else 1
