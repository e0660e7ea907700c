"""What `bobby bench` measures with: stand-in weights, windows of pictures, and every contender."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from models.bench.pictures import windows
from models.bench.random_weights import STAND_IN, ensure, listed
from models.bench.server import Contenders
from models.catalog.classifiers import catalog
from models.runtime.inference import Network
from models.weights.store import WeightsError, WeightsStore
from tests.models.pictures import encoded, scene

MODEL = "shufflenet_v2_x0_5"


def test_weights_that_are_here_need_no_stand_in(tmp_path: Path, shelf: WeightsStore) -> None:
    """The benchmark then measures with them, and the catalog is what it always is."""
    ensure(catalog()["efficientnet_lite0"], shelf, tmp_path)
    assert not (tmp_path / STAND_IN).exists()
    assert listed("efficientnet_lite0", tmp_path) == catalog()


def test_a_stand_in_is_known_to_the_benchmark_alone(tmp_path: Path, shelf: WeightsStore) -> None:
    """It loads like any other, says that it is random, and answers nobody who asks Bobby."""
    ensure(catalog()[MODEL], shelf, tmp_path)
    record = listed(MODEL, tmp_path)[MODEL]
    batch = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    logits = Network(record, WeightsStore(tmp_path), "cpu").run(batch.numpy()).output
    assert np.isfinite(logits).all()
    assert "random" in record.checkpoint.name
    with pytest.raises(WeightsError):
        WeightsStore(tmp_path).genuine(catalog()[MODEL].checkpoint)


def test_windows_are_squares_of_every_picture(tmp_path: Path) -> None:
    """The same ones each time; what is no picture is passed over."""
    (tmp_path / "a.png").write_bytes(encoded(scene((60, 40))))
    (tmp_path / "b.txt").write_text("no picture")
    (tmp_path / "c.png").write_bytes(encoded(scene((30, 90))))
    first, again = (list(windows(tmp_path, 6)) for _ in range(2))
    assert len(first) == 4  # two of each file, and one file is none
    assert all(image.width == image.height for image in first)
    assert all(15 <= image.width <= 40 for image in first)
    assert [image.tobytes() for image in first] == [image.tobytes() for image in again]


@pytest.mark.slow
def test_every_contender_runs(tmp_path: Path) -> None:
    """Each gives a time; float32 agrees with itself, and bfloat16 is held against it."""
    options = argparse.Namespace(
        folder=tmp_path,
        model=MODEL,
        device="cpu",
        precision="float32",
        runtime="torch",
        cache=tmp_path / "none",
    )
    contenders = Contenders(options)
    assert contenders.facts()["stand_in"]
    assert "float32" in contenders.facts()["fast"]  # type: ignore[operator]  # a list
    took = [contenders.bare(3), contenders.naive("classify", 1)]
    took += [contenders.direct("classify", 1)]
    assert all(milliseconds > 0 for milliseconds in took)
    assert contenders.network("float32", 1) > 0
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(encoded(scene((60, 40))))
    assert contenders.agreement("float32", str(pictures), 3) == 1
    assert 0 <= contenders.agreement("bfloat16", str(pictures), 1) <= 1


def test_an_unknown_model_ends_it(tmp_path: Path) -> None:
    """With the sentence that people read."""
    options = argparse.Namespace(folder=tmp_path, model="resnet100", device="cpu")
    options.precision, options.runtime, options.cache = "float32", "torch", None
    with pytest.raises(SystemExit, match="resnet101"):
        Contenders(options)
