"""Networks as OpenVINO runs them on a processor: kept on disk, loaded and run.

Owns the files in which a compiled network and the verdict on it are kept, and what a version of
them is good for. It takes and gives arrays and never imports torch; `models.runtime.convert` makes
what is kept here.
"""

import contextlib
import hashlib
import logging
import os
from functools import cache
from importlib import import_module, metadata
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.runtime.progress import sign_of_life

_log = logging.getLogger(__name__)

Array: TypeAlias = NDArray[np.float32]

FOLDER = "openvino"
"""The folder in the cache that holds the compiled networks."""

_LOOK = 50
"""Milliseconds between two signs of life."""

_NETWORKS = Path(__file__).parents[1] / "networks"


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


class Verdict(msgspec.Struct, frozen=True):
    """What came of compiling a network in `version`: a file with this hash, or why there is none.

    `difference` is the largest between its output and the plain network's.
    """

    version: str
    difference: float | None = None
    sha256: str | None = None
    refusal: str | None = None


class Kept:
    """The files of one compiled network, `name`, made of weights that `weights` identifies."""

    def __init__(self, folder: Path, name: str, weights: str) -> None:
        self._verdict = folder / f"{name}.json"
        self._form = folder / f"{name}.blob"
        self._version = version(weights)

    def verdict(self) -> Verdict | None:
        """Return the verdict on this version; None if there is none or the file is damaged."""
        try:
            found = msgspec.json.decode(self._verdict.read_bytes(), type=Verdict)
            if found.version != self._version:
                return None
            whole = found.sha256 is None or _sha256(self._form.read_bytes()) == found.sha256
        except (OSError, msgspec.DecodeError):
            return None
        if not whole:
            _log.warning("%s is damaged and is made again", self._form)
        return found if whole else None

    def keep(self, form: bytes | None, difference: float | None, refusal: str | None) -> Verdict:
        """Write down what came of compiling, and return it; a full disk costs only the next start.

        Raises:
            OSError: It can't be written.
        """
        sha256 = None if form is None else _sha256(form)
        verdict = Verdict(self._version, difference, sha256, refusal)
        self._form.parent.mkdir(parents=True, exist_ok=True)
        if form is not None:
            _write(self._form, form)
        _write(self._verdict, msgspec.json.encode(verdict))
        return verdict

    def load(self, threads: int) -> Compiled:
        """Return the kept network, whose weights stay in the file until they are read.

        Raises:
            RuntimeError: OpenVINO can't read it.
            OSError: It is not there.
        """
        import openvino

        # Copy on write, since OpenVINO takes no array that it couldn't write to.
        content = np.memmap(self._form, np.uint8, "c")
        tensor = openvino.Tensor(content, shared_memory=True)
        model = core().import_model(tensor, "CPU", properties(threads))
        return Compiled(model, content.nbytes, (content, tensor))


def load_from(form: bytes, threads: int) -> Compiled:
    """Return the compiled network that `form` holds."""
    return Compiled(core().import_model(BytesIO(form), "CPU", properties(threads)), len(form))


def version(weights: str) -> str:
    """Return what a compiled network depends on: weights, code, versions and processor."""
    parts = [weights, core().get_property("CPU", "FULL_DEVICE_NAME")]
    parts += [metadata.version(name) for name in ("openvino", "torchvision")]
    parts += [_sha256(file.read_bytes()) for file in sorted(_NETWORKS.glob("*.py"))]
    return _sha256("\n".join(parts).encode())


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


def _write(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
