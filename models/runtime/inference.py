"""Networks as torch runs them: built, on a device, made fast.

Owns building from a catalog record, the precision, the fast form (fused, channels last) with the
check that it agrees with the plain one, and batches that outgrow the memory. It takes and gives
arrays, and knows no pictures and no labels. It imports torch, so
`models.runtime.cache` imports it only when a network needs it. Not safe for several threads.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from models.catalog.records import Classification, Record, TranslationModel
from models.images.arrays import Array
from models.jobs.base import Precision, Runtime
from models.networks.zebra_student import MatteGenerator
from models.runtime.compiled import TOLERANCE, ForwardResult, example
from models.runtime.fuse_batchnorm import fuse
from models.runtime.progress import sign_of_life
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

register_module_forward_pre_hook(sign_of_life)

DTYPES: Mapping[Precision, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def is_fast(precision: Precision, device: str) -> bool:
    """Return whether `device` computes in `precision` by units of its own, as far as torch tells.

    A processor without them is many times slower than in float32.
    """
    if device != "cpu" or precision == "float32":
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
        device: str,
        precision: Precision = "float32",
    ) -> None:
        self._device = device
        self.precision: Precision = "float32"
        side = record.preset.crop
        tried = self._placed(torch.from_numpy(example(2, side, side)))
        network = self._on_device(record, shelf)
        with full_precision():
            unfused = fuse(network, tried)
        self._network = network
        found = self.run(tried.cpu().numpy()).output
        difference = float(np.abs(found - unfused.cpu().numpy()).max())
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

    def run(self, batch: Array) -> ForwardResult:
        """Return the logits (N, classes) of `batch`, (N, 3, H, W) and normalized.

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
            self.run(tried.cpu().numpy())
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


class PainterNetwork:
    """The generator of `record` on a device, which gives color and matte."""

    runtime: Runtime = "torch"

    def __init__(
        self, record: TranslationModel, shelf: WeightsStore, device: str, precision: Precision
    ) -> None:
        self._device = device
        self.precision = precision
        # Not channels last: on a processor with AVX2 our generator then takes 1.2 to 1.6 times as
        # long in float32 (256×384, one thread, passes in turns in five processes; CycleGAN's 1.1).
        self._painter = Painter(load_network(record, shelf)).to(device, DTYPES[precision])
        self.bytes = sum(p.nbytes for p in self._painter.parameters())

    def run(self, batch: Array) -> ForwardResult:
        """Return what is painted for `batch`, (N, 3, H, W) in [-1, 1], as (N, 3 or 4, H, W).

        Raises:
            torch.OutOfMemoryError: Even half the batch does not fit the device.
            FloatingPointError: The precision does not reach as far as this picture needs.
        """
        return timed(self._painted, batch)

    def _painted(self, pictures: Tensor) -> Tensor:
        painted = self._painter(pictures.to(self._device, DTYPES[self.precision]))
        return require_finite(painted.float().cpu(), self.precision)


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


def timed(run: Callable[[Tensor], Tensor], batch: Array) -> ForwardResult:
    """Return `run(batch)`, for N at least 1, in two parts if the whole outgrows the memory.

    Raises:
        torch.OutOfMemoryError: Even half the batch does not fit the device.
    """
    begun = time.perf_counter()
    with torch.inference_mode(), full_precision():
        output = _split_on_oom(run, torch.from_numpy(batch))
    return ForwardResult(output.numpy(), (time.perf_counter() - begun) * 1000)


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
