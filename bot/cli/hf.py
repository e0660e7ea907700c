"""`bobby hub add hf:…` and `bobby fetch hf/…`: models of the Hugging Face Hub, pinned by hash."""

from collections.abc import Sequence
from functools import partial

from rich.progress import Progress as Bars

from bot.cli.weights import draw, progress_bars, remove_damaged
from bot.core.console import print_line
from bot.core.errors import DownloadFailed, SetupError
from bot.core.settings import Settings
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import WeightsFolder
from bot.library.downloads.progress import size
from bot.library.hub import archive, hf, hub_file
from bot.library.hub.hub_file import HfModel

PREFIX = "hf/"
SCHEME = "hf:"


async def add_hf(
    settings: Settings, repository: str, revision: str, task: hf.Task | None, name: str | None
) -> None:
    """Say what OWNER/NAME `repository` is, and write it into the list, pinned to a commit.

    Raises:
        SetupError: It can't be had, or it is nothing for Bobby; the list stays as it was.
    """
    hub_file.check_source(repository, "0" * 40)
    if settings.offline:
        raise SetupError("BOBBY_OFFLINE is set, so nothing can be looked up.")
    known = hub_file.read_hf(settings.hub)
    model = await hf.look_up(repository, revision, task, name)
    if any(one.name == model.name for one in known):
        raise SetupError(f"{settings.hub} has an hf/{model.name} already. Choose another --name.")
    _show(model)
    hub_file.append_hf(settings.hub, model)
    asked = f"{PREFIX}{model.name}"
    print_line(f"Added to {settings.hub}. Run `bobby fetch {asked}`, then restart Bobby.")


async def fetch_hf(settings: Settings, names: Sequence[str]) -> bool:
    """Download what is missing of the listed models `names`; return whether all are here now.

    Raises:
        SetupError: A name is not on the list, or the list can't be read.
    """
    listed = {PREFIX + model.name: model for model in hub_file.read_hf(settings.hub)}
    if unknown := [name for name in names if name not in listed]:
        known = ", ".join(listed) or "none"
        raise SetupError(f"{settings.hub} has no {unknown[0]}. There are: {known}.")
    well = True
    with progress_bars() as bars:
        for name in dict.fromkeys(names):
            try:
                await _fetch(settings, listed[name], bars)
                print_line(f"{name} installed.")
            except DownloadFailed as error:
                well = False
                bars.console.print(f"{name}: {error}", style="red", markup=False)
    return well


async def _fetch(settings: Settings, model: HfModel, bars: Bars) -> None:
    """Have every file of `model` here, as it was when it was added.

    Raises:
        DownloadFailed: One can't be had, or is another than was listed.
    """
    place = archive.place(settings.weights_folder / "hub", model.repository, model.revision)
    store = WeightsFolder(place.code)
    async with Downloader(store, offline=settings.offline, token=hf.token()) as downloader:
        for listed in model.files:
            file = hf.weights_file(model, listed)
            await remove_damaged(store, file, bars)
            bar = bars.add_task(file.name, total=file.size_bytes, visible=False)
            try:
                await downloader.fetch(file, partial(draw, bars, bar), most=listed.size)
            finally:
                bars.update(bar, visible=False)


def _show(model: HfModel) -> None:
    print_line(f"{model.repository}@{model.revision}")
    print_line(f"  Task: {model.task}")
    print_line(f"  License: {model.license}")
    print_line(f"  Size: {size(sum(file.size for file in model.files))}")
    for file in model.files:
        print_line(f"    {file.name} ({size(file.size)})")
