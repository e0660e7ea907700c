"""`bobby hub add` and `bobby hub fetch`: strangers' code onto this machine, without running it."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from functools import partial

from rich.progress import Progress as Bars

from bot.cli.weights import draw, progress_bars
from bot.core.console import print_line
from bot.core.errors import DownloadFailed, SetupError
from bot.core.settings import Settings
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import WeightsFolder
from bot.library.downloads.progress import size
from bot.library.hub import archive, hub_file, source_summary
from bot.library.hub.archive import RepositoryPaths
from bot.library.hub.hub_file import Model, Repository
from bot.library.hub.source_summary import Summary
from models.jobs.model_info import WeightsFile


async def add(
    settings: Settings,
    name: str,
    commit: str,
    entries: Sequence[str],
    arguments: Mapping[str, str | int | float | bool],
) -> None:
    """Fetch OWNER/REPO `name` at `commit`, say what it is, and write it into the list.

    Each of `entries`, called with `arguments`, becomes a model that people may ask for.

    Raises:
        SetupError: It can't be had, is no hub repository, or has no such entry point.
    """
    hub_file.check_source(name, commit)
    known = hub_file.read(settings.hub)
    if any((one.name, one.commit) == (name, commit) for one in known):
        raise SetupError(f"{name} at that commit is already in {settings.hub}.")
    place = _place(settings, name, commit)
    with progress_bars() as bars:
        await _fetch_code(settings, name, commit, place, bars)
    summary = await asyncio.to_thread(source_summary.read, place.code)
    _show(f"{name}@{commit}", summary)
    if strangers := set(entries) - set(summary.entry_points):
        raise SetupError(f"It has no entry point called {', '.join(sorted(strangers))}.")
    taken = {model.name for one in known for model in one.models}
    if doubles := taken & {entry.lower() for entry in entries}:
        raise SetupError(f"{settings.hub} has a model called {', '.join(sorted(doubles))} already.")
    repository = Repository(
        name=name,
        commit=commit,
        tree=await asyncio.to_thread(archive.tree, place.code),
        models=tuple(
            Model(name=entry.lower(), entry=entry, arguments=dict(arguments)) for entry in entries
        ),
    )
    hub_file.append(settings.hub, repository, summary.entry_points)
    asked = ", ".join(f"hub/{model.name}" for model in repository.models) or "none yet"
    print_line(f"Added to {settings.hub}. Available in chat: {asked}. Restart Bobby to use it.")


async def fetch(settings: Settings) -> bool:
    """Fetch the code and the weights of every listed repository that are not here.

    Returns whether all are here and right.

    Raises:
        SetupError: The list can't be read.
    """
    well = True
    with progress_bars() as bars:
        for repository in hub_file.read(settings.hub):
            try:
                await _fetch_all(settings, repository, bars)
                print_line(f"{repository} is here.")
            except (SetupError, DownloadFailed) as error:
                well = False
                bars.console.print(f"{repository}: {error}", style="red", markup=False)
    return well


async def _fetch_all(settings: Settings, repository: Repository, bars: Bars) -> None:
    place = _place(settings, repository.name, repository.commit)
    there = await asyncio.to_thread(archive.tree, place.code) if place.code.is_dir() else None
    if there != repository.tree:
        await _fetch_code(settings, repository.name, repository.commit, place, bars)
        if await asyncio.to_thread(archive.tree, place.code) != repository.tree:
            raise SetupError("The downloaded code doesn't match the hash in hub.toml.")
    for weights in repository.weights:
        await _download(settings, WeightsFolder(place.checkpoints), weights.file(), bars)


async def _fetch_code(
    settings: Settings, name: str, commit: str, place: RepositoryPaths, bars: Bars
) -> None:
    """Fetch and unpack the archive of a commit.

    Raises:
        SetupError: It can't be had or unpacked.
    """
    store = WeightsFolder(place.folder)
    url = f"{settings.hub_url}/{name}/tar.gz/{commit}"
    file = WeightsFile(name=f"{commit}.tar.gz", url=url, proof="pinned")
    try:
        await _download(settings, store, file, bars, most=archive.MOST_BYTES)
        await asyncio.to_thread(archive.unpack, store.path(file), place)
    except DownloadFailed as error:
        raise SetupError(str(error)) from None
    finally:
        # The list has a hash of the code itself; archives of one commit may differ in their bytes.
        store.path(file).unlink(missing_ok=True)
        store.pin(file).unlink(missing_ok=True)


async def _download(
    settings: Settings, store: WeightsFolder, file: WeightsFile, bars: Bars, most: int | None = None
) -> None:
    bar = bars.add_task(file.name, visible=False)
    async with Downloader(store, offline=settings.offline) as downloader:
        try:
            await downloader.fetch(file, partial(draw, bars, bar), most=most)
        finally:
            bars.update(bar, visible=False)


def _place(settings: Settings, name: str, commit: str) -> RepositoryPaths:
    return archive.place(settings.weights_folder / "hub", name, commit)


def _show(source: str, summary: Summary) -> None:
    print_line(source)
    print_line(
        f"  Code: {summary.files} files, {size(summary.bytes)},"
        f" {summary.python_lines} lines of Python"
    )
    needs = [
        f"{name}{' (missing)' if name in summary.missing else ''}" for name in summary.dependencies
    ]
    print_line(f"  Needs: {', '.join(needs) or 'nothing that it names'}")
    print_line("  Entry points:")
    for name, help_text in summary.entry_points.items():
        first = (help_text or "").strip().partition("\n")[0]
        print_line(f"    {name}{f': {first}' if first else ''}")


def read_arguments(given: Sequence[str]) -> dict[str, str | int | float | bool]:
    """Return `NAME=VALUE` pairs; true, false and numbers are meant as such.

    Raises:
        SetupError: One of them is no pair.
    """
    pairs: dict[str, str | int | float | bool] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or not name.isidentifier():
            raise SetupError(f"{one!r} isn't a valid argument. Use NAME=VALUE.")
        pairs[name] = _read(text)
    return pairs


def _read(text: str) -> str | int | float | bool:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text
