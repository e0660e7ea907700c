"""`bobby fetch`, `verify` and `clean` with a catalog of the tests' own."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from bot.cli import weights
from bot.cli.weights import fetch_models, verify_weights
from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.library.downloads.folder import WeightsFolder
from models.jobs.base import Message
from models.jobs.model_info import VerifyResult, WeightsFile
from models.weights.verify import sha256
from tests.bot.conftest import Desk, card
from tests.bot.library.publisher import Publisher, honest

CONTENT = b"weights of a network"


@pytest_asyncio.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """Return a server on this machine that has four files."""
    async with Publisher(files=dict.fromkeys(["a", "b", "c", "d"], CONTENT)) as publisher:
        yield publisher


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """Return the lines that the catalog's process will print; those of a check by themselves."""
    lines: list[Message] = []

    def command(_: Settings, *, verify: bool) -> Sequence[str]:
        wanted = [line for line in lines if isinstance(line, VerifyResult) == verify]
        text = b"\n".join(map(msgspec.json.encode, wanted)).decode()
        return [sys.executable, "-S", "-c", f"import sys; sys.stdout.write({text!r})"]

    monkeypatch.setattr(weights, "inventory_command", command)
    return lines


def file(publisher: Publisher, name: str, folder: Path, content: bytes = CONTENT) -> WeightsFile:
    """Return what is known of the published file `name`."""
    copy = folder / "copy"
    copy.write_bytes(content)
    digest = sha256(copy)
    copy.unlink()
    return WeightsFile(name=name, url=f"{publisher.url}/{name}", proof="sha256", digest=digest)


def settings_in(folder: Path, **fields: Any) -> Settings:
    """Return settings whose weights are below `folder`."""
    return Settings(_env_file=None, cache=folder / "weights", **fields)


async def test_each_model_is_told_in_the_order_asked_for(
    catalog: list[Message],
    publisher: Publisher,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once each; one that can't be had is a complaint, and the others come nevertheless."""
    gone = WeightsFile(name="e", url=f"{publisher.url}/e", proof="pinned")
    catalog += [card(name, files=(file(publisher, name, tmp_path),)) for name in "abcd"]
    catalog += [card("e", files=(gone,)), card("part of Bobby", ready=True)]
    settings = settings_in(tmp_path)
    assert await fetch_models(settings, ["d", "e", "b", "d"]) is False
    told = capsys.readouterr()
    assert told.out == "d installed.\nb installed.\n"
    assert " ".join(told.err.split()).startswith("e: e ")
    assert (settings.weights_folder / "d").read_bytes() == CONTENT
    assert not (settings.weights_folder / "a").exists()
    assert await fetch_models(settings, ["b", "a"]) is True
    assert [one.path for one in publisher.asked if one.path != "/e"] == ["/d", "/b", "/a"]


async def test_all_are_those_that_have_files(
    catalog: list[Message],
    publisher: Publisher,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is part of Bobby is not listed; what lies elsewhere is not fetched once more."""
    known = {name: (file(publisher, name, tmp_path),) for name in "ab"}
    catalog += [
        card("here", ready=True, files=known["a"]),
        card("missing", files=known["b"]),
        card("bobby's own", ready=True),
    ]
    assert await fetch_models(settings_in(tmp_path), []) is True
    assert capsys.readouterr().out == "here installed.\nmissing installed.\n"
    assert [one.path for one in publisher.asked] == ["/b"]


async def test_what_is_damaged_is_fetched_again(
    catalog: list[Message],
    publisher: Publisher,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """That is said; what is right is left as it is."""
    settings = settings_in(tmp_path)
    settings.weights_folder.mkdir()
    for name, content in (("a", b"something else"), ("b", CONTENT)):
        (settings.weights_folder / name).write_bytes(content)
        catalog.append(card(name, ready=True, files=(file(publisher, name, tmp_path),)))
    assert await fetch_models(settings, []) is True
    told = capsys.readouterr()
    assert "a is damaged (" in told.err
    assert "b is damaged" not in told.err
    assert told.out == "a installed.\nb installed.\n"
    assert [one.path for one in publisher.asked] == ["/a"]
    assert (settings.weights_folder / "a").read_bytes() == CONTENT


async def test_a_few_are_fetched_side_by_side(
    catalog: list[Message], publisher: Publisher, tmp_path: Path
) -> None:
    """Two, however many there are."""
    running: list[int] = [0]
    both = asyncio.Event()

    async def counted(server: Publisher, request: web.Request, body: bytes) -> web.StreamResponse:
        running.append(running[-1] + 1)
        if running[-1] == weights.AT_ONCE:
            both.set()
        async with asyncio.timeout(10):
            await both.wait()
        try:
            return await honest(server, request, body)
        finally:
            running.append(running[-1] - 1)

    publisher.manners = {name: [counted] for name in "abcd"}
    catalog += [card(name, files=(file(publisher, name, tmp_path),)) for name in "abcd"]
    assert await fetch_models(settings_in(tmp_path), []) is True
    assert max(running) == weights.AT_ONCE == 2


async def test_a_name_that_is_nobodys(catalog: list[Message], tmp_path: Path) -> None:
    """The nearest are offered where there are any."""
    catalog += [card("alexnet"), card("vgg11")]
    with pytest.raises(SetupError) as close:
        await fetch_models(settings_in(tmp_path), ["vgg11", "AlexNett"])
    with pytest.raises(SetupError) as far:
        await fetch_models(settings_in(tmp_path), ["zzz"])
    lists = "Run `bobby models` for the full list."
    hint = "Did you mean alexnet?"
    assert str(close.value) == f"No model called AlexNett. {hint} {lists}"
    assert str(far.value) == f"No model called zzz. {lists}"


async def test_a_catalog_that_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched on half of it."""
    command = [sys.executable, "-S", "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(weights, "inventory_command", lambda _, verify: command)
    with pytest.raises(SetupError, match="The catalogue of models can't be read"):
        await fetch_models(settings_in(tmp_path), [])
    with pytest.raises(SetupError, match="The catalogue of models can't be read"):
        await verify_weights(settings_in(tmp_path))


def checked(model: str, location: str, wrong: str | None = None) -> VerifyResult:
    """Return what the check of a model's file came to."""
    return VerifyResult(
        model=model, file=f"{model}.pth", location=location, seconds=1.0, wrong=wrong
    )


async def test_every_file_has_its_verdict(
    catalog: list[Message], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bobby mends what is its own; of others' files it says to remove them first."""
    catalog += [
        checked("a", "Bobby cache"),
        checked("b", "torch cache", wrong="b.pth is damaged"),
        checked("c", "Bobby cache", wrong="c.pth is damaged"),
    ]
    assert await verify_weights(settings_in(tmp_path)) is False
    assert capsys.readouterr().out.splitlines() == [
        "a: OK (a.pth in the Bobby cache)",
        "b: b.pth is damaged. Remove that file, then run `bobby fetch b`.",
        "c: c.pth is damaged. Run `bobby fetch c` to fix it.",
        "1 OK, 2 failed",
    ]
    del catalog[1:]
    assert await verify_weights(settings_in(tmp_path)) is True
    assert capsys.readouterr().out.splitlines()[-1] == "1 OK, 0 failed"


def test_a_wrong_file_is_no_success(desk: Desk, catalog: list[Message]) -> None:
    """For `verify` and for `fetch`."""
    catalog.append(checked("a", "Bobby cache"))
    lost = WeightsFile(name="e", url="http://127.0.0.1:9/e", proof="pinned")
    catalog.append(card("e", files=(lost,)))
    assert desk.run("verify").exit_code == 0
    catalog.append(checked("b", "Bobby cache", wrong="b.pth is damaged"))
    assert desk.run("verify").exit_code == 1
    run = desk.run("fetch", "e", BOBBY_OFFLINE="1")
    assert (run.exit_code, run.stdout) == (1, "")
    assert "BOBBY_OFFLINE" in run.stderr


def test_nothing_to_remove(desk: Desk, catalog: list[Message]) -> None:
    """It is said, and nothing is asked."""
    run = desk.run("clean")
    assert run.exit_code == 0
    assert run.stdout == f"Nothing to clean in {desk.folder / 'weights'}.\n"


def test_what_is_removed_was_named(desk: Desk, catalog: list[Message]) -> None:
    """With its size; without a yes it stays, and what a model needs stays anyway."""
    known = WeightsFile(name="known.pth", url=None, proof="pinned")
    catalog.append(card("known", files=(known,)))
    downloads = desk.folder / "weights" / "downloads"
    downloads.mkdir(parents=True)
    (downloads.parent / "known.pth").write_bytes(b"known")
    left = downloads / "half.pth.part"
    left.write_bytes(b"half")
    run = desk.run("clean", answer="n\n")
    assert run.exit_code == 1
    assert run.stdout.startswith(f"{left}  (4 bytes)\nRemove this? ")
    assert left.exists()
    stray = downloads.parent / "stray"
    stray.write_bytes(b"x" * 2000)
    run = desk.run("clean", answer="\n")
    assert run.exit_code == 1
    assert f"{stray}  (2 kB)\nRemove these? " in run.stdout
    assert desk.run("clean", answer="y\n").exit_code == 0
    files = [path.name for path in downloads.parent.rglob("*") if path.is_file()]
    assert files == ["known.pth"]
    assert not downloads.exists()


def test_the_folder_of_downloads_goes_with_the_last(tmp_path: Path) -> None:
    """Not before; what somebody else has removed meanwhile is no trouble."""
    settings = Settings(_env_file=None, cache=tmp_path)
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    paths = [downloads / name for name in ("a.part", "b.part")]
    for path in paths:
        path.touch()
    weights.remove(settings, paths[:1])
    assert list(downloads.iterdir()) == paths[1:]
    weights.remove(settings, paths)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "stray").touch()
    weights.remove(settings, [tmp_path / "stray"])
    assert tmp_path.is_dir()


def test_only_locks_that_nobody_holds_go(tmp_path: Path) -> None:
    """A download that is under way has its own still."""
    settings = Settings(_env_file=None, cache=tmp_path)
    store = WeightsFolder(tmp_path)
    held, free = (WeightsFile(name=name, url=None, proof="pinned") for name in ("a", "b"))
    with store.lock(held):
        with store.lock(free):
            pass
        weights.remove(settings, [])
        assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["a.lock"]


def test_who_says_yes_is_not_asked(desk: Desk, catalog: list[Message]) -> None:
    """The names are told nevertheless."""
    weights = desk.folder / "weights"
    weights.mkdir()
    (weights / "stray").touch()
    run = desk.run("clean", "--yes")
    assert (run.exit_code, run.stdout) == (0, f"{weights / 'stray'}  (0 bytes)\n")
    assert list(weights.iterdir()) == []
