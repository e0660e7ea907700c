"""From a picture at its working size to what a generator works on, and back: padding and range.

Sides are padded to what the networks can take, so that nothing is cropped. Knows no files and no
networks; the working size is that of `models.images.sizes`.
"""

from typing import Literal

import numpy as np
from PIL import Image

from models.images.arrays import Array, from_bytes, from_zero
from models.images.sizes import LEAST_SIDE


def array_of(image: Image.Image) -> Array:
    """Return an RGB picture as (3, H, W) in [-1, 1]."""
    return from_zero(image) * 2 - 1


def image_of(pixels: Array) -> Image.Image:
    """Return (C, H, W) in [-1, 1], C being 3 or 1, as a picture in mode RGB or L, rounded."""
    return from_bytes(((pixels + 1) * 127.5).round().clip(0, 255).astype(np.uint8))


def padded(pixels: Array) -> Array:
    """Return (N, 3, H, W) with mirrored right and lower edges, its sides fit for a generator.

    A side too short to be mirrored has its last row or column repeated instead.
    """
    height, width = pixels.shape[-2:]
    down, right = (_missing(side) for side in (height, width))
    still = ((0, 0), (0, 0))
    pixels = np.pad(pixels, (*still, (0, 0), (0, right)), _mode(width, right))
    return np.pad(pixels, (*still, (0, down), (0, 0)), _mode(height, down))


def _missing(side: int) -> int:
    return max(LEAST_SIDE, -(-side // 4) * 4) - side


def _mode(side: int, padding: int) -> Literal["reflect", "edge"]:
    return "reflect" if padding < side else "edge"
