"""The folder of weights: what belongs into it, and what is left there by chance."""

import gzip
import io
import pickle
import zipfile
from pathlib import Path

import pytest

from bot.library.downloads.folder import WeightsFolder
from models.jobs.model_info import WeightsFile

PINNED = WeightsFile(name="net.pth", url=None, proof="pinned")


def touch(folder: Path, *names: str) -> None:
    """Make files of those names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def strays(store: WeightsFolder) -> list[str]:
    """Return the strays by their names within the folder."""
    found = store.strays([PINNED])
    assert found == sorted(found)
    return [path.relative_to(store.folder).as_posix() for path in found]


def test_strays_are_what_nobody_knows_and_nobody_is_at(store: WeightsFolder) -> None:
    """Neither models' files and pins, nor locks, nor other folders, nor what is on its way."""
    assert strays(store) == []
    touch(store.folder, "net.pth", "net.pth.sha256", "old.pth", "old.pth.sha256", "hub/code.py")
    touch(store.folder, "downloads/net.pth.part", "downloads/net.pth.json", "downloads/a.part")
    left = ["downloads/a.part", "downloads/net.pth.json", "downloads/net.pth.part"]
    unknown = ["old.pth", "old.pth.sha256"]
    assert strays(store) == left + unknown
    with store.lock(PINNED):
        assert strays(store) == left[:1] + unknown
    assert strays(store) == left + unknown


def zipped() -> bytes:
    """Return a file as PyTorch saves it today."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data", b"")
    return file.getvalue()


def test_whatever_holds_weights_can_be_pinned(store: WeightsFolder) -> None:
    """Zip archives, the pickles that were usual before, safetensors and gzip; nothing else."""
    contents = {
        "zip": (zipped(), True),
        "pickle": (pickle.dumps({}, protocol=2), True),
        "safetensors": ((2).to_bytes(8, "little") + b"{}", True),
        "gzip": (gzip.compress(b"x"), True),
        "page": (b"<html>", False),
        "nothing": (b"", False),
    }
    for name, (content, fits) in contents.items():
        file = WeightsFile(name=name, url=None, proof="pinned")
        touch(store.folder / "downloads", f"{name}.part")
        store.part(file).path.write_bytes(content)
        assert (store.accept(file) is None) == fits, name
        assert store.has(file) == fits
        assert store.pin(file).exists() == fits
        assert store.part(file).size == 0


def test_a_pin_is_kept_and_not_written_again(store: WeightsFolder) -> None:
    """The first copy is the one that later ones are held to; other proofs need no pin."""
    part = store.part(PINNED)
    touch(part.path.parent, part.path.name)
    part.path.write_bytes(zipped())
    assert store.accept(PINNED) is None
    assert store.complaint(PINNED) is None
    pin = store.pin(PINNED).read_text()
    store.path(PINNED).write_bytes(zipped() + b"x")
    assert "its SHA-256 starts with" in str(store.complaint(PINNED))
    assert store.pin(PINNED).read_text() == pin


def test_a_name_stays_in_the_folder(store: WeightsFolder) -> None:
    """One that leads elsewhere is refused."""
    for name in ("../net.pth", "a/net.pth", "/net.pth", ".", "..", ""):
        with pytest.raises(ValueError, match="no file's name"):
            store.path(WeightsFile(name=name, url=None, proof="pinned"))


def test_a_block_is_on_the_disk_when_it_is_added(store: WeightsFolder) -> None:
    """Another process sees what this one has counted."""
    part = store.part(PINNED)
    part.path.parent.mkdir(parents=True)
    for size, block in ((3, b"abc"), (5, b"de")):
        part.append(block)
        assert store.part(PINNED).size == size
    assert part.path.read_bytes() == b"abcde"
