"""Networks as OpenVINO runs them on a processor, and what they have in common with torch's.

They take and give arrays, and need no torch. `models.runtime.compile_cache` loads them.
"""

import contextlib
import logging
import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from models.images.arrays import Array
from models.jobs.base import Precision, Runtime
from models.runtime.progress import sign_of_life

_log = logging.getLogger(__name__)

# OpenVINO reports its own import to its makers, unless this package can't be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as importlib has it

TOLERANCE = 1e-4
"""The output may differ from the plain network's by so much."""

_LOOK = 50
"""Milliseconds between two signs of life."""


@cache
def unusable() -> str | None:
    """Return why OpenVINO can't be used here; None if it can."""
    try:
        import_module("openvino")
    except (ImportError, OSError) as error:
        return str(error)
    return None


class Compiled:
    """A network that OpenVINO runs; its weights are so many `bytes`, which lie in `content`."""

    def __init__(self, model: Any, size: int, content: object = None) -> None:  # noqa: ANN401 - an openvino.CompiledModel
        self.bytes = size
        self._model = model
        self._content = content  # OpenVINO reads it as long as the model lives, but holds it not
        self._idle: list[Any] = []

    def run(self, batch: Array) -> Array:
        """Return the output for `batch`; it can be interrupted meanwhile.

        Raises:
            RuntimeError: OpenVINO could not run it.
        """
        request = self._idle.pop() if self._idle else self._model.create_infer_request()
        request.start_async([np.ascontiguousarray(batch)], share_inputs=True)
        try:
            while not request.wait_for(_LOOK):
                sign_of_life()
        except BaseException:
            # It reads `batch` until then, and a pass that was canceled spoils the next one.
            with contextlib.suppress(RuntimeError):
                request.wait()
            raise
        output: Array = request.get_output_tensor().data.copy()
        self._idle.append(request)
        return output


@dataclass(frozen=True)
class ForwardResult:
    """What a batch's pass gave: `output` (N, …) and the network's time in ms."""

    output: Array
    milliseconds: float


class Runnable(Protocol):
    """A network with its weights, which are so many `bytes`, in whatever runs it."""

    bytes: int
    precision: Precision
    runtime: Runtime

    def run(self, batch: Array) -> ForwardResult:
        """Return the output for `batch`, (N, 3, H, W), with N at least 1."""


class CompiledNetwork:
    """A network as OpenVINO runs it on a processor, in float32."""

    precision: Precision = "float32"
    runtime: Runtime = "openvino"

    def __init__(self, form: Compiled) -> None:
        self._form = form
        self.bytes = form.bytes

    def run(self, batch: Array) -> ForwardResult:
        """Return the output (N, …) for `batch`, (N, 3, H, W)."""
        begun = time.perf_counter()
        output = self._form.run(batch)
        return ForwardResult(output, (time.perf_counter() - begun) * 1000)


def example(count: int, height: int, width: int) -> Array:
    """Return an input that networks are tried on, the same each time; in [0, 1]."""
    return np.random.default_rng(0).random((count, 3, height, width), np.float32)


def threads() -> int:
    """Return on how many threads a network runs: OMP_NUM_THREADS, as in torch, or all there are."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else os.cpu_count() or 1


def properties(threads: int) -> dict[str, object]:
    """Return how networks are compiled: exact, for one batch at a time, on so many threads."""
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
    }


@cache
def core() -> Any:  # noqa: ANN401 - an openvino.Core
    """Return this process's OpenVINO."""
    import openvino

    return openvino.Core()
