"""`bobby hub add` and `bobby hub fetch`: what is listed, and what is said of it."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.cli.hub import add, fetch, read_arguments
from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.library.hub import hub_file
from tests.bot.library.hub import repository as things
from tests.bot.library.publisher import Publisher

OTHER = "f" * 40


@pytest_asyncio.fixture
async def host() -> AsyncIterator[Publisher]:
    """Return a host of repositories that has two commits of one."""
    paths = [f"{things.OWNER}/tar.gz/{commit}" for commit in (things.COMMIT, OTHER)]
    async with Publisher(files={path: things.archive() for path in paths}) as host:
        yield host


def settings_in(folder: Path, host: Publisher, **fields: Any) -> Settings:
    """Return settings with a list below `folder`."""
    own: dict[str, Any] = {
        "cache": folder / "weights",
        "hub": folder / "hub.toml",
        "hub_url": host.url,
    }
    return Settings(_env_file=None, **(own | fields))


async def test_what_is_added_stands_in_the_list(
    host: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In small letters what people ask for; the archive is gone, the code is here."""
    settings = settings_in(tmp_path, host)
    entries = ["brightness", "forks"]
    await add(settings, things.OWNER, things.COMMIT, entries, {"scale": 2})
    (listed,) = hub_file.read(settings.hub)
    assert (listed.name, listed.commit) == (things.OWNER, things.COMMIT)
    assert [(one.name, one.entry) for one in listed.models] == [(name, name) for name in entries]
    assert [one.arguments for one in listed.models] == [{"scale": 2}] * 2
    *_, last = capsys.readouterr().out.splitlines()
    assert last.endswith("Available in chat: hub/brightness, hub/forks. Restart Bobby to use it.")
    here = [path.name for path in settings.weights_folder.rglob("*") if path.is_file()]
    assert "hubconf.py" in here
    assert not any(things.COMMIT in name and not name.endswith(".lock") for name in here)


async def test_it_may_be_added_without_a_model(
    host: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it offers is shown, each entry point with its first line; one may be listed later."""
    settings = settings_in(tmp_path, host)
    needs = 'dependencies = ["torch", "no_such_package"]\ndef Zoo():\n    pass\n'
    host.files[f"{things.OWNER}/tar.gz/{OTHER}"] = things.archive(hubconf=needs)
    await add(settings, things.OWNER, OTHER, [], {})
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"{things.OWNER}@{OTHER}"
    assert told[2:5] == [
        "  Needs: torch, no_such_package (missing)",
        "  Entry points:",
        "    Zoo",
    ]
    assert told[5].endswith("Available in chat: none yet. Restart Bobby to use it.")
    await add(settings, things.OWNER, things.COMMIT, ["brightness"], {})
    assert "    brightness: Tell dark pictures from bright ones." in capsys.readouterr().out
    assert [len(one.models) for one in hub_file.read(settings.hub)] == [0, 1]


async def test_nothing_is_listed_twice(host: Publisher, tmp_path: Path) -> None:
    """Neither a commit, which is not even fetched, nor what people ask for."""
    settings = settings_in(tmp_path, host)
    await add(settings, things.OWNER, things.COMMIT, ["brightness"], {})
    before = settings.hub.read_text()
    asked = len(host.asked)
    with pytest.raises(SetupError, match="at that commit is already in"):
        await add(settings, things.OWNER, things.COMMIT, [], {})
    assert len(host.asked) == asked
    with pytest.raises(SetupError, match="has a model called brightness already"):
        await add(settings, things.OWNER, OTHER, ["forks", "brightness"], {})
    with pytest.raises(SetupError, match="no entry point called nothing, nowhere"):
        await add(settings, things.OWNER, OTHER, ["nowhere", "forks", "nothing"], {})
    assert settings.hub.read_text() == before


async def test_one_that_is_gone_does_not_stop_the_others(
    host: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a complaint; what is here and right is not fetched again."""
    settings = settings_in(tmp_path, host)
    await add(settings, things.OWNER, OTHER, [], {})
    await add(settings, things.OWNER, things.COMMIT, [], {})
    (code,) = (settings.weights_folder / "hub").glob(f"*{OTHER[:12]}*/code")
    (code / "hubconf.py").unlink()
    del host.files[f"{things.OWNER}/tar.gz/{OTHER}"]
    capsys.readouterr()
    asked = len(host.asked)
    assert await fetch(settings) is False
    told = capsys.readouterr()
    assert told.out == f"{things.OWNER}@{things.COMMIT[:12]} is here.\n"
    assert f"{things.OWNER}@{OTHER[:12]}: " in told.err
    assert [one.path for one in host.asked[asked:]] == [f"/{things.OWNER}/tar.gz/{OTHER}"]


async def test_weights_that_are_others_are_refused(
    host: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The listed hash is what counts."""
    settings = settings_in(tmp_path, host)
    await add(settings, things.OWNER, things.COMMIT, [], {})
    digest = hashlib.sha256(b"those").hexdigest()
    weights = f'[{{ url = "{host.url}/small.pth", sha256 = "{digest}" }}]'
    listed = settings.hub.read_text().replace("# weights =", f"weights = {weights} #")
    settings.hub.write_text(listed)
    host.files["small.pth"] = b"these"
    assert await fetch(settings) is False
    assert not list(settings.weights_folder.rglob("small.pth"))
    host.files["small.pth"] = b"those"
    assert await fetch(settings) is True
    assert len(list(settings.weights_folder.rglob("small.pth"))) == 1


def test_what_is_handed_to_an_entry_point() -> None:
    """Arguments are what they look like, and text otherwise."""
    given = ["a=1", "b=1.5", "c=True", "d=false", "e=inf", "f=nan", "g=", "h=x=y", "i=1e3", "j=-2"]
    assert read_arguments(given) == {
        "a": 1,
        "b": 1.5,
        "c": True,
        "d": False,
        "e": "inf",
        "f": "nan",
        "g": "",
        "h": "x=y",
        "i": 1000.0,
        "j": -2,
    }
    assert type(read_arguments(["a=1"])["a"]) is int
    for slip in ("scale", "=1", "2x=1", "a b=1"):
        with pytest.raises(SetupError, match="Use NAME=VALUE"):
            read_arguments(["a=1", slip])
