"""Reading folders: the split by name, the order, and what a mask's colors mean."""

from hashlib import sha1
from pathlib import Path

import pytest

from models.train.pictures import held_out, in_training, listed, read, read_masks


def test_split_is_by_name_alone() -> None:
    """About one name in eight is held out, by the first byte of its SHA-1, and no other."""
    names = [f"n02381460_{i}.jpg" for i in range(2000)]
    kept = [name for name in names if held_out(name)]
    assert kept == [n for n in names if sha1(n.encode()).digest()[0] % 8 == 0]
    assert 200 < len(kept) < 300
    assert not any(in_training(name) for name in kept)


def test_masks_mark_the_yellow(brown: Path, masks: Path) -> None:
    """Yellow is animal, purple is not; masks come in the order of the names asked for."""
    pictures = read(listed(brown), 64)
    marked = read_masks(masks, pictures.names, 64)
    assert marked.names == pictures.names
    assert marked.pixels[0, 0, 32, 32] == 255
    assert marked.pixels[0, 0, 2, 2] == 0


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    """A folder without pictures is an error that names it."""
    with pytest.raises(FileNotFoundError, match="holds no picture"):
        listed(tmp_path)
