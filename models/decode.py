"""Encoded bytes to one upright RGB picture.

Owns the reading of files: which formats, how many pixels, which way is up, what stands behind
transparency. It hands `models.classify` and its siblings a `Picture`, or raises `DecodeError`
with the sentence people read; nothing else leaves it, whatever the bytes are. It never resizes
and ignores colour profiles, as the published preprocessing of the networks does.
"""

import io
import warnings
from dataclasses import dataclass
from typing import cast

from PIL import Image, UnidentifiedImageError

from models.jobs import Failure, FailureCode

MAX_PIXELS = 64_000_000
"""Pictures with more pixels are refused by their header, before one pixel is decoded."""

FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO", "ICNS", "CUR"),
    *("DIB", "PPM", "TGA", "PCX", "DCX", "PSD", "QOI", "DDS", "SGI", "SUN", "XBM", "XPM", "FLI"),
)
"""Pillow's formats that hold a picture and are read without a program of somebody else's.

EPS and WMF need one, PDF and FITS and the meteorological formats hold no picture that people post.
"""

_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
"""A file that begins so but whose header makes no sense was a picture once."""

_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF", "FLI"}
"""Formats whose further frames are an animation, not pages, layers, sizes or a gain map."""

_MAX_JPEG_SCANS = 200
"""A progressive JPEG has about ten; each costs a pass over all pixels, however short it is."""

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

_SENTENCES: dict[FailureCode, str] = {
    "empty_file": "This file is empty: attach the picture again.",
    "not_a_picture": (
        "This file is not a picture that I can read: send a JPEG, PNG, WebP, GIF, AVIF or TIFF."
    ),
    "damaged_picture": (
        "This picture's file is damaged or cut off: send it again, or save it anew with another "
        "program first."
    ),
    "too_many_pixels": (
        f"This picture has more than {MAX_PIXELS // 1_000_000} million pixels: "
        "make it smaller and send it again."
    ),
}
_HEIC = "I can't read HEIC pictures: save or share it as a JPEG and send that."
_VIDEO = "This is a video: send a still picture from it."


class DecodeError(Exception):
    """The bytes are no usable picture; `failure` carries the code and the sentence."""

    def __init__(self, code: FailureCode, sentence: str | None = None) -> None:
        self.failure = Failure(code=code, sentence=sentence or _SENTENCES[code])
        super().__init__(self.failure.sentence)


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `image` is RGB and upright, `frames` counts the file's, 1 when still."""

    image: Image.Image
    frames: int


def guard_process() -> None:
    """Set Pillow up for a process of its own: silent, and strict about pictures in pictures.

    An icon's entries have headers of their own, which Pillow alone sees: it raises above twice
    its limit, and warns below, which is no news to anyone.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def decode(data: bytes) -> Picture:
    """Return the picture in `data`; of an animation, its first frame.

    Raises:
        DecodeError: The bytes are empty, no picture, damaged, or have more than `MAX_PIXELS`.
    """
    if not data:
        raise DecodeError("empty_file")
    try:
        with _opened(data) as image:
            _refuse_bombs(image, data)
            frames = _frame_count(image, data)
            image.load()
            return Picture(_rgb(_upright(image)), frames)
    except DecodeError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DecodeError("too_many_pixels") from None
    except Exception as error:  # a plugin may raise anything over damaged bytes
        raise DecodeError("damaged_picture") from error


def _opened(data: bytes) -> Image.Image:
    """Read the header alone."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        if data.startswith(_BEGINNINGS):
            raise DecodeError("damaged_picture") from None
        raise DecodeError("not_a_picture", _known_stranger(data)) from None


def _known_stranger(data: bytes) -> str | None:
    """Return the sentence for a file that people take for a picture, by its first bytes."""
    if data[4:8] == b"ftyp":
        return _HEIC if data[8:11] in {b"hei", b"hev", b"mif", b"msf"} else _VIDEO
    return _VIDEO if data.startswith(b"\x1aE\xdf\xa3") else None


def _refuse_bombs(image: Image.Image, data: bytes) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise DecodeError("too_many_pixels")
    if image.format in {"JPEG", "MPO"} and data.count(b"\xff\xda") > _MAX_JPEG_SCANS:
        raise DecodeError("damaged_picture")


def _frame_count(image: Image.Image, data: bytes) -> int:
    if image.format == "GIF":
        return _gif_frames(data)
    return int(getattr(image, "n_frames", 1)) if image.format in _ANIMATED else 1


def _gif_frames(data: bytes) -> int:
    """Count a GIF's image blocks up to where the file ends or stops making sense; at least 1.

    Pillow's `n_frames` would build every frame's tables: minutes for a file of tiny frames.
    """
    frames, at = 0, 13 + _gif_table_bytes(data[10])
    while at + 10 < len(data):
        if data[at] == 0x2C:  # an image: descriptor, colour table, code size
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


def _upright(image: Image.Image) -> Image.Image:
    """Turn `image` as its EXIF orientation says; EXIF that can't be read turns nothing."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - damaged metadata beside good pixels
        return image
    turn = _UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    """Return `image` in mode RGB: deep grey scaled, transparency over white."""
    if image.mode.startswith("I;16"):
        image = _scaled(image.convert("I"), (65535.0,))
    elif image.mode == "I":
        image = _scaled(image, (65535.0,))
    elif image.mode == "F":
        image = _scaled(image, (1.0, 255.0, 65535.0))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        return paper
    return image.convert("RGB")


def _scaled(image: Image.Image, whites: tuple[float, ...]) -> Image.Image:
    """Return `image`, of mode I or F, as 8-bit grey.

    White is the first of `whites` that no value exceeds; values that are negative or beyond all
    of them are a measurement without a white, and are stretched from the least to the greatest.
    """
    low, high = cast("tuple[float, float]", image.getextrema())  # one band, so one pair
    white = next((white for white in whites if low >= 0 and high <= white), None)
    black = low if white is None else 0.0
    scale = 255 / ((white or high) - black or 1.0)
    half = 0.5  # the conversion drops what is behind the point
    return image.point(lambda value: value * scale + (half - black * scale)).convert("L")
