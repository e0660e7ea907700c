"""Bobby without Discord: `bobby classify` and `bobby models` on the command line.

The files go through the very executor and worker that answer people, so the answers are the same.
Answers are printed to standard output, progress to standard error.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bot.errors import BobbyError, PictureTooLarge
from bot.executor.executor import Executor
from bot.executor.factory import open_executor, warm
from bot.executor.queue import Asker
from bot.replies import bar, percent, receipt
from bot.settings import Settings
from models.jobs import Classify, Labels, ModelCard

OPERATOR = Asker(0, None)
READ_AHEAD = 16
"""Files in memory at once: two batches, so that the worker never waits for the disk."""


@contextlib.asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[Executor]:
    """Start a worker and show that it is starting; it takes some seconds to load its model."""
    progress = Console(stderr=True)
    caps = {"max_per_person": READ_AHEAD, "max_per_server": READ_AHEAD, "max_queue": READ_AHEAD}
    async with open_executor(settings.model_copy(update=caps)) as executor:
        with progress.status("Starting the worker and loading its model…"):
            await warm(executor)
        yield executor


async def classify_files(
    settings: Settings, files: Sequence[Path], model: str | None, *, as_json: bool
) -> bool:
    """Print the five most likely labels of each of `files`, in order; return whether all went well.

    A bad file has its error printed and does not stop the others.

    Raises:
        SetupError: The worker can't be started.
    """
    slots = asyncio.Semaphore(READ_AHEAD)
    show = _print_json if as_json else _print_text
    well = True
    async with _worker(settings) as executor, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_classified(executor, settings, file, model, slots)) for file in files
        ]
        for file, task in zip(files, tasks, strict=True):
            outcome = await task
            show(file, outcome)
            well = well and not isinstance(outcome, str)
    return well


async def _classified(
    executor: Executor,
    settings: Settings,
    file: Path,
    model: str | None,
    slots: asyncio.Semaphore,
) -> Labels | str:
    """Return the labels of `file`, or the sentence why there are none."""
    async with slots:
        try:
            picture = await asyncio.to_thread(_read, file, settings.max_file_mib * 2**20)
            return await executor.submit(Classify(picture=picture, model=model), OPERATOR)
        except OSError as error:
            return f"The file can't be read: {error.strerror}."
        except BobbyError as error:
            return str(error)


def _read(file: Path, max_bytes: int) -> bytes:
    if file.stat().st_size > max_bytes:
        mib = max_bytes // 2**20
        raise PictureTooLarge(f"The file is over {mib} MiB; BOBBY_MAX_FILE_MIB raises the limit.")
    return file.read_bytes()


def _print_json(file: Path, outcome: Labels | str) -> None:
    line: dict[str, object] = {"file": str(file)}
    if isinstance(outcome, str):
        line["error"] = outcome
    else:
        line["model"] = outcome.model
        line["labels"] = [
            {"label": label.label, "probability": label.probability} for label in outcome.top
        ]
    print_line(msgspec.json.encode(line).decode())


def _print_text(file: Path, outcome: Labels | str) -> None:
    if isinstance(outcome, str):
        line = f"{file}: {outcome}"
        Console(stderr=True).print(line, style="red", markup=False, highlight=False, soft_wrap=True)
        return
    print_line(f"{file}  ({outcome.width}×{outcome.height})")
    for label in outcome.top:
        print_line(f"  {bar(label.probability)} {percent(label.probability):>7}  {label.label}")
    notes = [] if outcome.sure else ["The model is not sure."]
    notes += [f"Frame 1 of {outcome.frames}."] if outcome.frames > 1 else []
    notes += [outcome.substitution] if outcome.substitution else []
    print_line("\n".join(f"  {note}" for note in [*notes, receipt(outcome)]) + "\n")


async def list_models(settings: Settings, *, as_json: bool) -> None:
    """Print every model of the catalogue, those that are ready first.

    Raises:
        SetupError: The worker can't be started.
    """
    async with _worker(settings) as executor:
        cards = sorted(executor.models, key=lambda card: (not card.ready, card.name))
        default = executor.default
    if as_json:
        for card in cards:
            print_line(msgspec.json.encode(_without_tag(card)).decode())
        return
    Console().print(_table(cards, default))


def _without_tag(card: ModelCard) -> dict[str, object]:
    return {field: getattr(card, field) for field in card.__struct_fields__}


def _table(cards: Sequence[ModelCard], default: str | None) -> Table:
    ready = sum(card.ready for card in cards)
    table = Table(title=f"{ready} of {len(cards)} models are ready", title_justify="left", box=None)
    table.add_column("Model", no_wrap=True)
    table.add_column("Task")
    table.add_column("Parameters", justify="right", no_wrap=True)
    table.add_column("Top-1", justify="right", no_wrap=True)
    table.add_column("Weights", no_wrap=True)
    table.add_column("Where they are")
    for card in cards:
        table.add_row(
            card.name,
            card.task,
            f"{card.parameters / 1e6:.1f} M",
            f"{card.accuracy:.1f} %" if card.accuracy else "–",
            card.weights,
            f"{card.location or 'not here'}{', the default' if card.name == default else ''}",
            style=None if card.ready else "dim",
        )
    return table


def print_line(text: str) -> None:
    """Print a line of the answer to standard output at once, also when that is a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
