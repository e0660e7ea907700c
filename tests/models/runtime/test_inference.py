"""Networks run in their fast form as the plain ones would, and a batch changes nothing."""

import logging
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.bench.random_weights import inputs, settle
from models.catalog.classifiers import catalog
from models.catalog.records import Classification
from models.runtime.cache import NetworkCache
from models.runtime.compiled import TOLERANCE
from models.runtime.device import DeviceError, device_for
from models.runtime.fuse_batchnorm import fuse
from models.runtime.inference import Network
from models.weights.store import WeightsStore
from tests.models.checkpoints import save

CPU = "cpu"


def pictures(record: Classification, count: int) -> Tensor:
    """Return `count` inputs of the record's size, the same ones each time."""
    return inputs(record.preset.crop, count, seed=5)


@pytest.mark.parametrize(
    "name",
    [
        *("resnet101", "mobilenet_v3_small"),
        pytest.param("googlenet", marks=pytest.mark.slow),
        *("shufflenet_v2_x0_5", "efficientnet_lite0"),
        pytest.param("densenet121", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(600)  # the deep ones take minutes on a machine that is busy otherwise
def test_logits_agree_with_the_plain_network(
    tmp_path: Path, shelf: WeightsStore, name: str
) -> None:
    """A saved checkpoint loads, and its fused form differs by less than 1e-4."""
    record = save(name, tmp_path / "bobby")
    plain = record.build()
    plain.load_state_dict(shelf.load(record.checkpoint))
    batch = pictures(record, 2)
    with torch.inference_mode():
        expected = plain.eval()(batch)
    found = Network(record, shelf, CPU).run(batch.numpy()).output
    assert float(expected.std()) > 0.001  # logits that are all alike would agree too easily
    assert float((torch.from_numpy(found) - expected).abs().max()) <= TOLERANCE


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "efficientnet_lite0"])
def test_every_batch_norm_after_a_convolution_is_folded(name: str) -> None:
    """None is left in networks that have each behind a convolution."""
    network = settle(catalog()[name].build(), 64)
    fuse(network, torch.rand(1, 3, 64, 64))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


class Twice(nn.Module):
    """A network that defeats folding: the convolution's output is used beside its batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1000, 3, stride=16)
        self.norm = nn.BatchNorm2d(1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 1000)."""
        y: Tensor = self.conv(x)
        return torch.mean(self.norm(y) + y, dim=(2, 3))


class Zero(Twice):
    """Another one: it divides by what its batch norm changes, which is nothing once it's folded."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 1000)."""
        y: Tensor = self.conv(x)
        changed = self.norm(y) - y
        return torch.mean(changed / changed.abs().mean(), dim=(2, 3))


@pytest.mark.parametrize("build", [Twice, Zero])
def test_a_network_that_folding_would_change_runs_plain(
    tmp_path: Path, shelf: WeightsStore, caplog: pytest.LogCaptureFixture, build: type[nn.Module]
) -> None:
    """The check at loading finds it out, also where folding gives NaN, and keeps the plain form."""
    caplog.set_level(logging.INFO)
    record = save("alexnet", tmp_path / "bobby", build)
    plain = record.build()
    plain.load_state_dict(shelf.load(record.checkpoint))
    batch = pictures(record, 2)
    with torch.inference_mode():
        expected = plain.eval()(batch)
    found = Network(record, shelf, CPU).run(batch.numpy()).output
    assert torch.allclose(torch.from_numpy(found), expected, atol=1e-5)
    assert "runs unfused" in caplog.text


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0"])
def test_a_batch_changes_nothing(tmp_path: Path, shelf: WeightsStore, name: str) -> None:
    """Eight pictures together get the logits that each gets alone, in a fresh network as well."""
    record = save(name, tmp_path / "bobby")
    network = Network(record, shelf, CPU)
    batch = pictures(record, 8).numpy()
    together = network.run(batch).output
    alone = np.concatenate([network.run(picture[None]).output for picture in batch])
    again = Network(record, shelf, CPU).run(batch).output
    assert np.abs(together - alone).max() < 1e-5
    assert np.array_equal(together, again)


class Narrow(nn.Module):
    """A network whose device has room for a batch of `room`, and that counts its batches."""

    room: ClassVar[int] = 4
    sizes: ClassVar[list[int]] = []

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1000))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 1000) that tell the pictures apart."""
        self.sizes.append(len(x))
        if len(x) > self.room:
            raise torch.OutOfMemoryError("no room")
        return x.mean((1, 2, 3))[:, None] * self.weight


def test_a_batch_that_outgrows_the_memory_is_halved_once(
    tmp_path: Path, shelf: WeightsStore
) -> None:
    """Two halves give the same answer in the same order; a quarter is not tried."""
    record = save("alexnet", tmp_path / "bobby", Narrow)
    network = Network(record, shelf, CPU)
    batch = pictures(record, 7).numpy()
    Narrow.sizes.clear()
    logits = network.run(batch).output
    assert Narrow.sizes == [7, 4, 3]
    assert np.allclose(logits[:, 0], batch.mean((1, 2, 3)))
    with pytest.raises(torch.OutOfMemoryError):
        network.run(pictures(record, 9).numpy())


def test_networks_are_kept_within_a_bound(tmp_path: Path, shelf: WeightsStore) -> None:
    """A kept network is not loaded again; the one unused for longest goes first."""
    first = save("shufflenet_v2_x0_5", tmp_path / "bobby")
    second = save("squeezenet1_1", tmp_path / "bobby")
    third = save("mobilenet_v3_small", tmp_path / "bobby")
    networks = NetworkCache(shelf, CPU, kept_bytes=4 * (first.parameters + third.parameters))
    kept = networks.classifier(first)
    networks.classifier(second)
    assert networks.classifier(first) is kept
    other = networks.classifier(third)  # drops the second
    assert networks.classifier(first) is kept
    assert networks.classifier(third) is other
    networks.classifier(second)
    assert networks.classifier(first) is not kept


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "cuda:x", ""])
def test_a_device_that_is_not_here(name: str) -> None:
    """The operator reads what was asked for."""
    with pytest.raises(DeviceError, match=repr(name)):
        device_for(name)


def test_auto_is_some_device() -> None:
    """A GPU where torch sees one, else the CPU."""
    assert device_for("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert device_for("cpu") == CPU
