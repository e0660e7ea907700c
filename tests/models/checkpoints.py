"""Checkpoints for the tests: published networks with random weights, saved as the real ones are."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.catalog import Record, catalog


def inputs(side: int, count: int, seed: int) -> Tensor:
    """Return `count` random normalised inputs that differ as pictures do: in their large shapes."""
    chance = torch.Generator().manual_seed(seed)
    shapes = torch.randn(count, 3, 6, 6, generator=chance)
    grain = torch.randn(count, 3, side, side, generator=chance)
    return functional.interpolate(shapes, size=(side, side), mode="bilinear") + 0.3 * grain


def settle(network: nn.Module, side: int) -> nn.Module:
    """Give batch norms scales, shifts and statistics as training leaves them; return `network`.

    The statistics are those of the network's own activations, so that signals neither die nor
    explode. The scales are far from the 1 that would hide a mistake, and small: with large ones a
    deep random network is chaotic, and float32 itself errs by more than the fast form may.
    """
    chance = torch.Generator().manual_seed(1)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    network.eval()
    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
            norm.weight.copy_(torch.rand(norm.num_features, generator=chance) * 0.4 + 0.1)
            norm.bias.copy_(torch.randn(norm.num_features, generator=chance) * 0.2)
            norm.train()
        if norms:
            network(inputs(side, 4, seed=2))
    return network.eval()


def save(name: str, folder: Path, build: Callable[[], nn.Module] | None = None) -> Record:
    """Save `name`'s network with random weights in `folder` and return the record of that file.

    The file is named as published files are, with the beginning of its own hash. `build` makes
    another network than the catalogue's.
    """
    record = replace(catalog()[name], build=build or catalog()[name].build)
    data = _random_checkpoint(record.build, record.preprocessing().crop_size[0])
    sha256 = hashlib.sha256(data).hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{sha256}.pth"
    file.write_bytes(data)
    checkpoint = replace(record.checkpoint, file=file.name, sha256=sha256, size_bytes=len(data))
    return replace(record, checkpoint=checkpoint)


@lru_cache(maxsize=4)
def _random_checkpoint(build: Callable[[], nn.Module], side: int) -> bytes:
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(settle(build(), side).state_dict(), file)
    return file.getvalue()
