"""The data set as the recipe sees it: splits, tokens, vocabulary."""

from pathlib import Path

from models.train.caption_data import Flickr8k, plain, split_of, vocabulary


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


def test_the_vocabulary_is_sorted_and_cut() -> None:
    """The special tokens, then words by how often they are said; rare ones are left out."""
    assert vocabulary(["a dog", "a cat", "a dog runs"], seen=2) == ["<end>", "<unk>", "a", "dog"]
