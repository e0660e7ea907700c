"""The networks that are in memory: loaded when first asked for, the longest unused dropped.

Owns how many are kept, over all tasks together. Callers know what a network is and how to run it.
Not safe for several threads.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from torch import nn

from models.catalog.records import Classification, Pair
from models.jobs.base import Precision
from models.runtime.generator import Generator
from models.runtime.inference import Network, plain
from models.runtime.progress import loading
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

KEPT_BYTES = 4 * 1024**3
"""Networks are kept while their weights together need no more than this; the oldest go first."""


@dataclass(frozen=True)
class Plain:
    """A network through which gradients can go back; its weights are so many `bytes`."""

    module: nn.Module
    bytes: int

    @staticmethod
    def load(record: Classification, shelf: WeightsStore, device: torch.device) -> "Plain":
        """Return the network of `record` on `device`.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        module = plain(record, shelf).to(device)
        return Plain(module, sum(weight.nbytes for weight in module.parameters()))


class Kept(Protocol):
    """A network with its weights, which are so many `bytes` of memory."""

    @property
    def bytes(self) -> int:
        """Bytes of memory."""


K = TypeVar("K", bound=Kept)


class NetworkCache:
    """Loads networks when they are first asked for and keeps the latest used.

    Their weights come from `shelf`. All run on `device`, and classifiers and generators in
    `precision` where they can.
    """

    def __init__(
        self,
        shelf: WeightsStore,
        device: torch.device,
        kept_bytes: int = KEPT_BYTES,
        precision: Precision = "float32",
    ) -> None:
        self.device = device
        self.precision = precision
        self.shelf = shelf
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def classifier(self, record: Classification) -> Network:
        """Return the network of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        return self.get(
            record.name, lambda: Network(record, self.shelf, self.device, self.precision)
        )

    def plain(self, record: Classification) -> Plain:
        """Return the network of `record` as published, in float32, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        name = f"{record.name}, as published"
        return self.get(name, lambda: Plain.load(record, self.shelf, self.device))

    def generator(self, record: Pair) -> Generator:
        """Return the generator of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        return self.get(
            record.name, lambda: Generator(record, self.shelf, self.device, self.precision)
        )

    def get(self, name: str, load: Callable[[], K]) -> K:
        """Return the network called `name`: the one that is kept, or what `load` returns now."""
        if (network := self._kept.pop(name, None)) is None:
            begun = time.perf_counter()
            with loading():
                network = load()
            _log.info("%s loaded in %.1f s", name, time.perf_counter() - begun)
        self._kept[name] = network
        while len(self._kept) > 1 and self._size() > self._kept_bytes:
            dropped, _ = self._kept.popitem(last=False)
            _log.info("%s dropped to bound memory", dropped)
        return network  # type: ignore[return-value]  # a name has one record, and it one kind

    def _size(self) -> int:
        return sum(network.bytes for network in self._kept.values())
