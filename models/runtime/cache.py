"""The networks that are in memory: loaded when first asked for, the longest unused dropped.

Owns how many are kept, over all tasks together, and which runtime each runs in: torch is imported
when the first network needs it. Not safe for several threads.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from models.catalog.records import Classification, TranslationModel
from models.jobs.base import Precision, Runtime
from models.runtime.compile_cache import Compile, Source, compile_here, load
from models.runtime.compiled import Compiled, CompiledNetwork, Runnable, example
from models.runtime.generator import Generator
from models.runtime.progress import loading
from models.weights.store import WeightsStore

if TYPE_CHECKING:
    from torch import nn

    from models.runtime.inference import Network

_log = logging.getLogger(__name__)

KEPT_BYTES = 4 * 1024**3
"""Networks are kept while their weights together need no more than this; the oldest go first."""


@dataclass(frozen=True)
class Plain:
    """A network through which gradients can go back; its weights are so many `bytes`."""

    module: "nn.Module"
    bytes: int

    @staticmethod
    def load(record: Classification, shelf: WeightsStore, device: str) -> "Plain":
        """Return the network of `record` on `device`.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        from models.runtime.inference import load_network

        module = load_network(record, shelf).to(device)
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
    `precision` where they can. With the `runtime` "openvino" it runs those on a processor that say
    the same in it as in torch; `compiles` makes that form where it is not in the cache yet.
    """

    def __init__(
        self,
        shelf: WeightsStore,
        device: str,
        precision: Precision = "float32",
        *,
        kept_bytes: int = KEPT_BYTES,
        runtime: Runtime = "torch",
        compiles: Compile = compile_here,
    ) -> None:
        self.device = device
        self.precision = precision
        self._compiles = runtime == "openvino" and device == "cpu" and precision == "float32"
        self._compile = compiles
        self.shelf = shelf
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def classifier(self, record: Classification) -> Runnable:
        """Return the network of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """

        def build() -> "nn.Module":
            from models.runtime.inference import load_network

            return load_network(record, self.shelf)

        def load_now() -> Runnable:
            side = record.preset.crop
            source = Source(
                name=record.name,
                weights=self.shelf.identity(record.checkpoint),
                build=build,
                shape=(-1, 3, side, side),
                examples=[example(2, side, side)],
            )
            form = self.compiled(source)
            return CompiledNetwork(form) if form else self._network(record)

        return self.get(record.name, load_now)

    def in_torch(self, record: Classification) -> "Network":
        """Return the network of `record` with its modules, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        name = f"{record.name}, in torch" if self._compiles else record.name
        return self.get(name, lambda: self._network(record))

    def _network(self, record: Classification) -> "Network":
        from models.runtime.inference import Network

        return Network(record, self.shelf, self.device, self.precision)

    def plain(self, record: Classification) -> Plain:
        """Return the network of `record` as published, in float32, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        name = f"{record.name}, as published"
        return self.get(name, lambda: Plain.load(record, self.shelf, self.device))

    def generator(self, record: TranslationModel) -> Generator:
        """Return the generator of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """

        def build() -> "nn.Module":
            from models.runtime.inference import Painter, load_network

            return Painter(load_network(record, self.shelf))

        def load_now() -> Generator:
            source = Source(
                name=record.name,
                weights=self.shelf.identity(record.checkpoint),
                build=build,
                shape=(-1, 3, -1, -1),
                examples=[example(1, 64, 96) * 2 - 1, example(2, 52, 40) * 2 - 1],
            )
            form = self.compiled(source)
            network = CompiledNetwork(form) if form else self._painter(record)
            return Generator(network, rounds_sides=record.rounds_sides)

        return self.get(record.name, load_now)

    def _painter(self, record: TranslationModel) -> Runnable:
        from models.runtime.inference import PainterNetwork

        return PainterNetwork(record, self.shelf, self.device, self.precision)

    def compiled(self, source: Source) -> Compiled | None:
        """Return `source` as OpenVINO runs it; None where it is for torch.

        Raises:
            Exception: Whatever `source.build` raised.
        """
        return load(source, self.shelf.cache, self._compile) if self._compiles else None

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
