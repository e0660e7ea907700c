"""Fixtures of the shelf's tests: a publisher, a store, a downloader that does not wait long."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.library.downloads.downloader import Downloader, RetryPolicy
from bot.library.downloads.folder import WeightsFolder
from bot.library.downloads.progress import Progress
from models.jobs.model_info import WeightsFile
from models.weights.verify import sha256
from tests.bot.library.publisher import Publisher

QUICK = RetryPolicy(tries=3, first=0.01, longest=2.0, stall=0.5)


@pytest_asyncio.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """Return a server on this machine without any file."""
    async with Publisher() as publisher:
        yield publisher


@pytest.fixture
def store(tmp_path: Path) -> WeightsFolder:
    """Return a store whose folder is not there yet."""
    return WeightsFolder(tmp_path / "weights")


@pytest_asyncio.fixture
async def downloader(store: WeightsFolder) -> AsyncIterator[Downloader]:
    """Return a downloader that gives up soon."""
    async with Downloader(store, patience=QUICK) as downloader:
        yield downloader


@pytest.fixture
def content() -> bytes:
    """Return a file of 1 MB, which is no multiple of anything."""
    return random.Random(0).randbytes(1_000_003)


@pytest.fixture
def file(publisher: Publisher, content: bytes, tmp_path: Path) -> WeightsFile:
    """Return the published file `net.pth` with that content."""
    publisher.files["net.pth"] = content
    return described(publisher, "net.pth", content, tmp_path)


def described(publisher: Publisher, name: str, content: bytes, folder: Path) -> WeightsFile:
    """Return `content` as a publisher describes it, with the beginning of its hash."""
    copy = folder / "copy"
    copy.write_bytes(content)
    return WeightsFile(
        name=name,
        url=f"{publisher.url}/{name}",
        proof="sha256",
        digest=sha256(copy)[:8],
        size_bytes=len(content),
    )


def left(store: WeightsFolder) -> list[str]:
    """Return the names of all files in the store but for locks, in any folder."""
    return sorted(
        path.name for path in store.folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


def ignore(_progress: Progress) -> None:
    """Hear how far a download is and do nothing."""
