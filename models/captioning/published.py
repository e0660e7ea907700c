"""NeuralTalk2's published files by name and hash, and what its encoder sees of a picture."""

from PIL import Image

from models.images.arrays import Array, normalized
from models.images.pixel_jobs import Within
from models.images.views import seen
from models.weights.checkpoint import Checkpoint, GitBlob

MODEL = "fc-model.pth"
INFOS = "fc-infos.pkl"
ENCODER_PARTS = ("resnet101a.pth", "resnet101b.pth")
"""One file in two; the second follows the first."""

_PUBLISHED = (
    "https://raw.githubusercontent.com/deep-learning-with-pytorch/ImageCaptioning.pytorch"
    "/4cb53fd7340134e25fc63390dc8b9882295a0a9e/data"
)


def _file(path: str, blob: str, size_bytes: int | None = None) -> Checkpoint:
    return Checkpoint(
        name="NeuralTalk2 FC",
        source=f"{_PUBLISHED}/{path}",
        file=path.rpartition("/")[2],
        proof=GitBlob(blob),
        license="MIT (from its repository)",
        size_bytes=size_bytes,
    )


FILES = (
    _file(f"FC/{MODEL}", "cd0073c00d1c1809e25e0ae794d5c58beec707d6"),
    _file(f"FC/{INFOS}", "623f78e01e9b0dd95a130b5766e6651328939f29", 1_268_579),
    _file(f"imagenet_weights/{ENCODER_PARTS[0]}", "2933b934efa86e68cecf59fbad1072e16455b3ab"),
    _file(f"imagenet_weights/{ENCODER_PARTS[1]}", "76aed7cfbdc096666152d6c80069e28be37b9acd"),
)
"""The published files; each is told by git's name of its content."""

CONVERTED = "neuraltalk2"
"""The folder in the cache that holds NeuralTalk2's converted files, once it is there."""

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


def at_own_size(picture: Image.Image) -> Array:
    """Return an RGB picture as NeuralTalk2's encoder takes it: (3, H, W), normalized.

    It keeps its size, unless it has more than `MOST_PIXELS` or a side below `LEAST_SIDE`.
    """
    return normalized(seen(picture, OWN_SIZE), _IMAGENET_MEAN, _IMAGENET_STD)
