"""Two versions of a file, or two files, never become one: what is kept of a download is known."""

import random

import msgspec
import pytest

from bot.core.errors import DownloadFailed
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import FileVersion, WeightsFolder
from models.jobs.model_info import WeightsFile
from tests.bot.library import publisher as manners
from tests.bot.library.conftest import ignore, left
from tests.bot.library.publisher import Publisher

KEPT = 30_000
MONDAY, TUESDAY = "Mon, 05 Jan 2026 00:00:00 GMT", "Tue, 06 Jan 2026 00:00:00 GMT"


def version(number: int, length: int = 100_000) -> bytes:
    """Return a version of a file of weights, as far as anybody can tell without a hash."""
    return b"PK\x03\x04" + random.Random(number).randbytes(length - 4)


OLD, NEW = version(1), version(2)


@pytest.fixture
def pinned(publisher: Publisher) -> WeightsFile:
    """Return a published file whose hash nobody gives: of it a wrong mixture would be kept."""
    publisher.files["net.pth"] = NEW
    return WeightsFile(name="net.pth", url=f"{publisher.url}/net.pth", proof="pinned")


def spoil_note(store: WeightsFolder, note: bytes | None) -> None:
    """Put `note` in place of what the store knows of the one part."""
    (written,) = store.folder.rglob("*.json")
    written.unlink()
    if note is not None:
        written.write_bytes(note)


def keep(
    store: WeightsFolder, file: WeightsFile, origin: FileVersion, content: bytes = OLD[:KEPT]
) -> None:
    """Leave the beginning of a download in the store."""
    part = store.part(file)
    part.begin(origin)
    part.append(content)


@pytest.mark.parametrize(
    ("of_old", "told"),
    [
        ({"etag": '"old"'}, {"ETag": '"new"'}),
        ({"modified": MONDAY}, {"Last-Modified": TUESDAY}),
        ({"length": len(OLD) + 1}, {}),
    ],
    ids=["another tag", "another date", "another length"],
)
async def test_the_rest_of_another_version_is_not_added(
    downloader: Downloader,
    pinned: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    *,
    of_old: dict[str, str | int],
    told: dict[str, str],
) -> None:
    """A server that ignores If-Range offers it; the new version is fetched whole instead."""
    keep(store, pinned, msgspec.convert({"url": pinned.url, **of_old}, FileVersion))
    publisher.manners["net.pth"] = [manners.ignores_if_range(told)]
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [f"bytes={KEPT}-", None]
    assert left(store) == ["net.pth", "net.pth.sha256"]


async def test_what_the_server_does_not_repeat_speaks_for_no_other_version(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """The rest is added where its answer leaves out what was known of the file."""
    known = FileVersion(str(pinned.url), etag='"new"', modified=MONDAY, length=len(NEW))
    keep(store, pinned, known, NEW[:KEPT])
    publisher.manners["net.pth"] = [manners.ignores_if_range({})]
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [f"bytes={KEPT}-"]


@pytest.mark.parametrize(
    ("of_old", "asked"),
    [
        ({"etag": '"old"', "modified": MONDAY}, '"old"'),
        ({"etag": 'W/"old"', "modified": MONDAY}, MONDAY),
        ({"etag": 'W/"old"'}, None),
    ],
    ids=["a strong tag", "a weak tag and a date", "a weak tag"],
)
async def test_the_version_is_named_that_is_gone_on_with(
    downloader: Downloader,
    pinned: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    *,
    of_old: dict[str, str],
    asked: str | None,
) -> None:
    """By its tag, or by its date where the tag does not stand for every byte."""
    keep(store, pinned, msgspec.convert({"url": pinned.url, **of_old}, FileVersion))
    await downloader.fetch(pinned, ignore)
    assert publisher.asked[0].if_range == asked


async def test_the_beginning_of_another_addresss_file(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """It is of no use here, although all else that is known of it is the same."""
    keep(
        store,
        pinned,
        FileVersion("http://elsewhere.invalid/net.pth", manners.etag(NEW), None, len(NEW)),
    )
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [None]


async def test_more_than_the_whole_file(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """A part that is longer than its file was to be is thrown away."""
    keep(store, pinned, FileVersion(str(pinned.url), length=len(NEW)), NEW + b"!")
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [None]


@pytest.mark.parametrize("note", [None, b"{", b"[]"], ids=["absent", "broken off", "another's"])
async def test_a_part_that_nothing_is_known_of(
    downloader: Downloader,
    pinned: WeightsFile,
    publisher: Publisher,
    store: WeightsFolder,
    note: bytes | None,
) -> None:
    """It is fetched again, since a crash can leave the note in any state."""
    keep(store, pinned, FileVersion(str(pinned.url)))
    spoil_note(store, note)
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [None]


async def test_a_file_that_became_shorter(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """The server has nothing behind what is kept: that is dropped and the file fetched whole."""
    keep(store, pinned, FileVersion(str(pinned.url)), version(1, len(NEW) + 1))
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [f"bytes={len(NEW) + 1}-", None]


async def test_a_piece_from_elsewhere_in_the_file_is_not_added(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """Not even of the right version."""
    keep(store, pinned, FileVersion(str(pinned.url), manners.etag(NEW)), NEW[:KEPT])
    publisher.manners["net.pth"] = [manners.sends_another_piece, manners.honest]
    await downloader.fetch(pinned, ignore)
    assert store.path(pinned).read_bytes() == NEW
    assert [one.range for one in publisher.asked] == [f"bytes={KEPT}-", None]


async def test_a_piece_that_nobody_asked_for(
    downloader: Downloader, pinned: WeightsFile, publisher: Publisher, store: WeightsFolder
) -> None:
    """A server that sends pieces to who wants the whole is given up."""
    publisher.manners["net.pth"] = [manners.sends_another_piece]
    with pytest.raises(DownloadFailed, match="the wrong part of the file"):
        await downloader.fetch(pinned, ignore)
    assert left(store) == []
