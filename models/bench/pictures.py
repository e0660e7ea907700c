"""Pictures to measure with: a made-up photograph, and windows of real ones."""

import io
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from models.images.decode import DecodeError, decode


def photograph(width: int, height: int, shade: int = 128) -> bytes:
    """Return a JPEG with about as much in it as a photograph: 0.3 to 0.4 bytes a pixel."""
    noise = Image.effect_noise((width // 2, height // 2), 24).resize((width, height))
    ramp = Image.linear_gradient("L").resize((width, height))
    flat = Image.new("L", (width, height), shade)
    file = io.BytesIO()
    Image.merge("RGB", (noise, ramp, flat)).save(file, "JPEG", quality=93)
    return file.getvalue()


def windows(folder: Path, count: int) -> Iterator[Image.Image]:
    """Yield at most `count` square windows of the pictures in `folder`, the same ones each time.

    Every picture gives equally many, of half to all of its short side; files that are no pictures
    are passed over.
    """
    files = sorted(file for file in folder.iterdir() if file.is_file())
    each = -(-count // max(1, len(files)))
    chance = random.Random(0)  # noqa: S311 - no secret
    given = 0
    for file in files:
        try:
            image = decode(file.read_bytes()).image
        except DecodeError:
            continue
        for _ in range(min(each, count - given)):
            side = chance.randint(min(image.size) // 2, min(image.size))
            left, top = (chance.randint(0, length - side) for length in image.size)
            given += 1
            yield image.crop((left, top, left + side, top + side))
