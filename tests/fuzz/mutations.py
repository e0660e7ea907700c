"""Real encodings, damaged: bits flipped, cut, spliced, and sizes in headers that lie.

Owns the originals and the damage, both from a seed, so that any picture can be made again. Decodes
nothing.
"""

import random
import struct
from collections.abc import Iterator
from functools import cache

from PIL import Image

from tests.models.pictures import ANIMATED, animation, encoded, heic, scene

_NUMBERS = (0, 1, 2, 7, 127, 128, 255, 256, 4096, 8000, 32767, 65535, 10**6, 2**31 - 1, 2**32 - 1)
"""Values on which sizes, counts and offsets tend to break."""
_HEADER = 160
"""Bytes from the beginning in which sizes stand; everything hangs on them."""


@cache
def originals() -> tuple[tuple[str, bytes], ...]:
    """Return one sound file of every kind that is read, by its name."""
    picture, turned = scene(), Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "A camera"
    made = {kind: encoded(picture, kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB")}
    made |= {kind: encoded(picture, kind) for kind in ("TIFF", "AVIF", "PPM")}
    made |= {f"{kind} animated": animation(kind, 4) for kind in ANIMATED}
    made |= {
        f"{kind} EXIF": encoded(picture, kind, exif=turned) for kind in ("JPEG", "PNG", "TIFF")
    }
    made |= {f"{kind} EXIF": encoded(picture, kind, exif=turned) for kind in ("WEBP", "AVIF")}
    made |= {
        "JPEG progressive": encoded(picture, "JPEG", progressive=True),
        "JPEG CMYK": encoded(picture.convert("CMYK"), "JPEG"),
        "JPEG grey": encoded(picture.convert("L"), "JPEG"),
        "MPO": encoded(picture, "MPO", save_all=True, append_images=[picture]),
        "PNG palette": encoded(picture.convert("P"), "PNG", transparency=3),
        "PNG grey alpha": encoded(picture.convert("LA"), "PNG"),
        "PNG 16 bit": encoded(picture.convert("I;16"), "PNG"),
        "PNG 1 bit": encoded(picture.convert("1"), "PNG"),
        "PNG profile": encoded(picture, "PNG", icc_profile=bytes(16) + b"RGB " + bytes(108)),
        "WEBP lossless": encoded(picture.convert("RGBA"), "WEBP", lossless=True),
        "BMP palette": encoded(picture.convert("P"), "BMP"),
        "PPM grey": encoded(picture.convert("L"), "PPM"),
        "PPM plain": b"P3 8 6 255\n" + b"12 200 7 " * 48,
        "HEIC": heic(picture),
        "TIFF float": encoded(picture.convert("F"), "TIFF"),
        "TIFF pages": encoded(picture, "TIFF", save_all=True, append_images=[picture]),
    }
    for compression in ("tiff_lzw", "jpeg", "tiff_deflate", "packbits", "lzma", "zstd"):
        made[f"TIFF {compression}"] = encoded(picture, "TIFF", compression=compression)
    return tuple(made.items())


def mutants(count: int, seed: int, start: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged files from number `start` on, each with the name of what it was."""
    whole = originals()
    for number in range(start, start + count):
        name, data = whole[number % len(whole)]
        # Each has dice of its own: number 17,343 can be made without the ones before.
        yield name, _mutant(data, random.Random(f"{seed} {number}"))


def _mutant(data: bytes, dice: random.Random) -> bytes:
    body = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        _hurt(body, dice)
    return bytes(body)


def _hurt(body: bytearray, dice: random.Random) -> None:
    end = min(len(body), _HEADER) if dice.random() < 0.5 else len(body)
    at, length = dice.randrange(max(end, 1)), dice.choice((1, 2, 4, 16, 64))
    match dice.choice(("bit", "number", "noise", "cut", "splice", "double", "drop", "grow")):
        case "bit":
            if body:
                body[at] ^= 1 << dice.randrange(8)
        case "number":
            form = dice.choice(("B", "<H", ">H", "<I", ">I"))
            size = struct.calcsize(form)
            value = dice.choice(_NUMBERS) & ((1 << (8 * size)) - 1)
            body[at : at + size] = struct.pack(form, value)
        case "noise":
            body[at : at + length] = dice.randbytes(length)
        case "cut":
            del body[max(at, 8) :]
        case "splice":
            _, other = dice.choice(originals())
            since = dice.randrange(len(other))
            body[at : at + length] = other[since : since + dice.choice((4, 32, 400))]
        case "double":
            body[at:at] = body[at : at + length] * dice.choice((1, 1, 200))
        case "drop":
            del body[at : at + length]
        case _:
            body += dice.randbytes(length)
