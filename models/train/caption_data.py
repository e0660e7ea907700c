"""Flickr8k for the caption recipe: captions, splits, vocabulary and cached maps.

Owns the reading of the data set's folder and the files of features computed from it, which are
made once and then only mapped into memory. `models.train.caption` trains on them and
`models.train.caption_scores` evaluates. It writes nothing into the project.
"""

import hashlib
import json
import logging
import re
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from models.captioning.small import normalised, prepare
from models.catalog.classifiers import catalog
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.lite_maps import CELLS, CHANNELS, HEAD_CHANNELS, SIDE, LiteMaps
from models.runtime.fuse_batchnorm import fuse
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

Split: TypeAlias = Literal["train", "validation", "test"]

VIEWS = 4
"""Cached maps of a training picture: as it is, mirrored, a random crop, another one mirrored."""

_SPECIAL = ("<end>", "<unk>")
_STEP_HEAD = 6 / 255
_STEPS_PER_SIGMA = 24
_CALIBRATION = 256


@dataclass(frozen=True)
class Flickr8k:
    """The data set's folder: `images.zip` and `captions.tsv` as its README describes them."""

    folder: Path

    @cached_property
    def captions(self) -> dict[str, list[str]]:
        """Return each picture's captions as plain lower-case tokens joined by spaces."""
        captions: dict[str, list[str]] = defaultdict(list)
        for line in (self.folder / "captions.tsv").read_text(encoding="utf-8").splitlines():
            name, text = line.split("\t")
            captions[name].append(plain(text))
        return dict(captions)

    def names(self, split: Split) -> list[str]:
        """Return the names of the pictures of `split`, sorted."""
        return sorted(name for name in self.captions if split_of(name) == split)

    def pictures(self, names: Sequence[str]) -> Iterator[Image.Image]:
        """Yield the pictures called `names`, RGB, 224x224."""
        with zipfile.ZipFile(self.folder / "images.zip") as archive:
            places = {Path(entry).name: entry for entry in archive.namelist()}
            for name in names:
                with archive.open(places[name]) as file:
                    yield Image.open(file).convert("RGB")


def split_of(name: str) -> Split:
    """Return the split that the data set's README gives the picture called `name`."""
    rest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()[1] % 8
    return "validation" if rest == 0 else "test" if rest == 1 else "train"


def plain(text: str) -> str:
    """Return `text` lower-case with nothing but words, digits and inner apostrophes."""
    return " ".join(re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", text.lower()))


def vocabulary(captions: Sequence[str], seen: int) -> list[str]:
    """Return the special tokens and every word that stands in `captions` `seen` times or more."""
    counts = Counter(word for caption in captions for word in caption.split())
    words = [w for w, n in sorted(counts.items(), key=lambda i: (-i[1], i[0])) if n >= seen]
    return [*_SPECIAL, *words]


def lite_maps() -> LiteMaps:
    """Return the encoder with the installed package's weights, in eval mode."""
    network = EfficientNetLite0()
    network.load_state_dict(WeightsStore().load(catalog()["efficientnet_lite0"].checkpoint))
    return LiteMaps(network).eval()


class Features:
    """Cells of a split's pictures on disk, in 8 bits a number.

    The head's channels are stored in steps of 6 / 255; the finer ones, whose range is open, in
    24ths of their standard deviation, and come back standardised.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        self.names: list[str] = json.loads((folder / f"{split}.json").read_text())
        self._head: npt.NDArray[np.uint8] = np.load(folder / f"{split}-head.npy", mmap_mode="r")
        self._fine: npt.NDArray[np.int8] = np.load(folder / f"{split}-fine.npy", mmap_mode="r")
        self.views = self._head.shape[1]

    def cells(self, pictures: Sequence[int], views: Sequence[int]) -> Tensor:
        """Return standardised cells (len(pictures), 81, 1780) of the given view of each picture."""
        head = torch.from_numpy(self._head[pictures, views]).float() * _STEP_HEAD
        fine = torch.from_numpy(self._fine[pictures, views]).float() / _STEPS_PER_SIGMA
        return torch.cat([head, fine], dim=2)


@dataclass(frozen=True)
class Standard:
    """Mean and standard deviation of each fine channel over training pictures, both (500,)."""

    mean: Tensor
    std: Tensor

    @staticmethod
    def read(folder: Path) -> "Standard":
        """Return what `cache_features` noted in `folder`."""
        mean, std = torch.from_numpy(np.load(folder / "standard.npy"))
        return Standard(mean, std)


def cache_features(data: Flickr8k, folder: Path, split: Split, seed: int = 0) -> None:
    """Compute the cells of `split` into `folder`, unless they are there.

    Training pictures get `VIEWS` views, the others one.
    """
    if (folder / f"{split}.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    names = data.names(split)
    views = VIEWS if split == "train" else 1
    encode = _Encoder()
    standard = _standard(data, folder)
    shape = (len(names), views, CELLS)
    head = _new_array(folder / f"{split}-head.npy", np.uint8, (*shape, HEAD_CHANNELS))
    fine = _new_array(folder / f"{split}-fine.npy", np.int8, (*shape, CHANNELS - HEAD_CHANNELS))
    torch.manual_seed(seed)
    for index, picture in enumerate(data.pictures(names)):
        cells = encode(_views(picture, views))
        head[index] = (cells[..., :HEAD_CHANNELS] / _STEP_HEAD).round().clamp(0, 255).byte().numpy()
        standardised = (cells[..., HEAD_CHANNELS:] - standard.mean) / standard.std
        steps = (standardised * _STEPS_PER_SIGMA).round().clamp(-127, 127)
        fine[index] = steps.to(torch.int8).numpy()
        if index % 500 == 0:
            _log.info("maps of %s: %d of %d pictures", split, index, len(names))
    head.flush()
    fine.flush()
    (folder / f"{split}.json").write_text(json.dumps(names))


_crop = v2.RandomResizedCrop(
    SIDE, scale=(0.6, 1.0), ratio=(0.8, 1.25), interpolation=v2.InterpolationMode.BICUBIC
)


def _views(picture: Image.Image, count: int) -> Tensor:
    views = [prepare(picture)]
    for number in range(1, count):
        if number == 1:
            views.append(views[0].flip(2))
            continue
        crop = normalised(_crop(picture))
        views.append(crop.flip(2) if number % 2 else crop)
    return torch.stack(views)


class _Encoder:
    """Lite0's cells of a batch of pictures, with batch norms folded."""

    def __init__(self) -> None:
        self._maps = lite_maps()
        fuse(self._maps, torch.rand(1, 3, SIDE, SIDE))

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        cells: Tensor = self._maps(pictures)
        return cells


def _standard(data: Flickr8k, folder: Path) -> Standard:
    if not (folder / "standard.npy").exists():
        encode = _Encoder()
        names = data.names("train")[:_CALIBRATION]
        cells = [
            encode(_views(picture, 1))[0, :, HEAD_CHANNELS:] for picture in data.pictures(names)
        ]
        every = torch.cat(cells)
        np.save(folder / "standard.npy", torch.stack([every.mean(0), every.std(0)]).numpy())
    return Standard.read(folder)


def _new_array(
    path: Path, dtype: type[np.integer], shape: tuple[int, ...]
) -> np.memmap[tuple[int, ...], np.dtype[np.integer]]:
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
