"""Downloads from a server on this machine: whole, interrupted, refused and lied to."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest

from bot.core.errors import DownloadFailed
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import FileVersion, WeightsFolder
from bot.library.downloads.progress import Progress
from models.jobs.model_info import WeightsFile
from tests.bot.library import publisher as manners
from tests.bot.library.conftest import QUICK, ignore, left
from tests.bot.library.publisher import Publisher


async def refused(downloader: Downloader, file: WeightsFile, **options: int) -> str:
    """Return the sentence with which a download fails."""
    with pytest.raises(DownloadFailed) as caught:
        await downloader.fetch(file, ignore, **options)
    return str(caught.value)


# --- what goes well -------------------------------------------------------------------------------


async def test_a_file_gets_its_name_when_it_is_whole(
    downloader: Downloader, file: WeightsFile, content: bytes, store: WeightsFolder
) -> None:
    """Nothing but the file is left, and its progress ended at its length."""
    heard: list[Progress] = []
    await downloader.fetch(file, heard.append)
    assert store.path(file).read_bytes() == content
    assert left(store) == ["net.pth"]
    assert heard[0].done == 0
    assert [p.done for p in heard] == sorted(p.done for p in heard)
    assert (heard[-1].done, heard[-1].total) == (len(content), len(content))


async def test_what_is_here_is_not_asked_for(
    downloader: Downloader, file: WeightsFile, publisher: Publisher
) -> None:
    """A second fetch makes no request."""
    await downloader.fetch(file, ignore)
    await downloader.fetch(file, ignore)
    assert len(publisher.asked) == 1


async def test_a_server_that_tells_no_length(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """The end of the body is the end of the file."""
    publisher.manners["net.pth"] = [manners.without_length]
    await downloader.fetch(file, ignore)
    assert store.has(file)


async def test_a_git_blob_is_checked(
    downloader: Downloader, file: WeightsFile, store: WeightsFolder, tmp_path: Path
) -> None:
    """Wrong by another id than the one that git itself gives, right by that one."""
    blob = msgspec.structs.replace(file, proof="git", digest="0" * 40)
    assert "git blob id" in await refused(downloader, blob)
    assert left(store) == []
    command = ["git", "hash-object", str(tmp_path / "copy")]
    done = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    digest = (await done.communicate())[0].decode().strip()
    await downloader.fetch(msgspec.structs.replace(blob, digest=digest), ignore)
    assert store.has(blob)


# --- resuming -------------------------------------------------------------------------------------


async def test_a_broken_connection_is_gone_on_with(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """The second request asks for what is missing, and the file is right."""
    publisher.manners["net.pth"] = [manners.breaks_off_at(600_000), manners.honest]
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    first, second = publisher.asked
    assert second.range is not None
    kept = int(second.range.removeprefix("bytes=").removesuffix("-"))
    assert 600_000 - 2 * manners.PIECE - 64 * 1024 <= kept <= 600_000
    assert first.sent + second.sent <= len(content) + 600_000 - kept


async def test_a_server_that_ignores_range(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """200 instead of 206 starts the file again rather than adding to it."""
    publisher.manners["net.pth"] = [manners.breaks_off_at(600_000), manners.ignores_range]
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content


async def test_a_file_that_changed_upstream_starts_again(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """What came of the old version is not mixed with the new one."""
    publisher.files["net.pth"] = bytes(len(content))
    publisher.manners["net.pth"] = [manners.breaks_off_at(600_000), manners.answers(404)]
    with pytest.raises(DownloadFailed):
        await downloader.fetch(file, ignore)
    part = store.part(file)
    part.begin(FileVersion(str(file.url), etag='"old"', length=len(content)))
    part.append(bytes(1000))
    publisher.files["net.pth"] = content
    publisher.manners["net.pth"] = [manners.honest]
    await downloader.fetch(file, ignore)
    assert publisher.asked[-1].range == "bytes=1000-"
    assert store.path(file).read_bytes() == content


async def test_another_piece_than_was_asked_for(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """A 206 with the wrong range is not added; the file is fetched again."""
    publisher.manners["net.pth"] = [
        manners.breaks_off_at(600_000),
        manners.sends_another_piece,
        manners.honest,
    ]
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    assert publisher.asked[-1].range is None


async def test_a_rotten_part_is_fetched_again(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """Where the hash is wrong after a resumption, the beginning was: it is fetched again."""
    part = store.part(file)
    part.begin(FileVersion(str(file.url), manners.etag(content), length=len(content)))
    part.append(bytes(500_000))
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    assert [one.range for one in publisher.asked] == ["bytes=500000-", None]


async def test_a_part_that_only_lacks_its_check(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """A process that was killed before the rename left all that is needed."""
    part = store.part(file)
    part.begin(FileVersion(str(file.url), manners.etag(content), length=len(content)))
    part.append(content)
    await downloader.fetch(file, ignore)
    assert publisher.asked == []
    assert left(store) == ["net.pth"]


async def test_a_cancelled_download_keeps_what_came(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """The next one asks for the rest alone."""
    publisher.manners["net.pth"] = [manners.stalls, manners.honest]
    halfway = asyncio.Event()

    def tell(progress: Progress) -> None:
        if progress.done > 300_000:
            halfway.set()

    task = asyncio.create_task(downloader.fetch(file, tell))
    await halfway.wait()
    task.cancel()
    await asyncio.wait({task})
    assert not store.has(file)
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    assert publisher.asked[-1].range is not None


# --- what goes wrong ------------------------------------------------------------------------------


async def test_wrong_bytes_never_get_the_name(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """Right length, one bit off: refused, and nothing is left."""
    publisher.files["net.pth"] = content[:-1] + bytes([content[-1] ^ 1])
    sentence = await refused(downloader, file)
    assert "failed its check: its SHA-256 starts with" in sentence
    assert left(store) == []
    assert len(publisher.asked) == 1


@pytest.mark.parametrize("length", [10, 3_000_000])
async def test_a_wrong_length_is_refused_before_it_comes(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    length: int,
) -> None:
    """The sentence says what was offered and what was published."""
    publisher.files["net.pth"] = bytes(length)
    sentence = await refused(downloader, file)
    assert "but 1 MB were published" in sentence
    assert left(store) == []


async def test_a_body_without_end(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """A server that tells no length and sends ten times the file is left."""
    publisher.files["net.pth"] = bytes(10_000_000)
    publisher.manners["net.pth"] = [manners.without_length]
    assert "sent more than" in await refused(downloader, file)
    assert left(store) == []


async def test_a_short_body_is_tried_again_and_then_kept(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """A server that always breaks off at the same byte is given up after the tries agreed on."""
    publisher.manners["net.pth"] = [manners.breaks_off_at(300_000)]
    sentence = await refused(downloader, file)
    assert "127.0.0.1 closed the connection" in sentence
    assert "are saved, and the next try continues" in sentence
    assert len(publisher.asked) == QUICK.tries
    assert left(store) == ["net.pth.json", "net.pth.part"]


async def test_a_server_that_stalls(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    content: bytes,
    store: WeightsFolder,
) -> None:
    """It is left after the time agreed on, and gone on with."""
    publisher.manners["net.pth"] = [manners.stalls, manners.honest]
    await downloader.fetch(file, ignore)
    assert store.path(file).read_bytes() == content
    assert publisher.asked[1].range is not None


async def test_a_server_that_never_answers(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """It is given up as one is that stops in the middle."""
    publisher.manners["net.pth"] = [manners.mute]
    async with asyncio.timeout(20):
        sentence = await refused(downloader, file)
    assert "127.0.0.1 is too slow or stopped responding" in sentence
    assert left(store) == []


async def test_a_file_that_nothing_proves_whole(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Without a hash and a length half a file is not pinned for good."""
    publisher.manners["net.pth"] = [manners.until_closed]
    hollow = msgspec.structs.replace(file, proof="pinned", digest=None, size_bytes=None)
    assert "neither a size nor a checksum" in await refused(downloader, hollow)
    assert left(store) == []


async def test_a_server_that_trickles(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Never silent, and never done: it is given up like one that stalls."""
    publisher.manners["net.pth"] = [manners.trickles]
    assert "too slow" in await refused(downloader, file)
    assert len(publisher.asked) == QUICK.tries
    assert left(store) == []


async def test_redirects_without_end(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """A sentence, no second try, nothing left."""
    publisher.manners["net.pth"] = [manners.redirects_to_itself]
    assert "keeps redirecting" in await refused(downloader, file)
    assert left(store) == []


async def test_a_trouble_that_passes(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Two answers of 5xx are outlasted."""
    publisher.manners["net.pth"] = [
        manners.answers(500),
        manners.answers(503),
        manners.honest,
    ]
    await downloader.fetch(file, ignore)
    assert store.has(file)


async def test_a_trouble_that_does_not_pass(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """After the tries agreed on the sentence names it."""
    publisher.manners["net.pth"] = [manners.answers(502)]
    assert "answered 502 Bad Gateway. Try again later" in await refused(downloader, file)
    assert len(publisher.asked) == QUICK.tries
    assert left(store) == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_refusal_is_not_asked_again(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    status: int,
) -> None:
    """It says so at once."""
    publisher.manners["net.pth"] = [manners.answers(status)]
    assert str(status) in await refused(downloader, file)
    assert len(publisher.asked) == 1
    assert left(store) == []


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_honored(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, form: str
) -> None:
    """The second request comes no sooner than the server asked for."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    wish = "1" if form == "seconds" else later
    publisher.manners["net.pth"] = [manners.answers(429, Retry_After=wish), manners.honest]
    begun = asyncio.get_running_loop().time()
    await downloader.fetch(file, ignore)
    assert asyncio.get_running_loop().time() - begun >= (1.0 if form == "seconds" else 0.9)


async def test_a_server_that_asks_for_an_hour_is_not_waited_for(
    downloader: Downloader, file: WeightsFile, publisher: Publisher
) -> None:
    """The sentence says when to try again."""
    publisher.manners["net.pth"] = [manners.answers(429, Retry_After="3600")]
    sentence = await refused(downloader, file)
    assert "429 Too Many Requests" in sentence
    assert "Try again in 3600 s" in sentence
    assert len(publisher.asked) == 1


async def test_a_dead_server(
    downloader: Downloader, file: WeightsFile, store: WeightsFolder
) -> None:
    """Nobody listens: a sentence."""
    gone = msgspec.structs.replace(file, url="http://127.0.0.1:9/net.pth")
    assert "127.0.0.1 can't be reached" in await refused(downloader, gone)
    assert left(store) == []


async def test_a_web_page_is_no_file(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Hotels answer everything with 200."""
    publisher.manners["net.pth"] = [manners.sends_a_page]
    assert "sent a web page" in await refused(downloader, file)
    assert left(store) == []


async def test_a_size_limit(
    downloader: Downloader, file: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """What is larger than allowed is not begun."""
    assert "over the limit of 1 MB" in await refused(downloader, file, most=999_999)
    assert left(store) == []


async def test_offline_asks_nobody(
    store: WeightsFolder, file: WeightsFile, publisher: Publisher
) -> None:
    """No connection is opened, and the sentence names the setting."""
    async with Downloader(store, offline=True, patience=QUICK) as downloader:
        assert "BOBBY_OFFLINE" in await refused(downloader, file)
    assert publisher.asked == []


async def test_a_name_that_leads_out_of_the_folder(
    downloader: Downloader, file: WeightsFile
) -> None:
    """It is refused before anything is asked."""
    with pytest.raises(ValueError, match="no file's name"):
        await downloader.fetch(msgspec.structs.replace(file, name="../net.pth"), ignore)


async def test_a_folder_that_cannot_be_made(tmp_path: Path, file: WeightsFile) -> None:
    """The sentence names the folder and the setting."""
    (tmp_path / "file").write_bytes(b"")
    async with Downloader(WeightsFolder(tmp_path / "file"), patience=QUICK) as downloader:
        sentence = await refused(downloader, file)
    assert str(tmp_path / "file") in sentence
    assert "BOBBY_CACHE" in sentence


# --- no published hash ----------------------------------------------------------------------------


async def test_the_first_copy_is_pinned(
    downloader: Downloader,
    file: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    content: bytes,
) -> None:
    """Where no hash is published, a later copy has to be the same."""
    publisher.files["net.pth"] = b"PK\x03\x04" + content
    pinned = WeightsFile(name=file.name, url=file.url, proof="pinned")
    await downloader.fetch(pinned, ignore)
    assert left(store) == ["net.pth", "net.pth.sha256"]
    store.path(file).unlink()
    publisher.files["net.pth"] = b"PK\x03\x04" + content[::-1]
    assert "failed its check" in await refused(downloader, pinned)
    assert left(store) == ["net.pth.sha256"]


async def test_what_is_no_file_of_weights_is_never_pinned(
    downloader: Downloader, file: WeightsFile, store: WeightsFolder
) -> None:
    """Noise would otherwise become the one right file."""
    pinned = WeightsFile(name=file.name, url=file.url, proof="pinned")
    assert "isn't a weights file or an archive" in await refused(downloader, pinned)
    assert left(store) == []


# --- others ---------------------------------------------------------------------------------------


async def test_two_processes_download_once(
    store: WeightsFolder, file: WeightsFile, publisher: Publisher
) -> None:
    """Anyone who finds the lock taken waits, and finds the file."""
    publisher.pause = 0.01
    async with (
        Downloader(WeightsFolder(store.folder), patience=QUICK) as one,
        Downloader(WeightsFolder(store.folder), patience=QUICK) as other,
    ):
        await asyncio.gather(one.fetch(file, ignore), other.fetch(file, ignore))
    assert len(publisher.asked) == 1


async def test_a_mirror_is_asked_instead(
    store: WeightsFolder, file: WeightsFile, publisher: Publisher
) -> None:
    """The publisher's address is not used."""
    elsewhere = msgspec.structs.replace(file, url="http://127.0.0.1:9/net.pth")
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        await downloader.fetch(elsewhere, ignore)
    assert store.has(file)


async def test_a_proxy_is_honored(
    store: WeightsFolder, file: WeightsFile, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request goes to the operator's proxy, with the whole address in it."""
    monkeypatch.setenv("http_proxy", publisher.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    away = msgspec.structs.replace(file, url="http://weights.invalid/net.pth")
    async with Downloader(store, patience=QUICK) as downloader:
        await downloader.fetch(away, ignore)
    assert store.has(file)
