"""Whether a file of weights is what was published: hashes, git's ids, and pins.

Owns that judgment for both processes: a download is judged before it gets its name, and every
file again before a network gets it. It blocks, and knows neither torch nor Discord.
"""

import hashlib
import logging
from pathlib import Path

from models.jobs.base import Said, say
from models.jobs.model_info import WeightsFile

_log = logging.getLogger(__name__)

_BLOCK = 1 << 20
_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x1f\x8b")
"""What files without a published hash begin with: PyTorch's are zip archives or, before 2020,
pickles of protocol 2; the code of hub repositories comes as gzip."""


def complaint(path: Path, file: WeightsFile, pin: Path) -> Said | None:
    """Return what is wrong with the content of `path` as `file`, None when nothing is.

    Where the publisher gives no hash, that of the first copy is written to `pin`, and every later
    one is held to it.
    """
    match file.proof:
        case "sha256":
            found, wanted = sha256(path), file.digest or ""
            return None if found.startswith(wanted) else _differs("SHA-256", found, wanted)
        case "git":
            found, wanted = _git_blob(path), file.digest or ""
            return None if found == wanted else _differs("git blob id", found, wanted)
        case "pinned":
            if not _holds_weights(path):
                return say("it isn't a weights file or an archive")
            found = sha256(path)
            if (pinned := _read_pin(pin)) is None:
                _write_pin(pin, found, file.name)
                return None
            return None if found == pinned else _differs("SHA-256", found, pinned)


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file's content, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_blob(path: Path) -> str:
    """Return the id that git gives the file's content; SHA-1 because git's ids are."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_BLOCK):
            digest.update(chunk)
    return digest.hexdigest()


def _holds_weights(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(9)
    # Safetensors begin with the length of a JSON header, which is far below 4 GB.
    return start.startswith(_STARTS) or start[4:] == b"\0\0\0\0{"


def _read_pin(pin: Path) -> str | None:
    try:
        return pin.read_text(encoding="ascii").partition(" ")[0]
    except FileNotFoundError:
        return None


def _write_pin(pin: Path, digest: str, name: str) -> None:
    pin.parent.mkdir(parents=True, exist_ok=True)
    pin.write_text(f"{digest}  {name}\n", encoding="ascii")
    _log.info("%s: no hash is published; SHA-256 %s is pinned now", name, digest)


def _differs(kind: str, found: str, wanted: str) -> Said:
    return say(
        "its {kind} starts with {found}, expected {wanted}",
        kind=kind,
        found=found[:12],
        wanted=wanted[:12],
    )
