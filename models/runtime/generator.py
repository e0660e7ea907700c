"""Generators of pictures with their weights, and the one way to run them.

Owns what a generator gives back: colour for every pixel and, where it has one, the matte that says
which pixels it means. It takes and gives tensors and knows no files. One thread runs it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.catalog.records import Pair
from models.jobs.base import Precision
from models.networks.zebra_student import MatteGenerator
from models.runtime.inference import DTYPES, finite, plain, timed
from models.weights.store import WeightsStore


@dataclass(frozen=True)
class Strokes:
    """What a pass gave, on the CPU: `colour` (N, 3, H, W) in [-1, 1] and the time in ms.

    `matte`, (N, 1, H, W) in [0, 1], says where the colour belongs; None means everywhere.
    """

    colour: Tensor
    matte: Tensor | None
    milliseconds: float

    def over(self, pictures: Tensor) -> Tensor:
        """Return `pictures`, which these were painted for, with the colour where it belongs."""
        return self.colour if self.matte is None else pictures.lerp(self.colour, self.matte)


class Generator:
    """One generator with its weights on the device, in eval mode, in `precision`.

    `rounds_sides` says that it takes sides that are no multiples of 4, and rounds them up.
    """

    def __init__(
        self,
        record: Pair,
        shelf: WeightsStore,
        device: torch.device,
        precision: Precision = "float32",
    ) -> None:
        self._device = device
        self.precision = precision
        # Not channels last: on a processor with AVX2 our generator then takes 1.2 to 1.6 times as
        # long in float32 (256×384, one thread, passes in turns in five processes; CycleGAN's 1.1).
        self._network = plain(record, shelf).to(device, DTYPES[precision])
        self.rounds_sides = not isinstance(self._network, MatteGenerator)
        self.bytes = sum(p.nbytes for p in self._network.parameters())

    def run(self, pictures: Tensor) -> Strokes:
        """Run `pictures`, (N, 3, H, W) in [-1, 1] on the CPU; H and W multiples of 4, at least 16.

        Raises:
            torch.OutOfMemoryError: Even half the batch does not fit the device.
            FloatingPointError: The precision does not reach as far as this picture needs.
        """
        done = timed(self._painted, pictures)
        matte = done.output[:, 3:] if done.output.shape[1] > 3 else None
        return Strokes(done.output[:, :3], matte, done.milliseconds)

    def _painted(self, pictures: Tensor) -> Tensor:
        pictures = pictures.to(self._device, DTYPES[self.precision])
        if isinstance(self._network, MatteGenerator):
            layers = self._network.layers(pictures)
            painted = torch.cat([layers.colour, layers.matte], 1)
        else:
            painted = self._network(pictures)
        return finite(painted.float().cpu(), self.precision)
