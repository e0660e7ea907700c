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
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

from models.captioning.views import normalized, prepare
from models.catalog.classifiers import catalog
from models.networks.caption_shape import CELLS, CHANNELS, HEAD_CHANNELS, MIDDLE_CHANNELS, SIDE
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.lite_maps import LiteMaps
from models.runtime.fuse_batchnorm import fuse
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

Split: TypeAlias = Literal["train", "validation", "test"]

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


class Pictures(Protocol):
    """Named pictures in splits."""

    def names(self, split: Split) -> list[str]:
        """Return the names of the pictures of `split`, sorted."""

    def pictures(self, names: Sequence[str]) -> Iterator[Image.Image]:
        """Yield the pictures called `names`, RGB."""


def split_of(name: str) -> Split:
    """Return the split that the data set's README gives the picture called `name`."""
    rest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()[1] % 8
    return "validation" if rest == 0 else "test" if rest == 1 else "train"


def plain(text: str) -> str:
    """Return `text` lower-case with nothing but words, digits and inner apostrophes."""
    return " ".join(re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", text.lower()))


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

    def __init__(self, folder: Path, data: str, split: Split) -> None:
        at = f"{data}-{split}"
        self.names: list[str] = json.loads((folder / f"{at}.json").read_text())
        self._head: npt.NDArray[np.uint8] = np.load(folder / f"{at}-head.npy", mmap_mode="r")
        self._fine: npt.NDArray[np.int8] = np.load(folder / f"{at}-fine.npy", mmap_mode="r")
        self.views = self._head.shape[1]

    def cells(
        self, pictures: Sequence[int], views: Sequence[int], *, mirror: bool = False
    ) -> Tensor:
        """Return standardised cells (len(pictures), 81, 1780) of the given view of each picture."""
        head = torch.from_numpy(self._head[pictures, views]).float() * _STEP_HEAD
        fine = torch.from_numpy(self._fine[pictures, views]).float() / _STEPS_PER_SIGMA
        cells = torch.cat([head, fine], dim=2)
        return mirrored(cells) if mirror else cells

    def pooled(self) -> Tensor:
        """Return the mean of the head's channels of every picture and view, (N, views, 1280)."""
        means = [torch.from_numpy(np.array(head)).float().mean(1) for head in self._head]
        return torch.stack(means) * _STEP_HEAD


def mirrored(cells: Tensor) -> Tensor:
    """Return `cells` (N, 81, 1780) nearly as if the picture had been mirrored before."""
    side = SIDE // 32
    maps = cells.view(len(cells), side, side, -1).flip(2)
    middle, early = HEAD_CHANNELS + 4 * MIDDLE_CHANNELS, CHANNELS - 12
    quarters = torch.cat([maps[..., HEAD_CHANNELS:middle], maps[..., early:]], dim=-1)
    quarters = quarters.view(*quarters.shape[:-1], -1, 2, 2).flip(-1).flatten(-3)
    parts = [
        maps[..., :HEAD_CHANNELS],
        quarters[..., :-12],
        maps[..., middle:early],
        quarters[..., -12:],
    ]
    return torch.cat(parts, dim=-1).flatten(1, 2)


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


def cache_features(data: Pictures, folder: Path, name: str, split: Split, crops: int = 0) -> None:
    """Compute the cells of `split` of the data set called `name` into `folder`, if they lack.

    The views of a picture are all of it and so many random `crops`, the same ones each time.
    """
    at = f"{name}-{split}"
    if (folder / f"{at}.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    names = data.names(split)
    encode = _Encoder()
    standard = _standard(data, folder)
    shape = (len(names), 1 + crops, CELLS)
    head = _new_array(folder / f"{at}-head.npy", np.uint8, (*shape, HEAD_CHANNELS))
    fine = _new_array(folder / f"{at}-fine.npy", np.int8, (*shape, CHANNELS - HEAD_CHANNELS))
    torch.manual_seed(0)
    for index, picture in enumerate(data.pictures(names)):
        cells = encode(_views(picture, 1 + crops))
        head[index] = (cells[..., :HEAD_CHANNELS] / _STEP_HEAD).round().clamp(0, 255).byte().numpy()
        standardised = (cells[..., HEAD_CHANNELS:] - standard.mean) / standard.std
        steps = (standardised * _STEPS_PER_SIGMA).round().clamp(-127, 127)
        fine[index] = steps.to(torch.int8).numpy()
        if index % 500 == 0:
            _log.info("maps of %s: %d of %d pictures", at, index, len(names))
    head.flush()
    fine.flush()
    (folder / f"{at}.json").write_text(json.dumps(names))


_crop = v2.RandomResizedCrop(
    SIDE, scale=(0.6, 1.0), ratio=(0.8, 1.25), interpolation=v2.InterpolationMode.BICUBIC
)


def _views(picture: Image.Image, count: int) -> Tensor:
    crops = [normalized(_crop(picture)) for _ in range(count - 1)]
    return torch.from_numpy(np.stack([prepare(picture), *crops]))


class _Encoder:
    """Lite0's cells of a batch of pictures, with batch norms folded."""

    def __init__(self) -> None:
        self._maps = lite_maps()
        fuse(self._maps, torch.rand(1, 3, SIDE, SIDE))

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> Tensor:
        cells: Tensor = self._maps(pictures)
        return cells


def _standard(data: Pictures, folder: Path) -> Standard:
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
