"""What every command on files needs: a warm worker, the file's bytes, and lines to print.

The files go through the very executor and worker that answer people, so the answers are the same.
Answers are printed to standard output, progress and complaints to standard error.
"""

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from rich.console import Console

from bot.errors import BadPicture, PictureTooLarge
from bot.executor.executor import Executor
from bot.executor.factory import open_executor, warm
from bot.executor.queue import Asker
from bot.settings import Settings
from models.jobs import Label

OPERATOR = Asker(0, None)
READ_AHEAD = 16
"""Files in memory at once: two batches, so that the worker never waits for the disk."""


@contextlib.asynccontextmanager
async def warm_worker(settings: Settings) -> AsyncIterator[Executor]:
    """Start a worker and show that it is starting; it takes some seconds to load its model.

    Raises:
        SetupError: It can't be started.
    """
    progress = Console(stderr=True)
    caps = {"max_per_person": READ_AHEAD, "max_per_server": READ_AHEAD, "max_queue": READ_AHEAD}
    async with open_executor(settings.model_copy(update=caps)) as executor:
        with progress.status("Starting the worker and loading its model…"):
            await warm(executor)
        yield executor


def read_file(file: Path, max_bytes: int) -> bytes:
    """Return the content of `file`.

    Raises:
        BadPicture: It is a pipe or a device, which might never end.
        PictureTooLarge: It has more than `max_bytes`.
        OSError: It can't be read.
    """
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise BadPicture("This is no regular file. Save the picture to a file first.")
    with file.open("rb") as opened:
        data = opened.read(max_bytes + 1)
    if len(data) > max_bytes:
        mib = max_bytes // 2**20
        raise PictureTooLarge(f"The file is over {mib} MiB; BOBBY_MAX_FILE_MIB raises the limit.")
    return data


def shown(file: Path) -> str:
    """Return the name of `file` as text; bytes that are none are replaced."""
    return os.fsencode(file).decode(errors="replace")


def plain(label: Label) -> dict[str, object]:
    """Return `label` as it stands in the JSON that commands print."""
    return {"label": label.label, "probability": label.probability}


def print_error(file: Path, sentence: str, *, as_json: bool) -> None:
    """Say why there is no answer for `file`."""
    if as_json:
        print_json({"file": shown(file), "error": sentence})
    else:
        complaints = Console(stderr=True, style="red", highlight=False, soft_wrap=True)
        complaints.print(f"{shown(file)}: {sentence}", markup=False)


def print_json(line: dict[str, object]) -> None:
    """Print one JSON object on one line."""
    print_line(msgspec.json.encode(line).decode())


def print_line(text: str) -> None:
    """Print a line of the answer to standard output at once, also when that is a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
