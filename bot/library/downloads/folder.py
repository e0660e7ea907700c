"""Bobby's folder of weights, for the code that puts files into it.

Owns the names in it. A file under its own name is whole and was checked; one on its way lies in
`downloads`, beside a note of what it belongs to, so that it can be gone on with after any crash.
Everything here blocks for the time of a disk; no connection is opened here.
"""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import filelock
import msgspec

from models.jobs.base import Said
from models.jobs.model_info import WeightsFile
from models.weights import verify

DOWNLOADS = "downloads"


class FileVersion(msgspec.Struct, frozen=True):
    """What the bytes of a part belong to: an address and the version of the file there."""

    url: str
    etag: str | None = None
    modified: str | None = None
    length: int | None = None

    @property
    def validator(self) -> str | None:
        """What `If-Range` may carry: only strong validators, as RFC 9110 has it."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.modified

    def same(self, other: Self) -> bool:
        """Tell whether nothing speaks against `other` being the very same version."""
        pairs = (
            (self.etag, other.etag),
            (self.modified, other.modified),
            (self.length, other.length),
        )
        return self.url == other.url and all(a == b for a, b in pairs if a and b)


class PartialFile:
    """The beginning of a file, as far as it has come. For one process at a time: see `Store.lock`.

    Every block is with the operating system before the next is asked for, so that a killed process
    loses nothing that it had counted.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.part"
        self._note = folder / f"{name}.json"

    @property
    def size(self) -> int:
        """How many bytes have come."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def origin(self) -> FileVersion | None:
        """Return what the bytes belong to, None where that is not known and they are useless."""
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=FileVersion)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def begin(self, origin: FileVersion) -> None:
        """Start again, with the first byte of `origin` to come."""
        self.discard()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._note.write_bytes(msgspec.json.encode(origin))
        self.path.touch()

    def append(self, block: bytes) -> None:
        """Add the next bytes.

        Raises:
            OSError: They can't be written, as on a full disk.
        """
        with self.path.open("ab", buffering=0) as file:
            rest = memoryview(block)
            while rest:
                rest = rest[file.write(rest) :]

    def discard(self) -> None:
        """Forget the file: nothing of it is left."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def become(self, path: Path) -> None:
        """Give the file, which is whole, its name in one step that survives a power failure."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(path)
        self._note.unlink(missing_ok=True)


class WeightsFolder:
    """The folder; `folder` need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, file: WeightsFile) -> Path:
        """Return where `file` belongs.

        Raises:
            ValueError: Its name would lead out of the folder.
        """
        if Path(file.name).name != file.name or file.name in {"", ".."}:
            raise ValueError(f"{file.name!r} is no file's name")
        return self.folder / file.name

    def pin(self, file: WeightsFile) -> Path:
        """Return where the hash of `file` is written down, if its publisher gives none."""
        return self.folder / f"{file.name}.sha256"

    def has(self, file: WeightsFile) -> bool:
        """Tell whether `file` is here; what has its name was checked when it got it."""
        return self.path(file).is_file()

    def complaint(self, file: WeightsFile) -> Said | None:
        """Read `file`, which is here, and return what is wrong with it, None if nothing is."""
        return verify.complaint(self.path(file), file, self.pin(file))

    def part(self, file: WeightsFile) -> PartialFile:
        """Return what has come of `file` so far."""
        return PartialFile(self.folder / DOWNLOADS, self.path(file).name)

    def lock(self, file: WeightsFile) -> filelock.FileLock:
        """Return the lock that keeps two processes from downloading `file` at once."""
        folder = self.folder / DOWNLOADS
        folder.mkdir(parents=True, exist_ok=True)
        return filelock.FileLock(folder / f"{file.name}.lock", thread_local=False)

    def free_bytes(self) -> int:
        """Return how many bytes still fit on the folder's disk."""
        there = next(p for p in (self.folder, *self.folder.parents) if p.exists())
        return shutil.disk_usage(there).free

    def accept(self, file: WeightsFile) -> Said | None:
        """Give the whole part of `file` its name; return what is wrong with it if it is not right.

        A part that is not right is discarded.
        """
        part = self.part(file)
        if wrong := verify.complaint(part.path, file, self.pin(file)):
            part.discard()
            return wrong
        part.become(self.path(file))
        return None

    def strays(self, known: Iterable[WeightsFile]) -> list[Path]:
        """Return what in the folder neither belongs to `known` files nor is Bobby's own, sorted.

        That is what is left of downloads, and files that no record names. Folders stay unseen,
        and so do downloads that a process is at.
        """
        names = {name for file in known for name in (file.name, f"{file.name}.sha256")}
        here = [path for path in self.folder.glob("*") if path.is_file() and path.name not in names]
        left = [p for p in (self.folder / DOWNLOADS).glob("*") if p.suffix != ".lock"]
        on_their_way = [path for path in left if not self._in_use(path)]
        return sorted(here + on_their_way)

    def _in_use(self, path: Path) -> bool:
        lock = filelock.FileLock(path.with_suffix(".lock"), thread_local=False)
        try:
            with lock.acquire(timeout=0):
                return False
        except filelock.Timeout:
            return True

    def remove_locks(self) -> None:
        """Remove the locks that no process holds, and the folder of downloads once it is empty."""
        for path in (self.folder / DOWNLOADS).glob("*.lock"):
            if not self._in_use(path):
                path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self.folder / DOWNLOADS).rmdir()
