"""From Pillow's pictures to NumPy's arrays and back, bit by bit as torchvision does it.

The softmax of what networks make of them stands here, too.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array: TypeAlias = NDArray[np.float32]
Bytes: TypeAlias = NDArray[np.uint8]
F = TypeVar("F", bound=np.floating[Any])


def bytes_of(image: Image.Image) -> Bytes:
    """Return the pixels (C, H, W) of a picture in mode RGB or L, in 8 bits."""
    flat = np.frombuffer(image.tobytes(), np.uint8)
    return flat.reshape(image.height, image.width, -1).transpose(2, 0, 1)


def from_zero(image: Image.Image) -> Array:
    """Return the pixels (C, H, W) of a picture in mode RGB or L, in [0, 1]."""
    return np.ascontiguousarray(bytes_of(image), np.float32) / np.float32(255)


def normalized(image: Image.Image, mean: Sequence[float], std: Sequence[float]) -> Array:
    """Return the pixels (C, H, W) in [0, 1], less `mean` and divided by `std`, each a channel's."""
    less, by = (np.array(values, np.float32)[:, None, None] for values in (mean, std))
    return (from_zero(image) - less) / by


def from_bytes(pixels: Bytes) -> Image.Image:
    """Return (C, H, W) in 8 bits, C being 3 or 1, as a picture in mode RGB or L."""
    channels, height, width = pixels.shape
    data = pixels.transpose(1, 2, 0).tobytes()
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), data)


def softmax(logits: NDArray[F]) -> NDArray[F]:
    """Return the probabilities (..., classes) that `logits` of the same shape mean."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    shares: NDArray[F] = powers / powers.sum(-1, keepdims=True)
    return shares
