"""What every command on files needs: a warm worker, the file's bytes, and lines to print.

The files go through the very executor and worker that answer people, so the answers are the same.
Answers are printed to standard output, progress and complaints to standard error.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from bot.cli.pictures import chosen, display_name, read_file
from bot.core.console import print_json
from bot.core.errors import BobbyError
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.executor.factory import open_executor, warm
from bot.executor.queue import Requester
from models.jobs.answers import Answer, Label
from models.jobs.requests import Request

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True)
class _FileError:
    """Why there is no answer for a file."""

    sentence: str


OPERATOR = Requester(0, None)
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
    caps["max_queue_mib"] = READ_AHEAD * settings.max_file_mib
    async with open_executor(settings.model_copy(update=caps)) as executor:
        with progress.status("Starting the worker and loading its model…"):
            await warm(executor)
        yield executor


def label_json(label: Label) -> dict[str, object]:
    """Return `label` as it stands in the JSON that commands print."""
    return {"label": label.label, "probability": label.probability}


def print_error(file: Path, sentence: str, *, as_json: bool) -> None:
    """Say why there is no answer for `file`."""
    if as_json:
        print_json({"file": display_name(file), "error": sentence})
    else:
        complaints = Console(stderr=True, style="red", highlight=False, soft_wrap=True)
        complaints.print(f"{display_name(file)}: {sentence}", markup=False)


async def answer_files(
    settings: Settings,
    given: Sequence[Path],
    ask: Callable[[bytes], Request[A]],
    show: Callable[[Path, A], None],
    *,
    recursive: bool,
    as_json: bool,
) -> bool:
    """Show the answer to each file that is `given`, in order; return whether all went well.

    Of a folder these are the pictures in it, with `recursive` those in its folders as well.

    A bad file has its error printed and does not stop the others.

    Raises:
        SetupError: The worker can't be started.
    """
    slots = asyncio.Semaphore(READ_AHEAD)
    well = True
    async with warm_worker(settings) as executor, asyncio.TaskGroup() as group:

        async def answer(file: Path) -> A | _FileError:
            async with slots:
                try:
                    limit = settings.max_file_mib * 2**20
                    data = await asyncio.to_thread(read_file, file, limit)
                    return await executor.submit(ask(data), OPERATOR)
                except OSError as error:
                    return _FileError(f"The file can't be read: {error.strerror}.")
                except BobbyError as error:
                    return _FileError(str(error))

        files = await asyncio.to_thread(chosen, given, recursive=recursive)
        tasks = [group.create_task(answer(file)) for file in files]
        for file, task in zip(files, tasks, strict=True):
            outcome = await task
            if isinstance(outcome, _FileError):
                well = False
                print_error(file, outcome.sentence, as_json=as_json)
            else:
                show(file, outcome)
    return well
