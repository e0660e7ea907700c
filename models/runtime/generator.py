"""Generators of pictures, and the one way to run them.

Owns what a generator gives back: color for every pixel and, where it has one, the matte that says
which pixels it means. It takes and gives arrays and knows no files. One thread runs it.
"""

from dataclasses import dataclass

from models.images.arrays import Array
from models.jobs.base import Runtime
from models.runtime.compiled import Runnable


@dataclass(frozen=True)
class GeneratorOutput:
    """What a pass gave: `color` (N, 3, H, W) in [-1, 1] and the time in ms.

    `matte`, (N, 1, H, W) in [0, 1], says where the color belongs; None means everywhere.
    """

    color: Array
    matte: Array | None
    milliseconds: float

    def over(self, pictures: Array) -> Array:
        """Return `pictures`, which these were painted for, with the color where it belongs."""
        if self.matte is None:
            return self.color
        return pictures + (self.color - pictures) * self.matte


class Generator:
    """One generator, run by `network`, which gives color and matte as the channels of one array.

    `rounds_sides` says that it takes sides that are no multiples of 4, and rounds them up.
    """

    def __init__(self, network: Runnable, *, rounds_sides: bool) -> None:
        self._network = network
        self.rounds_sides = rounds_sides
        self.bytes = network.bytes
        self.precision = network.precision
        self.runtime: Runtime = network.runtime

    def run(self, pictures: Array) -> GeneratorOutput:
        """Run `pictures`, (N, 3, H, W) in [-1, 1]; H and W multiples of 4, at least 16.

        Raises:
            torch.OutOfMemoryError: Even half the batch does not fit the device.
            FloatingPointError: The precision does not reach as far as this picture needs.
        """
        done = self._network.run(pictures)
        matte = done.output[:, 3:] if done.output.shape[1] > 3 else None
        return GeneratorOutput(done.output[:, :3], matte, done.milliseconds)
