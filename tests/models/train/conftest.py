"""Folders of small drawn pictures to train on for a step or two."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

VIRIDIS_ANIMAL, VIRIDIS_REST = (253, 231, 36), (68, 1, 84)


def draw(path: Path, seed: int, color: tuple[int, int, int]) -> None:
    """Write a 64x64 picture of noise around `color`."""
    noise = np.random.default_rng(seed).normal(0, 25, (64, 64, 3))
    Image.fromarray((noise + color).clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def brown(tmp_path: Path) -> Path:
    """Return a folder of sixteen brownish pictures."""
    folder = tmp_path / "brown"
    folder.mkdir()
    for i in range(16):
        draw(folder / f"n{i}.png", i, (120, 80, 50))
    return folder


@pytest.fixture
def gray(tmp_path: Path) -> Path:
    """Return a folder of four grayish pictures."""
    folder = tmp_path / "grey"
    folder.mkdir()
    for i in range(4):
        draw(folder / f"g{i}.png", 100 + i, (130, 130, 130))
    return folder


@pytest.fixture
def masks(tmp_path: Path, brown: Path) -> Path:
    """Return viridis masks for `brown`: a square of animal in the middle of each."""
    folder = tmp_path / "masks"
    folder.mkdir()
    for path in brown.iterdir():
        mask = Image.new("RGB", (64, 64), VIRIDIS_REST)
        mask.paste(VIRIDIS_ANIMAL, (16, 16, 48, 48))
        mask.save(folder / path.name)
    return folder
