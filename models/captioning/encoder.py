"""What our captioner sees of a picture, as torch runs it: the classifier's maps and its labels.

Owns loading it and making it fast. `models.captioning.own` asks it where nothing else runs it.
"""

import torch
from torch import Tensor, nn

from models.catalog.classifiers import catalog
from models.images.arrays import Array
from models.jobs.base import Precision, Runtime
from models.networks.caption_shape import SIDE
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.lite_maps import LiteMaps
from models.runtime.compiled import ForwardResult
from models.runtime.fuse_batchnorm import fuse
from models.runtime.inference import load_network, timed
from models.weights.store import WeightsStore


class CellsAndClasses(nn.Module):
    """`LiteMaps` with one output: a picture's cells, one after the other, and then its logits."""

    def __init__(self, maps: LiteMaps) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, 81 * 1780 + 1000) for normalized `pictures`, (N, 3, 288, 288)."""
        cells = self.maps(pictures)
        return torch.cat([cells.flatten(1), self.maps.classes(cells)], 1)


class EncoderNetwork:
    """`CellsAndClasses` with the classifier's weights on `device`, fused, in float32."""

    precision: Precision = "float32"
    runtime: Runtime = "torch"

    def __init__(self, shelf: WeightsStore, device: str) -> None:
        self._device = device
        self._network = CellsAndClasses(fast_encoder(plain_encoder(shelf), device))
        self.bytes = sum(weight.nbytes for weight in self._network.parameters())

    def run(self, batch: Array) -> ForwardResult:
        """Return the cells and logits of `batch`, (N, 3, 288, 288)."""
        return timed(self._seen, batch)

    def _seen(self, pictures: Tensor) -> Tensor:
        placed = pictures.to(self._device, memory_format=torch.channels_last)
        seen: Tensor = self._network(placed)
        return seen.float().cpu()


def plain_encoder(shelf: WeightsStore) -> LiteMaps:
    """Return `LiteMaps` with the classifier's weights, in eval mode, on the CPU.

    Raises:
        WeightsError: The classifier's checkpoint is not here, or not what was published.
    """
    network = load_network(catalog()["efficientnet_lite0"], shelf)
    assert isinstance(network, EfficientNetLite0)
    return LiteMaps(network).eval()


def fast_encoder(maps: LiteMaps, device: str) -> LiteMaps:
    """Return `maps` moved to `device` and made fast there, in place."""
    maps.requires_grad_(requires_grad=False)
    maps.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs leave memory_format out beside a device
    example = torch.rand(1, 3, SIDE, SIDE).to(device, memory_format=torch.channels_last)
    fuse(maps, example)
    return maps
