"""Folders of training pictures, read once into memory as bytes, and which of them are held out.

Owns file reading, the split by name and the meaning of a mask's colors. Hands out uint8 tensors
and their names; augments nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
ANIMAL_GREEN = 0.45
"""In viridis colors the green channel is above this where the mask says animal."""


@dataclass(frozen=True)
class Pictures:
    """Named pictures of one size: `pixels` is uint8 (N, C, S, S), in the order of `names`."""

    names: tuple[str, ...]
    pixels: torch.Tensor

    def __len__(self) -> int:
        return len(self.names)

    def only(self, wanted: Callable[[str], bool]) -> "Pictures":
        """Return the pictures whose name `wanted` accepts, in the same order."""
        index = [i for i, name in enumerate(self.names) if wanted(name)]
        return Pictures(tuple(self.names[i] for i in index), self.pixels[index])


def held_out(name: str) -> bool:
    """Tell whether the picture called `name` is kept out of training (one in eight)."""
    return sha1(name.encode(), usedforsecurity=False).digest()[0] % 8 == 0


def in_training(name: str) -> bool:
    """Tell whether the picture called `name` may be trained on."""
    return not held_out(name)


def listed(folder: Path) -> tuple[Path, ...]:
    """Return the pictures of `folder` by name.

    Raises:
        FileNotFoundError: The folder holds no picture.
    """
    paths = tuple(sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no picture ({', '.join(sorted(SUFFIXES))})")
    return paths


def read(paths: Sequence[Path], size: int = 256) -> Pictures:
    """Read `paths` upright, as RGB, cropped in the middle to squares of `size` pixels."""
    pixels = torch.empty((len(paths), 3, size, size), dtype=torch.uint8)
    for i, path in enumerate(paths):
        with Image.open(path) as file:
            picture = ImageOps.fit(ImageOps.exif_transpose(file).convert("RGB"), (size, size))
        pixels[i] = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    return Pictures(tuple(path.name for path in paths), pixels)


def read_masks(folder: Path, names: Sequence[str], size: int = 256) -> Pictures:
    """Read the viridis masks of the pictures `names`: (N, 1, S, S), 255 is animal, 0 is not.

    Raises:
        FileNotFoundError: A picture has no mask of its name.
    """
    colored = read([folder / name for name in names], size)
    animal = colored.pixels[:, 1:2] > ANIMAL_GREEN * 255
    return Pictures(colored.names, animal.to(torch.uint8) * 255)
