"""Where checkpoints are on this machine, and whether they are what was published.

Owns the search (Bobby's cache, torch's own, an installed package, our own `models/pretrained`, in
this order), the verdicts of `models.weights.verify` and the reading of the file. It hands state
dicts to `models.runtime.inference`. It never downloads, never invents weights, never unpickles
objects.
"""

import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import platformdirs

from models.jobs.base import Said
from models.weights import verify
from models.weights.checkpoint import Checkpoint, StateDict

_log = logging.getLogger(__name__)

PRETRAINED = Path(__file__).parents[1] / "pretrained"
"""The folder of weights that we trained and ship."""

_Stamp = tuple[str, int, int]
"""A file as it was when it was checked: path, modification time in ns, size in bytes."""


@dataclass(frozen=True)
class WeightsLocation:
    """A checkpoint's file and, for people, the place it is in."""

    path: Path
    location: str


class WeightsError(Exception):
    """A checkpoint can't be used: it isn't on this machine, or it is `damaged`."""

    def __init__(self, reason: str, *, damaged: bool = False) -> None:
        super().__init__(reason)
        self.damaged = damaged


class WeightsStore:
    """The places on this machine that may hold checkpoints. Safe to use from several threads."""

    def __init__(self, cache: Path | None = None) -> None:
        self.cache = cache or platformdirs.user_cache_path("bobby") / "weights"
        self._complaints: dict[_Stamp, Said | None] = {}
        self._lock = threading.Lock()

    def find(self, checkpoint: Checkpoint) -> WeightsLocation | None:
        """Return where `checkpoint` is, without reading it; files known to be wrong don't count."""
        return next((f for f in self._places(checkpoint) if not self._known_wrong(f.path)), None)

    def genuine(self, checkpoint: Checkpoint) -> WeightsLocation:
        """Return where `checkpoint` is, once its hash has been found right.

        Raises:
            WeightsError: It is nowhere here, or what is here is not what was published.
        """
        damaged = []
        for found in self._places(checkpoint):
            if (wrong := self._complaint(found.path, checkpoint)) is None:
                return found
            damaged.append(f"{checkpoint.file} in the {found.location} is damaged ({wrong})")
        if not damaged:
            raise WeightsError(f"{checkpoint.file} is not on this machine")
        raise WeightsError(damaged[0], damaged=True)

    def identity(self, checkpoint: Checkpoint) -> str:
        """Return what tells the weights of `checkpoint` from any others.

        Raises:
            WeightsError: As for `genuine`.
        """
        path = self.genuine(checkpoint).path
        return checkpoint.file_to_fetch().digest or verify.sha256(path)

    def load(self, checkpoint: Checkpoint) -> StateDict:
        """Return the tensors of `checkpoint`, by name, on the CPU, as precise as they are stored.

        Raises:
            WeightsError: As for `genuine`.
        """
        import torch
        from safetensors.torch import load_file

        path = self.genuine(checkpoint).path
        if path.suffix == ".safetensors":
            return load_file(path)
        state: StateDict = torch.load(path, map_location="cpu", weights_only=True)
        return state

    def _places(self, checkpoint: Checkpoint) -> Iterator[WeightsLocation]:
        folders = {
            "Bobby cache": self.cache,
            "torch cache": _torch_cache() / "checkpoints",
        }
        for location, folder in folders.items():
            if (path := folder / checkpoint.file).is_file():
                yield WeightsLocation(path, location)
        if checkpoint.package and (file := _in_package(checkpoint.package, checkpoint.file)):
            yield WeightsLocation(file, f"package {checkpoint.package}")
        if checkpoint.shipped and (path := PRETRAINED / checkpoint.file).is_file():
            yield WeightsLocation(path, "package bobby")

    def _complaint(self, path: Path, checkpoint: Checkpoint) -> Said | None:
        with self._lock:
            stamp = _stamp(path)
            if stamp not in self._complaints:
                pin = self.cache / f"{path.name}.sha256"
                wrong = verify.complaint(path, checkpoint.file_to_fetch(), pin)
                self._complaints[stamp] = wrong
                if wrong:
                    _log.warning("%s is not used: %s", path, wrong)
            return self._complaints[stamp]

    def _known_wrong(self, path: Path) -> bool:
        return self._complaints.get(_stamp(path)) is not None


def _torch_cache() -> Path:
    """Return what torch.hub.get_dir() would."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    folder = os.environ.get("TORCH_HOME", f"{cache}/torch")
    return Path(os.path.expanduser(folder)) / "hub"  # noqa: PTH111 - leaves ~ where there is no home


def _stamp(path: Path) -> _Stamp:
    facts = path.stat()
    return str(path), facts.st_mtime_ns, facts.st_size


@cache
def _in_package(package: str, file: str) -> Path | None:
    """Return the file named `file` in an installed distribution, whose code is not run."""
    try:
        carried = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(str(entry.locate())) for entry in carried if entry.name == file)
    return next((path for path in paths if path.is_file()), None)
