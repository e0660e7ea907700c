"""The hashes that tell one file of weights from any other, and the notes that pin them.

Owns how they are computed and written, for downloads and for loading; what
must match what is up to them. It blocks, and knows neither torch nor Discord.
"""

import hashlib
from pathlib import Path

_BLOCK = 1 << 20


def read_pin(pin: Path) -> str | None:
    """Return the SHA-256 that is written in `pin`, None where there is none."""
    try:
        return pin.read_text(encoding="ascii").partition(" ")[0]
    except FileNotFoundError:
        return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file's content, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob(path: Path) -> str:
    """Return the id that git gives the file's content; SHA-1 because git's ids are."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_BLOCK):
            digest.update(chunk)
    return digest.hexdigest()


def write_pin(pin: Path, digest: str, name: str) -> None:
    """Write down in `pin` that the file `name` has the SHA-256 `digest`."""
    pin.write_text(f"{digest}  {name}\n", encoding="ascii")
