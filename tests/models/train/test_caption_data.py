"""The data set as the recipe sees it: splits, tokens, vocabulary."""

from pathlib import Path

import torch
from torch.nn import functional

from models.networks.caption_shape import CHANNELS, HEAD_CHANNELS, SIDE
from models.train.caption_corpus import Data
from models.train.caption_data import Flickr8k, lite_maps, mirrored, plain, split_of
from models.train.caption_everyday import Everyday

TAB = "\t"


def test_splits_are_the_readmes(shared_data: Path) -> None:
    """The data set falls into the splits that its README describes, none of them twice."""
    data = Flickr8k(shared_data / "flickr8k")
    splits = {split: data.names(split) for split in ("train", "validation", "test")}
    assert {split: len(names) for split, names in splits.items()} == {
        "train": 5242,
        "validation": 944,
        "test": 897,
    }
    assert len({name for names in splits.values() for name in names}) == 7083


def test_a_split_depends_on_the_name_alone() -> None:
    """sha1(name)'s second byte says the split."""
    assert split_of("1000268201_693b08cb0e.jpg") in {"train", "validation", "test"}
    assert {split_of(f"{number}.jpg") for number in range(100)} == {"train", "validation", "test"}


def test_captions_become_plain_tokens() -> None:
    """Lower-case words, numbers and inner apostrophes and hyphens are all that is left."""
    assert (
        plain("A man 's T-shirt , size 10 ... isn't \"Red\" .")
        == "a man s t-shirt size 10 isn't red"
    )


def test_everyday_pictures_have_splits_of_their_own(shared_data: Path) -> None:
    """About a tenth each for validation and test, none twice, and all have words."""
    data = Everyday(shared_data / "everyday")
    splits = {split: data.names(split) for split in ("train", "validation", "test")}
    assert {split: len(names) for split, names in splits.items()} == {
        "train": 3190,
        "validation": 423,
        "test": 431,
    }
    names = [name for some in splits.values() for name in some]
    assert len(names) == len(set(names))
    assert all(data.captions.get(name) or data.labels.get(name) for name in names)


def test_no_sentence_is_of_a_picture_held_out(shared_data: Path, tmp_path: Path) -> None:
    """COCO's sentences are without those of the everyday pictures that are held out."""
    data = Data(shared_data, tmp_path)
    held = {name for split in ("validation", "test") for name in data.everyday.names(split)}
    lines = (shared_data / "coco-captions" / "captions.tsv").read_text().splitlines()
    left_out = [line for line in lines if f"coco_{int(line.split(TAB)[0]):012d}.jpg" in held]
    assert left_out
    assert len(data.texts) == len(lines) - len(left_out)


def test_mirrored_cells_are_those_of_the_mirrored_picture() -> None:
    """Exactly so for the colors; the maps, whose network is not symmetric, come nearer."""
    picture = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    picture = functional.interpolate(picture, size=SIDE, mode="bicubic")
    maps = lite_maps()
    with torch.inference_mode():
        plain_cells, wanted = maps(picture), maps(picture.flip(3))
        cells = mirrored(plain_cells)
    torch.testing.assert_close(cells[..., -12:], wanted[..., -12:])
    for part in (slice(0, HEAD_CHANNELS), slice(HEAD_CHANNELS, CHANNELS - 12)):
        away = (cells[..., part] - wanted[..., part]).norm()
        assert away < 0.6 * (plain_cells[..., part] - wanted[..., part]).norm()
    assert torch.equal(mirrored(cells), plain_cells)
