"""Networks with their weights, ready to run, and the one way to run them.

Owns building from a catalogue record, the device, the fast form (fused, channels last) with the
check that it agrees with the plain one, batches that outgrow the memory, and how many networks
are kept. It takes tensors from a task such as `models.classify` and gives logits back; it knows
no pictures and no labels. Not safe for several threads: one thread runs the networks.
"""

import logging
import time
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.catalog import Record
from models.fusion import fuse
from models.weights import Shelf

_log = logging.getLogger(__name__)

KEPT_BYTES = 4 * 1024**3
"""Networks are kept while their weights together need no more than this; the oldest go first."""

TOLERANCE = 1e-4
"""The fast form's logits may differ from the plain network's by so much."""


class DeviceError(Exception):
    """The device asked for is not on this machine; `str()` is a sentence for the operator."""


def device_for(name: str) -> torch.device:
    """Return the device that `name` means; "auto" is a GPU where there is one, else the CPU.

    Raises:
        DeviceError: torch doesn't see the device, or `name` is not one of auto, cpu, cuda,
            cuda:N or mps.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    known = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if kind not in known or (index and not index.isdecimal()):
        raise DeviceError(f"The device is {name!r}, but it should be auto, cpu, cuda, cuda:N, mps.")
    if int(index or 0) >= known[kind]:
        raise DeviceError(f"The device {name!r} was asked for, but torch does not see it here.")
    return torch.device(name)


@dataclass(frozen=True)
class Pass:
    """What a batch's pass gave: logits (N, classes) on the CPU, and the network's time in ms."""

    logits: Tensor
    milliseconds: float


class Network:
    """One model with its weights on the device, in eval mode and float32."""

    def __init__(self, record: Record, shelf: Shelf, device: torch.device) -> None:
        self._device = device
        side = record.preprocessing().crop_size[0]
        example = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))
        example = self._placed(example)
        network = self._plain(record, shelf)
        with _exact():
            plain = fuse(network, example)
        self._network = network
        difference = float((self.run(example.cpu()).logits - plain.cpu()).abs().max())
        if not difference <= TOLERANCE:
            _log.info("%s runs unfused: fused logits are off by %.1e", record.name, difference)
            self._network = self._plain(record, shelf)
        self.bytes = sum(p.nbytes for p in self._network.parameters())

    def run(self, batch: Tensor) -> Pass:
        """Run `batch`, (N, 3, H, W) and normalised, on the CPU; N at least 1.

        Raises:
            torch.OutOfMemoryError: Even half the batch does not fit the device.
        """
        begun = time.perf_counter()
        with torch.inference_mode(), _exact():
            logits = self._logits_or_halves(batch)
        return Pass(logits, (time.perf_counter() - begun) * 1000)

    def _logits_or_halves(self, batch: Tensor) -> Tensor:
        try:
            return self._logits(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
        # Out here the exception, and the memory that its traceback kept alive, are gone.
        _log.warning("A batch of %d outgrew %s: halving it", len(batch), self._device)
        return torch.cat([self._logits(half) for half in batch.tensor_split(2)])

    def _logits(self, batch: Tensor) -> Tensor:
        logits: Tensor = self._network(self._placed(batch))
        return logits.float().cpu()  # waits for the device, so that the time is the true one

    def _placed(self, batch: Tensor) -> Tensor:
        return batch.to(self._device, memory_format=torch.channels_last)

    def _plain(self, record: Record, shelf: Shelf) -> nn.Module:
        network = record.build()
        network.load_state_dict(record.adapt(shelf.load(record.checkpoint)), strict=True)
        network.eval().requires_grad_(requires_grad=False)
        return network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's stubs leave memory_format out beside a device


def _exact() -> AbstractContextManager[None]:
    """Keep a GPU's convolutions in full float32, and the same from run to run."""
    return torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)


class Networks:
    """Loads networks when they are first asked for and keeps the latest used."""

    def __init__(self, shelf: Shelf, device: torch.device, kept_bytes: int = KEPT_BYTES) -> None:
        self.device = device
        self._shelf = shelf
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[str, Network] = OrderedDict()

    def get(self, record: Record) -> Network:
        """Return the network of `record`, loaded now if it isn't kept.

        Raises:
            WeightsError: Its checkpoint is not here, or not what was published.
        """
        if record.name not in self._kept:
            begun = time.perf_counter()
            self._kept[record.name] = Network(record, self._shelf, self.device)
            _log.info("%s loaded in %.1f s", record.name, time.perf_counter() - begun)
        self._kept.move_to_end(record.name)
        while len(self._kept) > 1 and self._size() > self._kept_bytes:
            name, _ = self._kept.popitem(last=False)
            _log.info("%s dropped to bound memory", name)
        return self._kept[record.name]

    def _size(self) -> int:
        return sum(network.bytes for network in self._kept.values())
