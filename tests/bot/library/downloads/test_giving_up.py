"""How long a server is put up with, how much is taken from it, and what can't be had at all."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from bot.core.errors import DownloadFailed
from bot.library.downloads.downloader import Downloader, RetryPolicy
from bot.library.downloads.folder import FileVersion, WeightsFolder
from bot.library.downloads.progress import Progress
from bot.library.downloads.transfer import download_all
from models.jobs.model_info import WeightsFile
from tests.bot.library import publisher as manners
from tests.bot.library.conftest import QUICK, described, ignore, left
from tests.bot.library.publisher import Publisher

STATED = 1_000_000
LEAST, MOST = 924_464, 1_075_536
"""64 KiB and a hundredth less and more than stated."""


@pytest.fixture
def pinned(file: WeightsFile) -> WeightsFile:
    """Return the published file, of which nothing but its size is stated."""
    return msgspec.structs.replace(file, proof="pinned", digest=None, size_bytes=STATED)


def like_weights(length: int) -> bytes:
    """Return so many bytes that can pass for weights."""
    return b"PK\x03\x04" + bytes(length - 4)


async def refused(downloader: Downloader, file: WeightsFile, **options: int) -> str:
    """Return the sentence with which a download fails."""
    with pytest.raises(DownloadFailed) as caught:
        await downloader.fetch(file, ignore, **options)
    return str(caught.value)


def test_pauses_double_up_to_the_longest() -> None:
    """Each is spread over its last quarter, so that crowds come apart."""
    patience = RetryPolicy(first=1.0, longest=5.0)
    for failures, most in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (9, 5.0)):
        delays = {patience.delay(failures) for _ in range(50)}
        assert 0.75 * most <= min(delays) < max(delays) <= most


async def test_every_trouble_that_passes_is_outlasted(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Whatever the server calls it, and however it writes when to come back."""
    for status in (408, 425, 429, 500, 502, 503, 504):
        publisher.manners["net.pth"] = [manners.answers(status), manners.honest]
        await downloader.fetch(file, ignore)
        store.path(file).unlink()
    for wish in ("soon", "Mon, 05 Jan 2026 00:00:00 GMT", "0"):
        publisher.manners["net.pth"] = [manners.answers(503, Retry_After=wish), manners.honest]
        await downloader.fetch(file, ignore)
        store.path(file).unlink()


async def test_who_brings_something_each_time_is_not_given_up(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """Only tries in a row that brought nothing are counted."""
    publisher.manners["net.pth"] = [manners.brings_at_most(150_000)]
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    assert len(publisher.asked) > 2 * QUICK.tries


async def test_even_so_there_is_an_end(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that would need too many tries is left."""
    monkeypatch.setattr("bot.library.downloads.downloader.MOST_TRIES", 4)
    publisher.manners["net.pth"] = [manners.brings_at_most(150_000)]
    assert "kept dropping the connection" in await refused(downloader, file)
    assert len(publisher.asked) == 4


async def test_a_wrong_file_is_fetched_again_once(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """Where the second copy is wrong, too, it was not the beginning that was kept."""
    publisher.files["net.pth"] = bytes(len(content))
    publisher.manners["net.pth"] = [manners.brings_at_most(700_000)]
    assert "failed its check" in await refused(downloader, file)
    assert [bool(one.range) for one in publisher.asked] == [False, True, False, True]
    assert left(store) == []


@pytest.mark.parametrize("manner", [manners.honest, manners.without_length])
@pytest.mark.parametrize("limited", [False, True], ids=["published", "allowed"])
async def test_the_largest_that_is_taken(
    downloader: Downloader,
    pinned: WeightsFile,
    publisher: Publisher,
    *,
    manner: manners.Manner,
    limited: bool,
) -> None:
    """A published size may be rounded by so much, a limit is kept to the byte."""
    publisher.manners["net.pth"] = [manner]
    most = 1_000_100 if limited else MOST
    options = {"most": most} if limited else {}
    publisher.files["net.pth"] = like_weights(most + 1)
    await refused(downloader, pinned, **options)
    publisher.files["net.pth"] = like_weights(most)
    await downloader.fetch(pinned, ignore, **options)


async def test_the_smallest_that_is_taken(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher
) -> None:
    """What is offered may be smaller by as much as it may be larger."""
    publisher.files["net.pth"] = like_weights(LEAST - 1)
    assert "but 1 MB were published" in await refused(downloader, pinned)
    publisher.files["net.pth"] = like_weights(LEAST)
    await downloader.fetch(pinned, ignore)


async def test_of_a_body_without_end_no_more_is_taken_than_is_allowed(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Where neither its length nor its size is known, the limit alone ends it."""
    endless = msgspec.structs.replace(pinned, size_bytes=None)
    publisher.manners["net.pth"] = [manners.without_length]
    publisher.files["net.pth"] = like_weights(5_000_000)
    assert "sent more than 200 kB" in await refused(downloader, endless, most=200_000)
    assert left(store) == []


async def test_the_rest_of_a_file_whose_length_is_not_told(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """A piece may leave open of how many bytes it is one."""
    part = store.part(file)
    part.begin(FileVersion(str(file.url)))
    part.append(content[:400_000])
    publisher.manners["net.pth"] = [manners.tells_no_total]
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    ("manner", "sentence"),
    [
        (manners.answers(200, Content_Encoding="GZIP"), "sent it compressed"),
        (
            manners.answers(302, Location="ftp://127.0.0.1/net.pth"),
            "redirects to an invalid address",
        ),
        (manners.answers(302, Location="http://[/net.pth"), "redirects to an invalid address"),
        (manners.answers(200, Content_Type="application/xhtml+xml"), "sent a web page"),
    ],
    ids=["compressed", "another scheme", "no address", "a page"],
)
async def test_what_can_not_be_used_is_not_asked_for_again(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    *,
    manner: manners.Manner,
    sentence: str,
) -> None:
    """One sentence, one request, nothing left."""
    publisher.manners["net.pth"] = [manner]
    assert sentence in await refused(downloader, file)
    assert len(publisher.asked) == 1
    assert left(store) == []


async def test_identity_is_not_an_encoding(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """A server may say in so many words that it did not compress."""
    publisher.manners["net.pth"] = [manners.calls_it_identity]
    await downloader.fetch(file, ignore)
    assert store.has(file)


async def test_a_hash_proves_a_file_whole(
    downloader: Downloader,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
    tmp_path: Path,
) -> None:
    """Where there is one, the server need not tell the length in any way."""
    publisher.files["net.pth"] = content[:1000]
    publisher.manners["net.pth"] = [manners.until_closed]
    short = described(publisher, "net.pth", content[:1000], tmp_path)
    await downloader.fetch(short, ignore)
    assert store.path(short).read_bytes() == content[:1000]


async def test_what_comes_with_a_package_is_not_downloaded(
    store: WeightsFolder, file: WeightsFile, publisher: Publisher
) -> None:
    """The sentence says so; a mirror, which may have any file, is asked for it all the same."""
    packaged = msgspec.structs.replace(file, name="a #net?.pth", url=None)
    publisher.files["a #net?.pth"] = publisher.files["net.pth"]
    async with Downloader(store, patience=QUICK) as downloader:
        assert "comes with a Python package" in await refused(downloader, packaged)
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        await downloader.fetch(packaged, ignore)
    assert store.has(packaged)


async def test_what_can_not_get_its_name_is_not_kept(
    downloader: Downloader, file: WeightsFile, store: WeightsFolder
) -> None:
    """Something else has the name: a sentence, and nothing is left of the download."""
    store.path(file).mkdir(parents=True)
    assert "net.pth can't be kept: Is a directory" in await refused(downloader, file)
    assert left(store) == []


async def test_the_speed_is_that_of_this_download(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """What was kept of an earlier one does not count, and at first no speed is told."""
    part = store.part(file)
    part.begin(FileVersion(str(file.url), length=len(content)))
    part.append(content[:800_000])
    publisher.pause = 0.2
    heard: list[Progress] = []
    await downloader.fetch(file, heard.append)
    assert (heard[0].done, heard[0].total, heard[0].speed) == (800_000, len(content), None)
    assert heard[-1].done == len(content)
    assert heard[-1].speed is not None
    assert 0 < heard[-1].speed < 200_003 / 0.5


async def test_who_is_cancelled_waits_for_the_thread() -> None:
    """So nobody else is let at a file while somebody still writes to it."""
    begun, go_on, done = asyncio.Event(), asyncio.Event(), list[str]()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        done.append("work")

    task = asyncio.create_task(download_all(work))
    await begun.wait()
    task.cancel()
    loop.call_soon(go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["work"]
