"""A disk that is full for real: a small file system, and a limit on the size of files."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bot.core.errors import DownloadFailed
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import FileVersion, WeightsFolder
from models.jobs.model_info import WeightsFile
from tests.bot.library import publisher as manners
from tests.bot.library.conftest import QUICK, described, ignore, left
from tests.bot.library.publisher import Publisher

LIMITED = """
import asyncio, resource, sys
from pathlib import Path
import msgspec
from bot.core.errors import DownloadFailed
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import WeightsFolder
from models.jobs.model_info import WeightsFile

async def main():
    file = msgspec.json.decode(sys.argv[1], type=WeightsFile)
    async with Downloader(WeightsFolder(Path(sys.argv[2]))) as downloader:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
        try:
            await downloader.fetch(file, lambda progress: None)
        except DownloadFailed as error:
            print(error)

asyncio.run(main())
"""
"""A process that may write no file of more than 500 kB, as under `ulimit -f`."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 600 kB; skip where that is not allowed."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("Only Linux's root may mount a small file system.")
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("This machine does not let its root mount a file system.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


async def test_there_is_no_room_from_the_start(
    small_disk: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """The free space is looked at first; nothing is left on the disk."""
    store = WeightsFolder(small_disk / "weights")
    async with Downloader(store, patience=QUICK) as downloader:
        with pytest.raises(DownloadFailed, match="not enough disk space"):
            await downloader.fetch(file, ignore)
    assert left(store) == []
    assert len(publisher.asked) == 1


async def test_the_disk_fills_up_on_the_way(
    small_disk: Path, file: WeightsFile, publisher: Publisher
) -> None:
    """A server that tells no length fills the disk: a sentence, and its part is gone again."""
    publisher.manners["net.pth"] = [manners.without_length]
    store = WeightsFolder(small_disk / "weights")
    before = store.free_bytes()
    async with Downloader(store, patience=QUICK) as downloader:
        with pytest.raises(DownloadFailed, match="not enough disk space"):
            await downloader.fetch(file, ignore)
    assert left(store) == []
    assert before - store.free_bytes() < 50_000


async def test_what_is_kept_makes_room_for_the_new_version(
    small_disk: Path, publisher: Publisher, content: bytes, tmp_path: Path
) -> None:
    """A beginning that is of no use any more takes no room from the file that replaces it."""
    publisher.files["net.pth"] = content[:450_000]
    publisher.manners["net.pth"] = [manners.ignores_range]
    file = described(publisher, "net.pth", content[:450_000], tmp_path)
    store = WeightsFolder(small_disk / "weights")
    part = store.part(file)
    part.begin(FileVersion(str(file.url), etag='"old"'))
    part.append(bytes(300_000))
    async with Downloader(store, patience=QUICK) as downloader:
        await downloader.fetch(file, ignore)
    assert store.has(file)
    assert len(publisher.asked) == 1


async def test_a_limit_on_files(tmp_path: Path, file: WeightsFile, publisher: Publisher) -> None:
    """The same for a process that may not write so large a file."""
    described = msgspec.json.encode(file).decode()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LIMITED, described, str(tmp_path / "weights")),
        stdout=subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert b"not enough disk space" in printed
    assert left(WeightsFolder(tmp_path / "weights")) == []
    assert publisher.asked[0].sent > 500_000
