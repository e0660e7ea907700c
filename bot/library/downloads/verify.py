"""Whether a downloaded file is what was published: hashes, git's ids, and pins.

Owns the reading of a file for that, which blocks and belongs on a thread. `models.weights.store`
asks the same of every file again before a network gets it: this half only keeps a wrong file from
ever getting its name.
"""

from pathlib import Path

from models.jobs.base import Said, say
from models.jobs.model_info import WeightsFile
from models.weights.hashes import git_blob, read_pin, sha256, write_pin

_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x1f\x8b")
"""What files without a published hash begin with: PyTorch's are zip archives or, before 2020,
pickles of protocol 2; the code of hub repositories comes as gzip."""


def complaint(path: Path, file: WeightsFile, pin: Path) -> Said | None:
    """Return what is wrong with the content of `path` as `file`, None when nothing is.

    `pin` is where the hash of a file whose publisher gives none is written down; see `keep_pin`.
    """
    match file.proof:
        case "sha256":
            found = sha256(path)
            wanted = file.digest or ""
            return None if found.startswith(wanted) else _differs("SHA-256", found, wanted)
        case "git":
            found = git_blob(path)
            return None if found == file.digest else _differs("git blob id", found, file.digest)
        case "pinned":
            with path.open("rb") as opened:
                if not opened.read(4).startswith(_STARTS):
                    return say("it isn't a weights file or an archive")
            pinned, found = read_pin(pin), sha256(path)
            return None if pinned in {None, found} else _differs("SHA-256", found, pinned)


def keep_pin(path: Path, file: WeightsFile, pin: Path) -> None:
    """Write down the hash of the `file` at `path`, if no other proof of it exists yet."""
    if file.proof == "pinned" and read_pin(pin) is None:
        write_pin(pin, sha256(path), file.name)


def _differs(kind: str, found: str, wanted: str | None) -> Said:
    return say(
        "its {kind} starts with {found}, expected {wanted}",
        kind=kind,
        found=found[:12],
        wanted=(wanted or "")[:12],
    )
