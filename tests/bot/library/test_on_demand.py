"""Who may have a model downloaded, how large it may be, and what everybody is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.i18n import KOREAN, speak_to
from bot.core.settings import Settings
from bot.executor.engines.base import Result
from bot.executor.executor import Executor
from bot.executor.queue import Limits, Requester
from bot.library import on_demand
from bot.library.on_demand import ModelDownloads
from models.jobs.control import Ready
from models.jobs.model_info import ModelInfo, WeightsFile
from models.jobs.requests import Job
from tests.bot.executor.fake_engine import FakeEngine
from tests.bot.library import publisher as manners
from tests.bot.library.publisher import Publisher


class Question(Responder):
    """A question by somebody who may or may not manage the server; keeps what it is shown."""

    requester = Requester(1, 2)
    upload_limit = 0

    def __init__(self, *, manager: bool = True) -> None:
        self._manager = manager
        self.shown: list[str] = []

    @property
    def manages_server(self) -> bool:
        """As it was made."""
        return self._manager

    def thinking(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Show nothing."""
        return contextlib.nullcontext()

    def missing_permissions(self) -> list[str]:
        """Lack nothing."""
        return []

    async def _send(self, reply: Reply) -> None:
        self.shown.append(str(reply.embeds[0].description))


def never(_batch: Sequence[Job]) -> Sequence[Result]:
    """Run nothing: nobody asks for anything here."""
    raise AssertionError


def card(file: WeightsFile, *, ready: bool = False) -> ModelInfo:
    """Return the card of the one model, a classifier called `net`."""
    return ModelInfo(
        name="net",
        task="classify",
        parameters=1,
        weights="first",
        source=file.url or "",
        license="MIT",
        ready=ready,
        files=(file,),
    )


@asynccontextmanager
async def opened(folder: Path, *cards: ModelInfo, **settings: Any) -> AsyncIterator[ModelDownloads]:
    """Open a library over the models of `cards`, with those `settings`."""
    read = Settings(_env_file=None, cache=folder / "weights", **settings)
    engine = FakeEngine(never, Ready(device="cpu", default="net", models=cards))
    executor = Executor(engine, limits=Limits.of(read), batch_size=1, timeout=1.0)
    async with executor, ModelDownloads(read, executor) as downloads:
        yield downloads


@pytest.mark.parametrize(
    ("settings", "manager", "may"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"downloads": "everyone"}, False, True),
        ({"downloads": "nobody"}, True, False),
        ({"offline": True}, True, False),
    ],
    ids=["manager", "guest", "everyone", "nobody", "offline"],
)
async def test_who_may(
    tmp_path: Path,
    file: WeightsFile,
    publisher: Publisher,
    *,
    settings: dict[str, Any],
    manager: bool,
    may: bool,
) -> None:
    """Those who may get the file and no words; the others get a sentence and no file."""
    async with opened(tmp_path, card(file), **settings) as downloads:
        told = await downloads.ensure(Question(manager=manager), "classify", "Net ")
    assert (told is None) == may
    assert (tmp_path / "weights" / "net.pth").is_file() == may
    assert bool(publisher.asked) == may


@pytest.mark.parametrize(("task", "model"), [("caption", "net"), ("classify", "nett")])
async def test_what_is_not_meant_is_left_alone(
    tmp_path: Path, file: WeightsFile, publisher: Publisher, task: str, model: str
) -> None:
    """Another task's model, or nobody's: nothing is said and nothing fetched."""
    async with opened(tmp_path, card(file)) as downloads:
        assert await downloads.ensure(Question(), task, model) is None
        assert await downloads.ensure(Question(), "classify", None) is None
    assert publisher.asked == []


async def test_what_is_here_is_not_fetched(
    tmp_path: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """Neither what the worker calls ready, nor what came since it last looked."""
    async with opened(tmp_path, card(file, ready=True)) as downloads:
        assert await downloads.ensure(Question(), "classify", "net") is None
    async with opened(tmp_path, card(file)) as downloads:
        await downloads.ensure(Question(), "classify", "net")
        await downloads.ensure(Question(), "classify", "net")
    assert len(publisher.asked) == 1


async def test_too_large(tmp_path: Path, publisher: Publisher) -> None:
    """The sentence has both sizes and what the operator can do."""
    large = WeightsFile(
        name="net.pth", url=f"{publisher.url}/net.pth", proof="pinned", size_bytes=3_000_000
    )
    async with opened(tmp_path, card(large), max_download_mib=2) as downloads:
        told = await downloads.ensure(Question(), "classify", "net")
    assert told is not None
    assert "net is 3 MB" in told
    assert "bobby fetch net" in told
    assert publisher.asked == []


async def test_all_wait_for_one_download_and_see_how_far_it_is(
    tmp_path: Path, file: WeightsFile, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also who may not start one; each sees it grow."""
    monkeypatch.setattr(on_demand, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(on_demand, "EDIT_SECONDS", 0.2)
    publisher.pause = 0.06
    questions = [Question(), Question(manager=False), Question()]
    async with opened(tmp_path, card(file)) as opened_library:
        told = await asyncio.gather(
            *(opened_library.ensure(question, "classify", "net") for question in questions)
        )
    assert told == [None] * 3
    assert len(publisher.asked) == 1
    for question in questions:
        assert len(question.shown) >= 2
        assert "Downloading" in question.shown[0]
        assert "of 1 MB" in question.shown[-1]
        assert question.shown[0] != question.shown[-1]


async def test_who_leaves_does_not_stop_it_for_others(
    tmp_path: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """Deleting one's question cancels the waiting, not the download."""
    publisher.pause = 0.03
    async with opened(tmp_path, card(file)) as downloads:
        first = asyncio.create_task(downloads.ensure(Question(), "classify", "net"))
        other = asyncio.create_task(downloads.ensure(Question(), "classify", "net"))
        while not publisher.asked:  # noqa: ASYNC110  (the server has no event to wait for)
            await asyncio.sleep(0.01)
        first.cancel()
        assert await other is None
    assert first.cancelled()
    assert len(publisher.asked) == 1


async def test_no_published_hash_is_told(
    tmp_path: Path, publisher: Publisher, content: bytes
) -> None:
    """The one who asked learns that the first copy is the one that counts."""
    publisher.files["net.pth"] = b"PK\x03\x04" + content
    pinned = WeightsFile(name="net.pth", url=f"{publisher.url}/net.pth", proof="pinned")
    async with opened(tmp_path, card(pinned)) as downloads:
        told = await downloads.ensure(Question(), "classify", "net")
    assert told is not None
    assert told.startswith("Downloaded net. Its publisher provides no checksum")


async def test_a_failure_is_told_and_can_be_tried_again(
    tmp_path: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """The next question starts again."""
    publisher.manners["net.pth"] = [manners.answers(404), manners.honest]
    async with opened(tmp_path, card(file)) as downloads:
        told = await downloads.ensure(Question(), "classify", "net")
        assert told is not None
        assert "does not have it (404 Not Found)" in told
        assert await downloads.ensure(Question(), "classify", "net") is None


async def test_a_failure_is_told_in_the_askers_language(
    tmp_path: Path, file: WeightsFile, publisher: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    """And in English in the log."""
    publisher.manners["net.pth"] = [manners.answers(404)]
    async with opened(tmp_path, card(file)) as downloads:
        speak_to(KOREAN)
        told = await downloads.ensure(Question(), "classify", "net")
        speak_to()
    assert (
        told
        == "net.pth 파일을 내려받을 수 없어요: 127.0.0.1 서버에 그 파일이 없어요 (404 Not Found)."
    )
    english = "net.pth can't be downloaded: 127.0.0.1 does not have it (404 Not Found)."
    assert english in caplog.messages


async def test_closing_keeps_what_came(
    tmp_path: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """Bobby does not wait for a download when it goes, and goes on with it when it is back."""
    publisher.manners["net.pth"] = [manners.stalls, manners.honest]
    part = tmp_path / "weights" / "downloads" / "net.pth.part"
    async with opened(tmp_path, card(file)) as downloads:
        asking = asyncio.create_task(downloads.ensure(Question(), "classify", "net"))
        while not (part.is_file() and part.stat().st_size > 100_000):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await asking == "The download of net was stopped."
    async with opened(tmp_path, card(file)) as downloads:
        assert await downloads.ensure(Question(), "classify", "net") is None
    assert publisher.asked[-1].range is not None
