"""Networks with their weights, ready to run, and the one way to run them.

Owns building from a catalog record, the device and precision, the fast form (fused, channels
last) with the check that it agrees with the plain one, and batches that outgrow the memory. It
takes tensors from a task such as `models.tasks.classify` and gives logits back; it knows no
pictures and no labels. Not safe for several threads: one thread runs the networks, which
`models.runtime.cache` holds.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.catalog.records import Classification, Record
from models.jobs.base import Precision, Runtime
from models.runtime.compiled import Compiled
from models.runtime.convert import TOLERANCE
from models.runtime.fuse_batchnorm import fuse
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)


DTYPES: Mapping[Precision, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


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


def is_fast(precision: Precision, device: torch.device) -> bool:
    """Return whether `device` computes in `precision` by units of its own, as far as torch tells.

    A processor without them is many times slower than in float32.
    """
    if device.type != "cpu" or precision == "float32":
        return True
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]  # torch
        return False
    onednn = torch.ops.mkldnn
    supported: Callable[[], bool] = (
        onednn._is_mkldnn_bf16_supported  # noqa: SLF001 - torch asks so itself
        if precision == "bfloat16"
        else onednn._is_mkldnn_fp16_supported  # noqa: SLF001 - as above
    )
    return supported()


@dataclass(frozen=True)
class ForwardResult:
    """What a batch's pass gave: `output` (N, …) on the CPU, and the network's time in ms."""

    output: Tensor
    milliseconds: float


class Network:
    """One model with its weights on the device, in eval mode.

    It is converted to `precision` once it is fused, unless it could not give finite logits then:
    `precision` says what it runs in.
    """

    runtime: Runtime = "torch"

    def __init__(
        self,
        record: Classification,
        shelf: WeightsStore,
        device: torch.device,
        precision: Precision = "float32",
    ) -> None:
        self._device = device
        self.precision: Precision = "float32"
        side = record.preset.crop
        tried = self._placed(example(2, side, side))
        network = self._on_device(record, shelf)
        with full_precision():
            unfused = fuse(network, tried)
        self._network = network
        difference = float((self.run(tried.cpu()).output - unfused.cpu()).abs().max())
        if not difference <= TOLERANCE:
            _log.info("%s runs unfused: fused logits are off by %.1e", record.name, difference)
            self._network = self._on_device(record, shelf)
        if precision != "float32":
            self._convert(precision, tried, record, shelf)
        self.bytes = sum(p.nbytes for p in self._network.parameters())

    @property
    def module(self) -> nn.Module:
        """The network as it runs."""
        return self._network

    def run(self, batch: Tensor) -> ForwardResult:
        """Return the logits (N, classes) of `batch`, (N, 3, H, W) and normalized, on the CPU.

        Raises:
            torch.OutOfMemoryError: Even half the batch does not fit the device.
            FloatingPointError: The precision does not reach as far as these logits.
        """
        done = timed(self._logits, batch)
        _log.debug("%d pictures took %.1f ms", len(batch), done.milliseconds)
        return done

    def _convert(
        self, precision: Precision, tried: Tensor, record: Classification, shelf: WeightsStore
    ) -> None:
        self._network, self.precision = self._network.to(DTYPES[precision]), precision
        try:
            self.run(tried.cpu())
        except FloatingPointError:
            _log.warning("%s runs in float32: %s overflows", record.name, precision)
            self._network, self.precision = self._on_device(record, shelf), "float32"

    def _logits(self, batch: Tensor) -> Tensor:
        logits: Tensor = self._network(self._placed(batch))
        # Waiting for the device is part of this, so that the time is the true one.
        return require_finite(logits.float().cpu(), self.precision)

    def _placed(self, batch: Tensor) -> Tensor:
        dtype = DTYPES[self.precision]
        return batch.to(self._device, dtype, memory_format=torch.channels_last)

    def _on_device(self, record: Record, shelf: WeightsStore) -> nn.Module:
        network = load_network(record, shelf)
        return network.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # torch's stubs leave memory_format out beside a device


class CompiledNetwork:
    """One model as OpenVINO runs it on a processor, in float32."""

    precision: Precision = "float32"
    runtime: Runtime = "openvino"

    def __init__(self, form: Compiled) -> None:
        self._form = form
        self.bytes = form.bytes

    def run(self, batch: Tensor) -> ForwardResult:
        """Return the logits (N, classes) of `batch`, (N, 3, H, W) and normalized, on the CPU."""
        done = timed(self._output, batch)
        _log.debug("%d pictures took %.1f ms", len(batch), done.milliseconds)
        return done

    def _output(self, batch: Tensor) -> Tensor:
        return torch.from_numpy(self._form.run(batch.numpy()))


def example(count: int, height: int, width: int) -> Tensor:
    """Return an input that networks are tried on, the same each time; in [0, 1]."""
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


def load_network(record: Record, shelf: WeightsStore) -> nn.Module:
    """Return the network of `record` with its weights, in eval mode and float32, on the CPU.

    Raises:
        WeightsError: Its checkpoint is not here, or not what was published.
    """
    network = record.build()
    network.load_state_dict(record.adapt(shelf.load(record.checkpoint)), strict=True)
    return network.eval().requires_grad_(requires_grad=False)


def require_finite(output: Tensor, precision: Precision) -> Tensor:
    """Return `output` as it is; what float32 gave is not looked at.

    Raises:
        FloatingPointError: It is not all finite: `precision` does not reach far enough.
    """
    if precision != "float32" and not output.isfinite().all():
        raise FloatingPointError(f"The network overflows in {precision}")
    return output


def timed(run: Callable[[Tensor], Tensor], batch: Tensor) -> ForwardResult:
    """Return `run(batch)`, for N at least 1, in two parts if the whole outgrows the memory.

    Raises:
        torch.OutOfMemoryError: Even half the batch does not fit the device.
    """
    begun = time.perf_counter()
    with torch.inference_mode(), full_precision():
        output = _split_on_oom(run, batch)
    return ForwardResult(output, (time.perf_counter() - begun) * 1000)


def _split_on_oom(run: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
    try:
        return run(batch)
    except torch.OutOfMemoryError:
        if len(batch) == 1:
            raise
    # Out here the exception, and the memory that its traceback kept alive, are gone.
    _log.warning("A batch of %d outgrew the memory: halving it", len(batch))
    return torch.cat([run(half) for half in batch.tensor_split(2)])


def full_precision() -> AbstractContextManager[None]:
    """Keep a GPU's convolutions in full float32, and the same from run to run."""
    return torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
