"""The generator that we ship, on horses that it was not trained on."""

from pathlib import Path
from zipfile import ZipFile

import pytest
import torch

from models.networks.zebra_student import MatteGenerator
from models.train.evaluate_zebra import changes, zebra_shares
from models.train.judges import ReferenceClassifier
from models.train.pictures import Pictures, held_out, read, read_masks
from models.train.weights import PRETRAINED, load

COUNT = 16


@pytest.fixture(scope="module")
def generator() -> MatteGenerator:
    """Return the shipped generator."""
    return load(PRETRAINED)


@pytest.fixture(scope="module")
def horses(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Pictures, Pictures]:
    """Return the first held-out horses by name, and their masks."""
    folders = {}
    for archive in ("horse", "horse-masks"):
        with ZipFile(shared_data / "horse2zebra" / f"{archive}.zip") as file:
            inside = {Path(name).name: name for name in file.namelist() if name.endswith(".jpg")}
            folders[archive] = tmp_path_factory.mktemp(archive)
            for name in sorted(filter(held_out, inside))[:COUNT]:
                (folders[archive] / name).write_bytes(file.read(inside[name]))
    kept = read(sorted(folders["horse"].iterdir()))
    return kept, read_masks(folders["horse-masks"], kept.names)


@torch.inference_mode()
@pytest.mark.slow
def test_held_out_horses_become_zebras(
    generator: MatteGenerator, horses: tuple[Pictures, Pictures]
) -> None:
    """At least four in five for a classifier that did not train it (88.7 % of all 150 were)."""
    assert zebra_shares(generator, horses[0], [ReferenceClassifier(0)])["lite0"] >= 0.8


@torch.inference_mode()
@pytest.mark.slow
def test_the_background_stays(generator: MatteGenerator, horses: tuple[Pictures, Pictures]) -> None:
    """Outside the animal the mean change is at most 0.02 of the range, inside it is not."""
    outside, inside = changes(generator, *horses)
    assert outside <= 0.02
    assert inside >= 0.05
