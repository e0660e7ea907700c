"""The networks that are in memory: loaded when first asked for, the longest unused dropped.

Owns how many are kept, over all tasks together. What a network is and how it runs is the affair of
`models.inference` and `models.generators`. Not safe for several threads.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

import torch

from models.generators import Generator
from models.inference import Network
from models.jobs import Precision
from models.records import Classification, Pair, Record
from models.weights import Shelf

_log = logging.getLogger(__name__)

KEPT_BYTES = 4 * 1024**3
"""Networks are kept while their weights together need no more than this; the oldest go first."""

R = TypeVar("R", bound=Record)
N = TypeVar("N", Network, Generator)


class Networks:
    """Loads networks when they are first asked for and keeps the latest used.

    All run on `device`, and in `precision` where they can.
    """

    def __init__(
        self,
        shelf: Shelf,
        device: torch.device,
        kept_bytes: int = KEPT_BYTES,
        precision: Precision = "float32",
    ) -> None:
        self.device = device
        self.precision = precision
        self._shelf = shelf
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[str, Network | Generator] = OrderedDict()

    def classifier(self, record: Classification) -> Network:
        """Return the network of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        return self._get(record, Network)

    def generator(self, record: Pair) -> Generator:
        """Return the generator of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        return self._get(record, Generator)

    def _get(self, record: R, make: Callable[[R, Shelf, torch.device, Precision], N]) -> N:
        name = record.name
        if (network := self._kept.pop(name, None)) is None:
            begun = time.perf_counter()
            network = make(record, self._shelf, self.device, self.precision)
            _log.info("%s loaded in %.1f s", name, time.perf_counter() - begun)
        self._kept[name] = network
        while len(self._kept) > 1 and self._size() > self._kept_bytes:
            dropped, _ = self._kept.popitem(last=False)
            _log.info("%s dropped to bound memory", dropped)
        return network  # type: ignore[return-value]  # a name has one record, and it one kind

    def _size(self) -> int:
        return sum(network.bytes for network in self._kept.values())
