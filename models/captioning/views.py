"""What each captioner sees of a picture: sizes and normalization, without a network."""

import numpy as np
from PIL import Image

from models.images import arrays
from models.images.arrays import Array
from models.images.pixel_jobs import Exactly, Within
from models.images.views import seen

SIDE = 288
"""Pixels a side; Lite0 was trained at 224, but its maps say more when it sees larger pictures."""

DATA_SIDE = 224
SMALL = Exactly(width=DATA_SIDE, height=DATA_SIDE, resample=Image.Resampling.BICUBIC)
"""What our own captioner sees of a picture."""

_MEAN, _STD = 127 / 255, 128 / 255
"""Lite0's own normalization, the same for each color."""

MOST_PIXELS = 1024 * 1024
"""The published encoder takes pictures at their own size; larger ones are reduced to this.

Those it was trained on have less than half as many. It needs some 1.5 GB then.
"""

LEAST_SIDE = 32
"""Pixels; its map of anything smaller would be empty."""

OWN_SIZE = Within(most=MOST_PIXELS, least=LEAST_SIDE)
"""What the published encoder sees of a picture."""

_IMAGENET_MEAN, _IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
"""ImageNet's, by which the published encoder was trained to see."""


def prepare(picture: Image.Image) -> Array:
    """Return an RGB picture as the encoder takes it: (3, 288, 288), aspect ratio not kept.

    It goes through 224x224, so that a large photograph looks as sharp as those of the training.
    """
    small = picture.resize((DATA_SIDE, DATA_SIDE), Image.Resampling.BICUBIC)
    return normalized(small.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def normalized(picture: Image.Image) -> Array:
    """Return the pixels (3, H, W) of an RGB picture as Lite0 was trained to see them."""
    return (arrays.from_zero(picture) - np.float32(_MEAN)) / np.float32(_STD)


def at_own_size(picture: Image.Image) -> Array:
    """Return an RGB picture as NeuralTalk2's encoder takes it: (3, H, W), normalized.

    It keeps its size, unless it has more than `MOST_PIXELS` or a side below `LEAST_SIDE`.
    """
    return arrays.normalized(seen(picture, OWN_SIZE), _IMAGENET_MEAN, _IMAGENET_STD)
