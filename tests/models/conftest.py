"""Fixtures of the models' side: the folders a test may look for weights in, and a classifier."""

from pathlib import Path

import pytest
import torch

from models.catalog.classifiers import catalog
from models.runtime.cache import NetworkCache
from models.tasks.classify import Classifier
from models.weights.store import WeightsStore
from models.worker.tasks import Tasks


@pytest.fixture(autouse=True)
def _own_torch_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test depend on what the machine's own torch cache happens to hold."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    """Use one core: the suite has a process on each, and threads that wait awake take others'."""
    torch.set_num_threads(1)


@pytest.fixture
def shelf(tmp_path: Path) -> WeightsStore:
    """Return a shelf whose caches are empty: only installed packages hold weights."""
    return WeightsStore(tmp_path / "bobby")


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """Return a classifier on the CPU that has EfficientNet-Lite0 and nothing else."""
    empty = WeightsStore(tmp_path_factory.mktemp("bobby"))
    networks = NetworkCache(empty, "cpu")
    return Classifier(catalog(), empty, networks, "efficientnet_lite0")


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Tasks:
    """Return every task on the CPU, with EfficientNet-Lite0 and nothing else."""
    empty = WeightsStore(tmp_path_factory.mktemp("bobby"))
    return Tasks(empty, "cpu", "efficientnet_lite0")
