"""Which repository answers for a name, and what its worker is started with; no worker starts."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from bot.core.errors import UnknownModel
from bot.core.settings import Settings
from bot.library.hub import archive, hub_file
from bot.library.hub.hub_file import Model, Repository
from bot.library.hub.workers import HubWorkers, command, environment
from models.jobs.model_info import HubModel
from tests.bot.library.hub import repository as things


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings with a list of two repositories: one whose code is here, one not."""
    settings = Settings(_env_file=None, cache=tmp_path / "weights", hub=tmp_path / "hub.toml")
    code = archive.place(settings.weights_folder / "hub", things.OWNER, things.COMMIT).code
    things.write(code)
    here = Repository(
        name=things.OWNER,
        commit=things.COMMIT,
        tree=archive.tree(code),
        models=(
            Model(name="light", entry="brightness", arguments={"scale": 2}),
            Model(name="silent", entry="_hidden"),
        ),
    )
    away = Repository(
        name="b/c", commit="f" * 40, tree="0" * 64, models=(Model(name="away", entry="e"),)
    )
    hub_file.append(settings.hub, here, {})
    hub_file.append(settings.hub, away, {})
    return settings


@pytest_asyncio.fixture
async def hub(settings: Settings) -> AsyncIterator[HubWorkers]:
    """Open a hub over that list."""
    async with HubWorkers(settings) as hub:
        yield hub


async def test_a_card_for_every_model(hub: HubWorkers) -> None:
    """Ready are those whose code is here."""
    assert list(hub.models) == ["hub/light", "hub/silent", "hub/away"]
    assert [(card.name, card.ready) for card in hub.cards] == [
        ("hub/light", True),
        ("hub/silent", True),
        ("hub/away", False),
    ]
    first = hub.cards[0]
    assert (first.task, first.location) == ("classify", "Torch Hub")
    assert first.weights == f"{things.OWNER}@{things.COMMIT[:12]}"
    assert first.source == f"https://github.com/{things.OWNER}"


async def test_help_is_read_from_the_code(hub: HubWorkers) -> None:
    """By the entry point's text, under any spelling of the model's name."""
    for name in ("light", "hub/light", " Hub/LIGHT "):
        told = await hub.help(name)
        assert told is not None
        assert told.startswith("Tell dark pictures from bright ones.")
    assert await hub.help("silent") is None


async def test_a_name_that_is_not_listed(hub: HubWorkers, tmp_path: Path) -> None:
    """Those that are, are named, or that there are none."""
    for ask in (hub.help, hub.executor):
        with pytest.raises(UnknownModel, match="There are: hub/light, hub/silent, hub/away"):
            await ask("brightness")
    none = Settings(_env_file=None, cache=tmp_path, hub=tmp_path / "none.toml")
    async with HubWorkers(none) as empty:
        with pytest.raises(UnknownModel, match="There are: none"):
            await empty.help("light")


async def test_code_that_is_not_here(hub: HubWorkers) -> None:
    """The sentence has the command that brings it."""
    for ask in (hub.help, hub.executor):
        with pytest.raises(UnknownModel, match=r"b/c isn't downloaded yet.*bobby hub fetch"):
            await ask("away")


async def test_one_worker_answers_for_a_repository(hub: HubWorkers) -> None:
    """All its models, no matter who asks first."""
    light, silent = await hub.executor("light"), await hub.executor("hub/silent")
    assert light is silent
    repository, _ = hub.models["hub/light"]
    assert hub.place(repository).home.is_dir()


async def test_what_a_worker_is_told(hub: HubWorkers, settings: Settings) -> None:
    """Its code, its home, its models and its limit."""
    repository, _ = hub.models["hub/light"]
    place = hub.place(repository)
    line = command(settings, repository, place)
    assert line[:3] == [sys.executable, "-m", "models.worker.sandbox"]
    limits, told = (
        line[3 : line.index("models.worker.hub")],
        line[line.index("models.worker.hub") + 1 :],
    )
    given = dict(zip(limits[::2], limits[1::2], strict=True))
    assert given["--readable"] == str(place.code)
    assert given["--home"] == str(place.home)
    assert given["--memory-mib"] == str(settings.hub_memory_mib)
    given = dict(zip(told[::2], told[1::2], strict=True))
    assert given["--code"] == str(place.code)
    assert given["--home"] == str(place.home)
    assert given["--repository"] == str(repository)
    assert given["--log-level"] == settings.log_level
    models = msgspec.json.decode(given["--models"], type=tuple[HubModel, ...])
    assert [(m.name, m.entry, m.arguments) for m in models] == [
        ("light", "brightness", {"scale": 2}),
        ("silent", "_hidden", {}),
    ]


def test_what_a_worker_inherits(tmp_path: Path) -> None:
    """No secret, no proxy, no GPU; every folder that programs write to is its own."""
    place = archive.place(tmp_path, "a/b", "f" * 40)
    inherited = {
        "PATH": "/bin",
        "HOME": "/root",
        "https_proxy": "http://user:secret@proxy",
        "NO_PROXY": "x",
        "BOBBY_TOKEN": "secret",
        "CUDA_VISIBLE_DEVICES": "0",
        "TORCH_HOME": "/torch",
    }
    given = environment(inherited, place)
    assert given["PATH"] == "/bin"
    assert not any("secret" in value for value in given.values())
    assert not any("PROXY" in name.upper() for name in given)
    assert given["CUDA_VISIBLE_DEVICES"] == ""
    homes = ("HOME", "TMPDIR", "XDG_CACHE_HOME", "TORCH_HOME")
    assert all(Path(given[name]).is_relative_to(place.home) for name in homes)
    assert Path(given["TORCH_HOME"]) / "hub" / "checkpoints" == place.checkpoints
