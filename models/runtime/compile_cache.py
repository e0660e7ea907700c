"""The compiled networks that are kept on disk: made once, loaded ever after.

Owns the files in which a compiled network and the verdict on it are kept, and what a version of
them is good for. It needs no torch, except where nothing is kept yet: `models.runtime.convert`
makes it then.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np

from models.images.arrays import Array
from models.runtime.compiled import Compiled, core, properties, threads

if TYPE_CHECKING:
    from torch import nn

_log = logging.getLogger(__name__)

FOLDER = "openvino"
"""The folder in the cache that holds the compiled networks."""

_NETWORKS = Path(__file__).parents[1] / "networks"


@dataclass(frozen=True)
class Source:
    """What is compiled: `build` returns the network in eval mode, `weights` tells its weights.

    It takes `shape`, where -1 is any size. `examples` are what it is tried on.
    """

    name: str
    weights: str
    build: Callable[[], "nn.Module"]
    shape: tuple[int, ...]
    examples: Sequence[Array]


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

    def keep(self, form: bytes | None, difference: float | None, refusal: str | None) -> None:
        """Write down what came of compiling.

        Raises:
            OSError: It can't be written.
        """
        sha256 = None if form is None else _sha256(form)
        verdict = Verdict(self._version, difference, sha256, refusal)
        self._form.parent.mkdir(parents=True, exist_ok=True)
        if form is not None:
            _write(self._form, form)
        _write(self._verdict, msgspec.json.encode(verdict))

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


Compile: TypeAlias = Callable[[Source, Kept, int], bytes | None]
"""Compiles a source for so many threads and keeps what came of it; returns what can't be kept.

Raises:
    Exception: Whatever `Source.build` raised.
"""


def compile_here(source: Source, kept: Kept, threads: int) -> bytes | None:
    """See `Compile`: in this process, which imports torch for it."""
    from models.runtime.convert import compile_source

    return compile_source(source, kept, threads)


def load(source: Source, cache: Path, compiles: Compile = compile_here) -> Compiled | None:
    """Return the compiled network of `source`, made now if `cache` doesn't hold it.

    None means that torch has to run it; the log says why.

    Raises:
        Exception: Whatever `source.build` raised.
    """
    kept = Kept(cache / FOLDER, source.name, source.weights)
    verdict = kept.verdict()
    if verdict is None:
        if (form := compiles(source, kept, threads())) is not None:
            model = core().import_model(BytesIO(form), "CPU", properties(threads()))
            return Compiled(model, len(form))
        verdict = kept.verdict()
    refusal = verdict.refusal if verdict else "nothing came of compiling it"
    if refusal is None:
        try:
            return kept.load(threads())
        except (RuntimeError, OSError) as error:
            refusal = f"its compiled form can't be read ({error})"
    _log.warning("%s runs in torch: %s", source.name, refusal)
    return None


def version(weights: str) -> str:
    """Return what a compiled network depends on: weights, code, versions and processor."""
    parts = [weights, core().get_property("CPU", "FULL_DEVICE_NAME")]
    parts += [metadata.version(name) for name in ("openvino", "torchvision")]
    parts += [_sha256(file.read_bytes()) for file in sorted(_NETWORKS.glob("*.py"))]
    return _sha256("\n".join(parts).encode())


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
