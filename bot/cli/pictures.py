"""Picture files on the command line: which ones are meant, and their bytes."""

import mimetypes
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from bot.core.errors import BadPicture, NoPicture, PictureTooLarge

STANDARD_INPUT = Path("-")

_TYPES = mimetypes.MimeTypes()  # this machine's own table may know more or less
for _ending in (".avif", ".heic", ".heif", ".webp"):
    _TYPES.add_type("image/x", _ending)


def chosen(given: Sequence[Path], *, recursive: bool) -> list[Path]:
    """Return the files that are meant by `given`: files, folders, or - for standard input.

    A folder stands for the pictures in it, by their names' endings and without hidden ones. What
    leads to no picture stays as it is.
    """
    return [file for one in given for file in (_pictures(one, recursive=recursive) or [one])]


def _pictures(given: Path, *, recursive: bool) -> list[Path]:
    return sorted(file for file in _walked(given, recursive=recursive) if _is_picture(file))


def _walked(folder: Path, *, recursive: bool) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if recursive and not name.startswith(".")]
        yield from (Path(at, name) for name in files)


def _is_picture(file: Path) -> bool:
    kind, _ = _TYPES.guess_type(file.name)
    return bool(kind) and str(kind).startswith("image/") and not file.name.startswith(".")


def read_file(file: Path, max_bytes: int) -> bytes:
    """Return the content of `file`, or what comes on standard input for -.

    Raises:
        BadPicture: It is a pipe or a device, which might never end.
        NoPicture: It is a folder without a picture, or a pattern without a match.
        PictureTooLarge: It has more than `max_bytes`.
        OSError: It can't be read.
    """
    if file == STANDARD_INPUT:
        return _read(sys.stdin.buffer, max_bytes)
    if file.is_dir():
        raise NoPicture("There is no picture to read in this folder.")
    if not file.exists() and set("*?") & set(str(file)):  # a shell leaves it so without a match
        raise NoPicture("No file matches this pattern.")
    if file.exists() and not file.is_file():
        raise BadPicture("This is no regular file. Save the picture to a file first.")
    with file.open("rb") as opened:
        return _read(opened, max_bytes)


def _read(opened: BinaryIO, max_bytes: int) -> bytes:
    data = opened.read(max_bytes + 1)
    if len(data) > max_bytes:
        mib = max_bytes // 2**20
        raise PictureTooLarge(
            f"The file is over {mib} MiB. Set BOBBY_MAX_FILE_MIB to raise the limit."
        )
    return data


def display_name(file: Path) -> str:
    """Return the name of `file` as text; bytes that are none are replaced."""
    return os.fsencode(file).decode(errors="replace")
