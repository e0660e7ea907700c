"""From a picture to what a generator works on, and back: the working size, padding and range.

Owns the one question of size: aspect ratio kept, short side as asked, pixels bounded by memory,
sides padded to what the networks can take so that nothing is cropped. Knows no files and no
networks.
"""

import math

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  # torch's own name for it
from torchvision.transforms import functional

SHORT_SIDE = 256
"""The short side at which every published generator was trained."""

LEAST_SIDE = 16
"""A generator's sides are at least this long and multiples of 4."""

LONGEST_SIDE = 8192
"""A strip is not enlarged beyond this: there is nothing in it to see."""

MOST_PIXELS = 1024 * 1024
"""A generator works on at most so many pixels at once, of one picture or several.

The published generator then needs some 1.5 GB and 23 times what it takes at 256x256: about 20
seconds on two cores.
"""

FILM_PIXELS = 4 * MOST_PIXELS
"""All frames of an animation together have at most so many, as 40 frames of 256x384 do.

A small file would otherwise hold the worker for minutes.
"""


def working_size(width: int, height: int, short: int | None) -> tuple[int, int]:
    """Return width and height at which to work, the short side `short` if the memory allows it.

    The aspect ratio is kept as far as whole pixels, the memory and a side of one pixel allow;
    the long side is rounded down, as torchvision's `Resize` does.
    """
    low, high = sorted((width, height))
    most = min(math.isqrt(MOST_PIXELS * low // high), LONGEST_SIDE * low // high)
    least = max(1, min(max(short or SHORT_SIDE, LEAST_SIDE), most))
    longest = min(least * high // low, MOST_PIXELS // max(least, LEAST_SIDE), LONGEST_SIDE)
    return (least, longest) if width <= height else (longest, least)


def tensor_of(image: Image.Image) -> Tensor:
    """Return an RGB picture as (3, H, W) in [-1, 1]."""
    return from_zero(image) * 2 - 1


def from_zero(image: Image.Image) -> Tensor:
    """Return an RGB picture as (3, H, W) in [0, 1], which no generator was trained on."""
    pixels: Tensor = functional.pil_to_tensor(image)
    return pixels.float() / 255


def image_of(pixels: Tensor) -> Image.Image:
    """Return (C, H, W) in [-1, 1], C being 3 or 1, as a picture in mode RGB or L, rounded."""
    eight_bits = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    image: Image.Image = functional.to_pil_image(eight_bits)
    return image


def padded(pixels: Tensor) -> Tensor:
    """Return (N, 3, H, W) with mirrored right and lower edges, its sides fit for a generator.

    A side too short to be mirrored has its last row or column repeated instead.
    """
    height, width = pixels.shape[-2:]
    down, right = (_missing(side) for side in (height, width))
    pixels = F.pad(pixels, (0, right, 0, 0), mode=_mode(width, right))
    return F.pad(pixels, (0, 0, 0, down), mode=_mode(height, down))


def _missing(side: int) -> int:
    return max(LEAST_SIDE, -(-side // 4) * 4) - side


def _mode(side: int, padding: int) -> str:
    return "reflect" if padding < side else "replicate"
