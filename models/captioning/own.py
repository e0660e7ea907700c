"""Our own captioner as the task uses it: pictures' pixels in, captions out; without torch.

Owns the way from the encoder, in whatever runs it, to `models.captioning.small`, which says what it
sees. One thread at a time.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from models.captioning.small import Caption, Captioner
from models.catalog.classifiers import catalog
from models.images.arrays import Array
from models.jobs.base import Runtime
from models.networks.caption_shape import CELLS, CHANNELS, SIDE
from models.runtime.compile_cache import Source
from models.runtime.compiled import Compiled, CompiledNetwork, Runnable, example
from models.weights.store import WeightsStore

if TYPE_CHECKING:
    from torch import nn

Compile: TypeAlias = Callable[[Source], Compiled | None]
"""Returns a network as another runtime than torch runs it; None where it is for torch."""


class CaptionBackend(Protocol):
    """A captioner with its weights, which are so many `bytes` of memory."""

    bytes: int
    runtime: Runtime
    """What runs its encoder."""

    def say(self, pictures: Sequence[Array], beams: Sequence[int]) -> list[Caption]:
        """Return the caption of each picture, prepared as this captioner sees it.

        `beams` says how many captions are followed for each.
        """


class OwnBackend:
    """Our own captioner; pictures are prepared by `models.captioning.views`."""

    def __init__(
        self, shelf: WeightsStore, device: str, compiled: Compile = lambda _: None
    ) -> None:
        source = Source(
            name="caption_small",
            weights=shelf.identity(catalog()["efficientnet_lite0"].checkpoint),
            build=lambda: _network(shelf),
            shape=(-1, 3, SIDE, SIDE),
            examples=[example(1, SIDE, SIDE)],
        )
        form = compiled(source)
        self._encoder = CompiledNetwork(form) if form else _in_torch(shelf, device)
        self.runtime: Runtime = self._encoder.runtime
        self._captioner = Captioner.load()
        self.bytes = self._encoder.bytes + self._captioner.bytes

    def say(self, pictures: Sequence[Array], beams: Sequence[int]) -> list[Caption]:
        """See `CaptionBackend`; pictures are (3, 288, 288)."""
        seen = self._encoder.run(np.stack(pictures)).output
        cells, classes = np.split(seen, [CELLS * CHANNELS], 1)
        return self._captioner.caption(cells.reshape(-1, CELLS, CHANNELS), classes, beams)


def _network(shelf: WeightsStore) -> "nn.Module":
    from models.captioning.encoder import CellsAndClasses, plain_encoder

    return CellsAndClasses(plain_encoder(shelf))


def _in_torch(shelf: WeightsStore, device: str) -> Runnable:
    from models.captioning.encoder import EncoderNetwork

    return EncoderNetwork(shelf, device)
