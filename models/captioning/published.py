"""NeuralTalk2's published files by name and hash; `models.captioning.neuraltalk2` reads them."""

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
