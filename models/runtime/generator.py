"""Generators of pictures with their weights, and the one way to run them.

Owns what a generator gives back: color for every pixel and, where it has one, the matte that says
which pixels it means. It takes and gives tensors and knows no files. One thread runs it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.catalog.records import TranslationModel
from models.jobs.base import Precision, Runtime
from models.networks.zebra_student import MatteGenerator
from models.runtime.compiled import Compiled
from models.runtime.inference import DTYPES, load_network, require_finite, timed
from models.weights.store import WeightsStore


@dataclass(frozen=True)
class GeneratorOutput:
    """What a pass gave, on the CPU: `color` (N, 3, H, W) in [-1, 1] and the time in ms.

    `matte`, (N, 1, H, W) in [0, 1], says where the color belongs; None means everywhere.
    """

    color: Tensor
    matte: Tensor | None
    milliseconds: float

    def over(self, pictures: Tensor) -> Tensor:
        """Return `pictures`, which these were painted for, with the color where it belongs."""
        return self.color if self.matte is None else pictures.lerp(self.color, self.matte)


class Painter(nn.Module):
    """A generator that gives one tensor: the color and, after it, the matte if there is one."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self._generator = generator

    def forward(self, pictures: Tensor) -> Tensor:
        """Paint `pictures`, (N, 3, H, W) in [-1, 1], as (N, 3 or 4, H, W)."""
        if isinstance(self._generator, MatteGenerator):
            layers = self._generator.layers(pictures)
            return torch.cat([layers.colour, layers.matte], 1)
        painted: Tensor = self._generator(pictures)
        return painted


class Generator:
    """One generator with its weights on the device, in `precision`, or as `form` runs it.

    `rounds_sides` says that it takes sides that are no multiples of 4, and rounds them up.
    """

    def __init__(
        self,
        record: TranslationModel,
        shelf: WeightsStore,
        device: torch.device,
        precision: Precision = "float32",
        form: Compiled | None = None,
    ) -> None:
        self._device = device
        self._form = form
        self.precision = precision
        self.runtime: Runtime = "openvino" if form else "torch"
        with torch.device("meta"):
            self.rounds_sides = not isinstance(record.build(), MatteGenerator)
        if form is not None:
            self.bytes = form.bytes
            return
        # Not channels last: on a processor with AVX2 our generator then takes 1.2 to 1.6 times as
        # long in float32 (256×384, one thread, passes in turns in five processes; CycleGAN's 1.1).
        self._painter = Painter(load_network(record, shelf)).to(device, DTYPES[precision])
        self.bytes = sum(p.nbytes for p in self._painter.parameters())

    def run(self, pictures: Tensor) -> GeneratorOutput:
        """Run `pictures`, (N, 3, H, W) in [-1, 1] on the CPU; H and W multiples of 4, at least 16.

        Raises:
            torch.OutOfMemoryError: Even half the batch does not fit the device.
            FloatingPointError: The precision does not reach as far as this picture needs.
        """
        done = timed(self._painted, pictures)
        matte = done.output[:, 3:] if done.output.shape[1] > 3 else None
        return GeneratorOutput(done.output[:, :3], matte, done.milliseconds)

    def _painted(self, pictures: Tensor) -> Tensor:
        if self._form is not None:
            return torch.from_numpy(self._form.run(pictures.numpy()))
        painted = self._painter(pictures.to(self._device, DTYPES[self.precision]))
        return require_finite(painted.float().cpu(), self.precision)
