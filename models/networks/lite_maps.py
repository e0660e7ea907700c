"""The view of a picture that our captioner decodes: EfficientNet-Lite0's maps, cell by cell.

Owns the choice of layers: the last map says what there is, the earlier ones where, of which
color and how many. It owns no weights of its own, only the classifier's, which are never
changed; `models.networks.caption_transformer` reads the cells.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.networks.caption_shape import HEAD_CHANNELS
from models.networks.efficientnet_lite import EfficientNetLite0

_MIDDLE, _EARLY = 10, 4
"""Blocks whose outputs are kept: (112, H / 16, W / 16) and (40, H / 8, W / 8)."""


class LiteMaps(nn.Module):
    """Normalized pictures (N, 3, 288, 288) to cells (N, 81, 1780), row by row."""

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return the cells of `x`, normalized as the classifier's preprocessing does it."""
        layer = self.network.get_submodule
        colors = functional.avg_pool2d(x, 16)
        x = functional.relu6(layer("_bn0")(layer("_conv_stem")(x)))
        kept: dict[int, Tensor] = {}
        for index, block in enumerate(layer("_blocks").children()):
            x = block(x)
            kept[index] = x
        head = functional.relu6(layer("_bn1")(layer("_conv_head")(x)))
        maps = [
            head,
            functional.pixel_unshuffle(kept[_MIDDLE], 2),
            functional.avg_pool2d(kept[_EARLY], 4),
            functional.pixel_unshuffle(colors, 2),
        ]
        return torch.cat(maps, dim=1).flatten(2).transpose(1, 2)

    def classes(self, cells: Tensor) -> Tensor:
        """Return the classifier's logits (N, 1000) for the pictures that these cells are of."""
        logits: Tensor = self.network.get_submodule("_fc")(pooled(cells))
        return logits


def pooled(cells: Tensor) -> Tensor:
    """Return the mean of the last map over a picture's cells (N, 81, 1780), (N, 1280)."""
    return cells[..., :HEAD_CHANNELS].mean(-2)
