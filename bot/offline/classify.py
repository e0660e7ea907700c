"""`bobby classify`: the five most likely labels of picture files."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.errors import BobbyError
from bot.executor.executor import Executor
from bot.offline.worker import (
    OPERATOR,
    READ_AHEAD,
    plain,
    print_error,
    print_json,
    print_line,
    read_file,
    shown,
    warm_worker,
)
from bot.replies import bar, percent, receipt
from bot.settings import Settings
from models.jobs import Classify, Labels


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
    async with warm_worker(settings) as executor, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_classified(executor, settings, file, model, slots)) for file in files
        ]
        for file, task in zip(files, tasks, strict=True):
            outcome = await task
            if isinstance(outcome, str):
                well = False
                print_error(file, outcome, as_json=as_json)
            else:
                show(file, outcome)
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
            picture = await asyncio.to_thread(read_file, file, settings.max_file_mib * 2**20)
            return await executor.submit(Classify(picture=picture, model=model), OPERATOR)
        except OSError as error:
            return f"The file can't be read: {error.strerror}."
        except BobbyError as error:
            return str(error)


def _print_json(file: Path, labels: Labels) -> None:
    top = [plain(label) for label in labels.top]
    print_json({"file": shown(file), "model": labels.model, "labels": top})


def _print_text(file: Path, outcome: Labels) -> None:
    print_line(f"{shown(file)}  ({outcome.width}×{outcome.height})")
    for label in outcome.top:
        print_line(f"  {bar(label.probability)} {percent(label.probability):>7}  {label.label}")
    notes = [] if outcome.sure else ["The model is not sure."]
    notes += [f"Frame 1 of {outcome.frames}."] if outcome.frames > 1 else []
    notes += [outcome.substitution] if outcome.substitution else []
    print_line("\n".join(f"  {note}" for note in [*notes, receipt(outcome)]) + "\n")
