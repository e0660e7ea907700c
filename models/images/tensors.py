"""From Pillow's pictures to torch's tensors and back, bit by bit as torchvision does it.

torchvision itself is not imported: it takes a second and 165 MB.
"""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor


def bytes_of(image: Image.Image) -> Tensor:
    """Return the pixels (C, H, W) of a picture in mode RGB or L, in 8 bits."""
    flat = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return flat.view(image.height, image.width, -1).permute(2, 0, 1)


def from_zero(image: Image.Image) -> Tensor:
    """Return the pixels (C, H, W) of a picture in mode RGB or L, in [0, 1]."""
    return bytes_of(image).float() / 255


def normalized(image: Image.Image, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return the pixels (C, H, W) in [0, 1], less `mean` and divided by `std`, each a channel's."""
    less, by = (torch.tensor(values)[:, None, None] for values in (mean, std))
    return (from_zero(image) - less) / by


def from_bytes(pixels: Tensor) -> Image.Image:
    """Return (C, H, W) in 8 bits, C being 3 or 1, as a picture in mode RGB or L."""
    channels, height, width = pixels.shape
    data = pixels.permute(1, 2, 0).contiguous().numpy().tobytes()
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), data)
