"""From a picture at its working size to what a generator works on, and back: padding and range.

Sides are padded to what the networks can take, so that nothing is cropped. Knows no files and no
networks; the working size is that of `models.images.sizes`.
"""

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.images.sizes import LEAST_SIDE
from models.images.tensors import from_bytes, from_zero


def tensor_of(image: Image.Image) -> Tensor:
    """Return an RGB picture as (3, H, W) in [-1, 1]."""
    return from_zero(image) * 2 - 1


def image_of(pixels: Tensor) -> Image.Image:
    """Return (C, H, W) in [-1, 1], C being 3 or 1, as a picture in mode RGB or L, rounded."""
    return from_bytes(((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))


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
