"""OpenVINO says what torch says, is asked once, and leaves to torch what it can't do."""

import logging
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.captioning.records import DEFAULT, captioners
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.runtime import convert
from models.runtime.cache import NetworkCache
from models.runtime.compile_cache import FOLDER, Source, load
from models.runtime.compiled import TOLERANCE, CompiledNetwork, example, unusable
from models.runtime.inference import Network, Painter, load_network
from models.runtime.progress import heard_by
from models.weights.store import WeightsStore

pytestmark = pytest.mark.skipif(unusable() is not None, reason="OpenVINO is not installed.")

CPU = "cpu"
LITE = catalog()["efficientnet_lite0"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> WeightsStore:
    """Return a store in whose cache EfficientNet-Lite0 is compiled by the first who asks."""
    return WeightsStore(tmp_path_factory.mktemp("bobby"))


@pytest.fixture
def networks(store: WeightsStore) -> NetworkCache:
    """Return networks that OpenVINO runs where it can."""
    return NetworkCache(store, CPU, runtime="openvino")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the names of what is compiled."""
    names: list[str] = []
    made = convert._made

    def noted(source: Source, threads: int) -> tuple[bytes | None, float | None, str | None]:
        names.append(source.name)
        return made(source, threads)

    monkeypatch.setattr(convert, "_made", noted)
    return names


@pytest.mark.parametrize("count", [1, 3, 8])
def test_a_classifier_agrees_with_the_plain_network(networks: NetworkCache, count: int) -> None:
    """Whatever the size of the batch."""
    network = networks.classifier(LITE)
    assert isinstance(network, CompiledNetwork)
    batch = torch.randn(count, 3, 224, 224, generator=torch.Generator().manual_seed(count))
    with torch.inference_mode():
        expected = load_network(LITE, networks.shelf)(batch).numpy()
    found = network.run(batch.numpy()).output
    assert float(expected.std()) > 0.1
    assert np.abs(found - expected).max() <= TOLERANCE


@pytest.mark.parametrize("name", ["horse2zebra_small", "zebra2horse_small"])
def test_a_generator_agrees_at_every_size(networks: NetworkCache, name: str) -> None:
    """Color and matte both; a size it was never tried on is no other."""
    pair = next(pair for pair in pairs().values() if pair.checkpoint.file.startswith(name))
    fast = networks.generator(pair)
    slow = NetworkCache(networks.shelf, CPU).generator(pair)
    assert (fast.runtime, slow.runtime) == ("openvino", "torch")
    assert fast.rounds_sides == slow.rounds_sides
    for count, height, width in ((1, 16, 16), (1, 132, 64), (3, 64, 100)):
        pictures = example(count, height, width) * 2 - 1
        found, expected = fast.run(pictures), slow.run(pictures)
        assert np.abs(found.color - expected.color).max() <= 10 * TOLERANCE
        assert found.matte is not None
        assert expected.matte is not None
        assert np.abs(found.matte - expected.matte).max() <= 10 * TOLERANCE


def test_it_is_compiled_once(store: WeightsStore, builds: list[str]) -> None:
    """The next process finds it, and needs no weights in torch at all."""
    for _ in range(2):
        NetworkCache(store, CPU, runtime="openvino").classifier(LITE)
    assert builds in ([], [LITE.name])  # another test may have been first


@pytest.mark.parametrize("file", ["efficientnet_lite0.blob", "efficientnet_lite0.json"])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, builds: list[str], file: str) -> None:
    """A file that was cut, as by a full disk, is never handed to OpenVINO."""
    cache = tmp_path / FOLDER
    first = NetworkCache(WeightsStore(tmp_path), CPU, runtime="openvino").classifier(LITE)
    damaged = cache / file
    half = damaged.read_bytes()[: damaged.stat().st_size // 2]
    damaged.unlink()  # the first network still reads it
    damaged.write_bytes(half)
    second = NetworkCache(WeightsStore(tmp_path), CPU, runtime="openvino").classifier(LITE)
    assert builds == [LITE.name] * 2
    batch = example(1, 224, 224)
    assert np.allclose(first.run(batch).output, second.run(batch).output, atol=TOLERANCE)


def test_other_weights_are_another_version(tmp_path: Path, builds: list[str]) -> None:
    """A model whose file has changed is compiled again, under the same name."""
    source = _source(nn.Conv2d(3, 4, 3).eval())
    assert load(source, tmp_path)
    changed = Source(source.name, "others", source.build, source.shape, source.examples)
    assert load(changed, tmp_path)
    assert load(changed, tmp_path)
    assert builds == ["small", "small"]
    assert len([*(tmp_path / FOLDER).iterdir()]) == 2


class Wavering(nn.Module):
    """A network that tracing changes: it does another thing from the second call on."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return `x`, at first."""
        self._calls += 1
        return x if self._calls == 1 else x + 0.01


class Odd(nn.Module):
    """A network that OpenVINO knows no operation for."""

    def forward(self, x: Tensor) -> Tensor:
        """Return a determinant."""
        values: Tensor = torch.linalg.svdvals(x)
        return values


@pytest.mark.parametrize(
    ("build", "why"), [(Wavering, "off by 1.0e-02"), (Odd, "can't compile it")]
)
def test_what_openvino_cannot_do_is_for_torch(
    tmp_path: Path,
    builds: list[str],
    caplog: pytest.LogCaptureFixture,
    build: type[nn.Module],
    why: str,
) -> None:
    """The log says why, each time; it isn't tried again."""
    for _ in range(2):
        caplog.clear()
        assert load(_source(build()), tmp_path) is None
        assert "small runs in torch: OpenVINO" in caplog.text
        assert why in caplog.text
    assert builds == ["small"]


def test_features_and_gradients_are_torchs(networks: NetworkCache) -> None:
    """They need the modules that a compiled network doesn't have."""
    network = networks.in_torch(LITE)
    assert isinstance(network, Network)
    assert networks.in_torch(LITE) is network
    assert networks.classifier(LITE) is not network


def test_other_devices_precisions_and_settings_are_torchs(store: WeightsStore) -> None:
    """Nothing is compiled for them, and one network serves for its features, too."""
    rounded = NetworkCache(store, CPU, "bfloat16", runtime="openvino")
    for cache in (NetworkCache(store, CPU), rounded):
        network = cache.classifier(LITE)
        assert isinstance(network, Network)
        assert cache.in_torch(LITE) is network


def test_a_cache_that_cannot_be_written_costs_only_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The network runs compiled all the same."""
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    form = load(_source(nn.Conv2d(3, 4, 3).eval()), tmp_path)
    assert form is not None
    assert form.run(example(2, 9, 9)).shape == (2, 4, 7, 7)
    assert "compiled again at the next start" in caplog.text


def test_a_long_pass_gives_signs_of_life_and_can_be_interrupted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two passes of one network can be under way, since one may wait for the other."""
    caplog.set_level(logging.INFO)
    network = nn.Sequential(*(nn.Conv2d(64, 64, 3, padding=1) for _ in range(6))).eval()
    source = Source(
        "long", "", lambda: network, (-1, 64, -1, -1), [torch.rand(1, 64, 8, 8).numpy()]
    )
    form = load(source, tmp_path)
    assert form is not None
    long, short = torch.rand(1, 64, 360, 360).numpy(), torch.rand(1, 64, 16, 16).numpy()
    inner: list[tuple[int, ...]] = []

    def interrupt() -> None:
        if not inner and threading.current_thread() is threading.main_thread():
            inner.append(())
            inner.append(form.run(short).shape)

    heard: list[int] = []
    with heard_by(lambda: heard.append(1), interrupt):
        assert form.run(long).shape == (1, 64, 360, 360)
    assert heard
    assert inner[1:] == [(1, 64, 16, 16)]

    class Enough(BaseException):
        """Nobody waits any more."""

    def stop() -> None:
        raise Enough

    with heard_by(lambda: None, stop), pytest.raises(Enough):
        form.run(long)
    assert form.run(short).shape == (1, 64, 16, 16)


def test_the_weights_are_in_memory_once(networks: NetworkCache) -> None:
    """What a kept network counts is its file, which is about as large as its weights."""
    assert networks.classifier(LITE).bytes < 1.05 * 4 * LITE.parameters


def _source(network: nn.Module) -> Source:
    return Source("small", "some", lambda: network, (-1, 3, -1, -1), [example(1, 12, 8)])


def test_a_painter_gives_matte_and_color_as_one(store: WeightsStore) -> None:
    """So that OpenVINO has one output to give."""
    pair = next(iter(pairs().values()))
    if pair.checkpoint.shipped:
        painted = Painter(load_network(pair, store))(torch.from_numpy(example(1, 16, 16)))
        assert painted.shape == (1, 4, 16, 16)


def test_a_caption_is_the_same(networks: NetworkCache) -> None:
    """Its encoder runs compiled, and the decoder hears the same."""
    record = captioners()[DEFAULT]
    fast = record.load(networks.shelf, CPU, networks.compiled)
    slow = record.load(networks.shelf, CPU, lambda _: None)
    assert (fast.runtime, slow.runtime) == ("openvino", "torch")
    picture = example(1, 288, 288)[0] * 2 - 1
    (one,), (other,) = fast.say([picture], [3]), slow.say([picture], [3])
    assert one.text == other.text
