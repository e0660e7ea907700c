"""What our captioner sees of a picture: its size and normalization, without a network."""

from PIL import Image

from models.images import arrays
from models.images.arrays import Array
from models.networks.caption_shape import SIDE

DATA_SIDE = 224

_MEAN, _STD = (127 / 255,) * 3, (128 / 255,) * 3
"""Lite0's own normalization."""


def prepare(picture: Image.Image) -> Array:
    """Return an RGB picture as the encoder takes it: (3, 288, 288), aspect ratio not kept.

    It goes through 224x224, so that a large photograph looks as sharp as those of the training.
    """
    small = picture.resize((DATA_SIDE, DATA_SIDE), Image.Resampling.BICUBIC)
    return normalized(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def normalized(picture: Image.Image) -> Array:
    """Return the pixels (3, H, W) of an RGB picture as Lite0 was trained to see them."""
    return arrays.normalized(picture, _MEAN, _STD)
