"""Encoded pictures that the tests of decoding, classifying and the worker share."""

import io
import random
from collections.abc import Iterator
from typing import Any

import pillow_heif
from PIL import Image

ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
"""Formats that Pillow can write an animation in."""


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return `image` as a file of Pillow's format `kind`."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    """Return `image` as a HEIC, which Bobby's own library can't write."""
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=95, **options)
    return file.getvalue()


def scene(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Return a picture without symmetry: red to the right, green downwards, blue in a corner."""
    right = Image.linear_gradient("L").rotate(90).resize(size)
    down = Image.linear_gradient("L").resize(size)
    corner = Image.new("L", size)
    corner.paste(255, (0, 0, size[0] // 4, size[1] // 4))
    return Image.merge("RGB", (right, down, corner)).convert(mode)


def animation(kind: str, frames: int) -> bytes:
    """Return an animation whose first frame is red and whose later ones are other colors."""
    hues = [Image.new("HSV", (32, 32), (40 * i, 255, 255)).convert("RGB") for i in range(frames)]
    return encoded(hues[0], kind, save_all=True, append_images=hues[1:])


def every_kind() -> list[bytes]:
    """Return one picture in each of the formats and modes that behave differently."""
    picture = scene()
    kinds = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "ICO", "ICNS")
    more = ("PPM", "TGA", "PCX", "SGI", "DDS", "DIB", "XBM")
    return [
        *(encoded(picture, kind) for kind in (*kinds, *more[:-1])),
        *(animation(kind, 3) for kind in ANIMATED),
        encoded(picture.convert("1"), "XBM"),
        encoded(picture, "JPEG", progressive=True),
        encoded(picture.convert("CMYK"), "JPEG"),
        encoded(picture.convert("LA"), "PNG"),
        encoded(picture.convert("P"), "PNG", transparency=3),
        encoded(picture.convert("RGBA"), "WEBP", lossless=True),
        encoded(picture.convert("I;16"), "PNG"),
        encoded(picture.convert("F"), "TIFF"),
        *(encoded(picture, "TIFF", compression=c) for c in ("tiff_lzw", "jpeg", "tiff_deflate")),
    ]


def damaged(count: int, seed: int = 0) -> Iterator[bytes]:
    """Yield `count` pictures with bytes changed, cut, doubled or dropped at random."""
    chance = random.Random(seed)
    whole = every_kind()
    for number in range(count):
        data = bytearray(whole[number % len(whole)])
        for _ in range(chance.choice((1, 3, 30))):
            _hurt(data, chance)
        yield bytes(data)


def _hurt(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data)) if data else 0
    # Headers are short and everything hangs on them: damage them as often as all the rest.
    at = at % 64 if chance.random() < 0.5 else at
    length = chance.choice((1, 2, 4, 16))
    match chance.choice(("noise", "extreme", "cut", "double", "drop")):
        case "noise":
            data[at : at + length] = chance.randbytes(length)
        case "extreme":
            data[at : at + length] = chance.choice((b"\x00", b"\xff", b"\x7f")) * length
        case "cut":
            del data[max(at, 8) :]
        case "double":
            data[at:at] = data[at : at + length]
        case _:
            del data[at : at + length]
