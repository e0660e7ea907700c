"""How much may be downloaded on demand, how many at once, how long anybody waits."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from bot.conversation.reply import Reply
from bot.library import on_demand
from bot.library.downloads.folder import WeightsFolder
from models.jobs.model_info import ModelInfo, WeightsFile
from tests.bot.executor.fake_engine import FakeEngine
from tests.bot.library import publisher as manners
from tests.bot.library.publisher import Publisher
from tests.bot.library.test_on_demand import Question, card, opened

MIB = 2**20


class Watched(Question):
    """A question whose requester can be waited for to be shown something."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    async def _send(self, reply: Reply) -> None:
        await super()._send(reply)
        self.told.set()


def named(name: str, *files: WeightsFile) -> ModelInfo:
    """Return the card of a model of several files."""
    return replace(card(files[0]), name=name, files=files)


@contextlib.asynccontextmanager
async def asking(
    question: Question, opened: on_demand.ModelDownloads, model: str
) -> AsyncIterator[None]:
    """Ask for `model` meanwhile, and leave in the end."""
    task = asyncio.create_task(opened.ensure(question, "classify", model))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_all_files_of_a_model_count(tmp_path: Path, publisher: Publisher) -> None:
    """Together they may have as much as is allowed, and not a byte more."""
    publisher.manners["half"] = [manners.answers(404)]
    url = f"{publisher.url}/half"
    half = WeightsFile(name="half", url=url, proof="pinned", size_bytes=MIB)
    over = replace(half, size_bytes=MIB + 1)
    cards = (named("fits", half, half), named("exceeds", half, over))
    async with opened(tmp_path, *cards, max_download_mib=2) as shelf:
        told = await shelf.ensure(Question(), "classify", "fits")
        assert told is not None
        assert "does not have it" in told
        assert len(publisher.asked) == 1
        told = await shelf.ensure(Question(), "classify", "exceeds")
        assert told is not None
        assert "bobby fetch exceeds" in told
    assert len(publisher.asked) == 1


async def test_a_file_without_a_stated_size_is_no_exception(
    tmp_path: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """It ends where it turns out to be larger than is allowed."""
    publisher.files["net.pth"] = bytes(MIB + 1)
    async with opened(tmp_path, card(replace(file, size_bytes=None)), max_download_mib=1) as shelf:
        told = await shelf.ensure(Question(), "classify", "net")
    assert told is not None
    assert "over the limit of 1 MB" in told
    assert not (tmp_path / "weights" / "net.pth").exists()


async def test_a_model_is_here_with_all_its_files(
    tmp_path: Path, file: WeightsFile, publisher: Publisher, content: bytes
) -> None:
    """What is missing of it alone is fetched; that one of them has no hash is told."""
    publisher.files["words.pth"] = b"PK\x03\x04"
    words = WeightsFile(name="words.pth", url=f"{publisher.url}/words.pth", proof="pinned")
    store = WeightsFolder(tmp_path / "weights")
    store.folder.mkdir()
    store.path(file).write_bytes(content)
    async with opened(tmp_path, named("net", file, words)) as shelf:
        told = await shelf.ensure(Question(), "classify", "net")
    assert told is not None
    assert "provides no checksum" in told
    assert [one.path for one in publisher.asked] == ["/words.pth"]


async def test_two_are_downloaded_at_once(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third one waits for its turn, which its requester is told."""
    monkeypatch.setattr(on_demand, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(on_demand, "EDIT_SECONDS", 0.05)
    files = [
        WeightsFile(name=name, url=f"{publisher.url}/{name}", proof="pinned") for name in "abc"
    ]
    begun = asyncio.Semaphore(0)

    async def stalls(server: Publisher, request: web.Request, content: bytes) -> web.StreamResponse:
        begun.release()
        return await manners.stalls(server, request, content)

    for file in files:
        publisher.files[file.name] = b"PK\x03\x04" + bytes(200_000)
        publisher.manners[file.name] = [stalls]
    third = Watched()
    async with (
        opened(tmp_path, *(named(file.name, file) for file in files)) as shelf,
        asking(Question(), shelf, "a"),
        asking(Question(), shelf, "b"),
        asyncio.timeout(5),
    ):
        await begun.acquire()
        await begun.acquire()
        async with asking(third, shelf, "c"):
            for _ in range(3):
                await third.told.wait()
                third.told.clear()
        assert all("queued" in text for text in third.shown)
        assert {one.path for one in publisher.asked} == {"/a", "/b"}


async def test_nobody_waits_for_ever(
    tmp_path: Path, file: WeightsFile, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another model answers in the end; the download goes on for who asks again."""
    monkeypatch.setattr(on_demand, "LONGEST_WAIT", 0.1)
    publisher.manners["net.pth"] = [manners.mute]
    async with opened(tmp_path, card(file)) as shelf:
        for _ in range(2):
            told = await shelf.ensure(Question(), "classify", "net")
            assert told == "net is still downloading. Try again in a few minutes."
    assert len(publisher.asked) == 1


async def test_the_worker_looks_at_what_has_come(
    tmp_path: Path, file: WeightsFile, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once for a model, when all of it is here, and not where it could not be had."""
    here = list[bool]()

    async def recount(_engine: FakeEngine) -> None:
        here.append((tmp_path / "weights" / "net.pth").is_file())

    monkeypatch.setattr(FakeEngine, "recount", recount)
    publisher.manners["net.pth"] = [manners.answers(404), manners.honest]
    async with opened(tmp_path, card(file)) as shelf:
        assert await shelf.ensure(Question(), "classify", "net") is not None
        assert here == []
        assert await shelf.ensure(Question(), "classify", "net") is None
    assert here == [True]


async def test_what_nobody_expected_costs_nobody_an_answer(
    tmp_path: Path,
    file: WeightsFile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The requester is told to have the log looked at, and that has the error."""

    async def recount(_engine: FakeEngine) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(FakeEngine, "recount", recount)
    async with opened(tmp_path, card(file)) as shelf:
        told = await shelf.ensure(Question(), "classify", "net")
    assert told == ("I couldn't download net. The bot owner can find the reason in the log.")
    (record,) = [one for one in caplog.records if "failed unexpectedly" in one.message]
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "a bug"
