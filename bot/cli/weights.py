"""`bobby fetch`, `bobby verify` and `bobby clean`: the weights on this machine.

The catalog is asked of `models.worker.inventory` in a process of its own, which needs no warm
worker; the files come by the very downloader that answers people.
"""

import asyncio
import difflib
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bars

from bot.core.console import print_line
from bot.core.errors import DownloadFailed, SetupError
from bot.core.processes import child
from bot.core.settings import Settings
from bot.executor.factory import inventory_command, worker_environment
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import WeightsFolder
from bot.library.downloads.progress import Progress
from models.jobs.model_info import ModelInfo, VerifyResult, WeightsFile

AT_ONCE = 2
"""Downloads that run side by side."""

L = TypeVar("L", ModelInfo, VerifyResult)


async def fetch_models(settings: Settings, names: Sequence[str]) -> bool:
    """Download what is missing of the models `names`, of all where there are none.

    Prints what became of each; returns whether all are here now.

    Raises:
        SetupError: A name is unknown, or the catalog can't be read.
    """
    cards = [card async for card in _inventory(settings, ModelInfo)]
    wanted = _named(cards, names) if names else [card for card in cards if card.files]
    slots, well = asyncio.Semaphore(AT_ONCE), True
    with progress_bars() as bars:

        async def fetch(card: ModelInfo) -> str | None:
            async with slots:
                return await _fetch(downloader, card, bars)

        async with Downloader.of(settings) as downloader, asyncio.TaskGroup() as group:
            tasks = [group.create_task(fetch(card)) for card in wanted]
            for card, task in zip(wanted, tasks, strict=True):
                if complaint := await task:
                    well = False
                    bars.console.print(f"{card.name}: {complaint}", style="red", markup=False)
                else:
                    print_line(f"{card.name} installed.")
    return well


async def _fetch(downloader: Downloader, card: ModelInfo, bars: Bars) -> str | None:
    """Have the weights of `card` here; return why that failed, None if it didn't."""
    for file in card.files:
        if card.ready and not downloader.store.has(file):
            continue  # it is elsewhere, or what was made of it is here
        bar = bars.add_task(file.name, total=file.size_bytes, visible=False)
        try:
            await remove_damaged(downloader.store, file, bars)
            await downloader.fetch(file, partial(draw, bars, bar))
        except DownloadFailed as error:
            return str(error)
        finally:
            bars.update(bar, visible=False)
    return None


async def remove_damaged(store: WeightsFolder, file: WeightsFile, bars: Bars) -> None:
    """Make room for `file` where it is in the store and not what was published."""
    if store.has(file) and (wrong := await asyncio.to_thread(store.complaint, file)):
        bars.console.print(f"{file.name} is damaged ({wrong}). Downloading it again.", markup=False)
        store.path(file).unlink()


def progress_bars() -> Bars:
    """Return bars of size, speed and time left, to standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    return Bars(*columns, console=Console(stderr=True, highlight=False, soft_wrap=True))


def draw(bars: Bars, bar: TaskID, now: Progress) -> None:
    """Draw how far a download is."""
    bars.update(bar, completed=now.done, total=now.total, visible=True)


def _named(cards: Iterable[ModelInfo], names: Sequence[str]) -> list[ModelInfo]:
    known = {card.name: card for card in cards}
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise SetupError(f"No model called {name}.{hint} Run `bobby models` for the full list.")
    return [known[name] for name in dict.fromkeys(names)]


async def verify_weights(settings: Settings) -> bool:
    """Check all weights on this machine; print a line a model, and return whether all are right.

    Raises:
        SetupError: The catalog can't be read.
    """
    right = wrong = 0
    async for checked in _inventory(settings, VerifyResult):
        if checked.wrong is None:
            right += 1
            print_line(f"{checked.model}: OK ({checked.file} in the {checked.location})")
        else:
            wrong += 1
            run = f"`bobby fetch {checked.model}`"
            own = checked.location == "Bobby cache"
            todo = f"Run {run} to fix it." if own else f"Remove that file, then run {run}."
            print_line(f"{checked.model}: {checked.wrong}. {todo}")
    print_line(f"{right} OK, {wrong} failed")
    return wrong == 0


async def strays(settings: Settings) -> list[Path]:
    """Return what is left of downloads in Bobby's folder, and what belongs to no model.

    Raises:
        SetupError: The catalog can't be read.
    """
    known = [file async for card in _inventory(settings, ModelInfo) for file in card.files]
    return await asyncio.to_thread(WeightsFolder(settings.weights_folder).strays, known)


def remove(settings: Settings, paths: Iterable[Path]) -> None:
    """Remove the files `paths`, and what else downloads leave behind."""
    for path in paths:
        path.unlink(missing_ok=True)
    WeightsFolder(settings.weights_folder).remove_locks()


async def _inventory(settings: Settings, kind: type[L]) -> AsyncIterator[L]:
    """Yield the lines that `models.worker.inventory` prints, as soon as each is there.

    Raises:
        SetupError: It ended badly; what it complained of is on standard error.
    """
    command = inventory_command(settings, verify=kind is VerifyResult)
    async with child(command, worker_environment(os.environ), stdin=DEVNULL, stdout=PIPE) as asked:
        assert asked.stdout is not None
        async for line in asked.stdout:
            yield msgspec.json.decode(line, type=kind)
        if await asked.wait():
            raise SetupError("The catalogue of models can't be read; the lines above say why.")
