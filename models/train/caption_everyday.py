"""Everyday pictures for the caption recipe: animals, food and things, with sentences or labels.

Owns the reading of the data set's folder and its split. `models.train.caption` trains on them
beside Flickr8k, and `models.train.caption_everyday_evaluate` counts what is named rightly.
"""

import hashlib
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from models.train.caption_data import Split, plain


@dataclass(frozen=True)
class Everyday:
    """The data set's folder: `images.zip`, `captions.tsv` and `labels.tsv` as its README says."""

    folder: Path

    @cached_property
    def captions(self) -> dict[str, list[str]]:
        """Return the captions of each picture that has some, as plain lower-case tokens."""
        return self._texts("captions.tsv")

    @cached_property
    def labels(self) -> dict[str, list[str]]:
        """Return what is known to be in each labeled picture; other things may be there too."""
        return self._texts("labels.tsv")

    def names(self, split: Split) -> list[str]:
        """Return the names of the pictures of `split`, sorted."""
        every = self.captions.keys() | self.labels.keys()
        return sorted(name for name in every if split_of(name) == split)

    def pictures(self, names: Sequence[str]) -> Iterator[Image.Image]:
        """Yield the pictures called `names`, RGB, the shorter side at most 224."""
        with zipfile.ZipFile(self.folder / "images.zip") as archive:
            places = {Path(entry).name: entry for entry in archive.namelist()}
            for name in names:
                with archive.open(places[name]) as file:
                    yield Image.open(file).convert("RGB")

    def _texts(self, file: str) -> dict[str, list[str]]:
        texts: dict[str, list[str]] = defaultdict(list)
        for line in (self.folder / file).read_text(encoding="utf-8").splitlines():
            name, text, _ = line.split("\t")
            texts[name].append(plain(text))
        return dict(texts)


def split_of(name: str) -> Split:
    """Return the split of the picture called `name`: a tenth is test, another is validation."""
    rest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()[1] % 10
    return "test" if rest == 0 else "validation" if rest == 1 else "train"
