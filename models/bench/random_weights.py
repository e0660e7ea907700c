"""Weights for timing where the published ones are not here: random numbers of a fixed seed.

Owns random networks whose signals neither die nor explode, and their files. A record made here is
known to `bobby bench` alone: nobody who asks Bobby about a picture is answered by one.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.catalog.classifiers import Catalog, catalog
from models.catalog.records import Classification
from models.tasks.untrained import WEIGHTS, beginning
from models.weights.checkpoint import Sha256
from models.weights.store import WeightsError, WeightsStore

STAND_IN = "stand-in.pth"
"""What the file is called, in a folder of the benchmark's own."""


def inputs(side: int, count: int, seed: int) -> Tensor:
    """Return `count` random normalized inputs that differ as pictures do: in their large shapes."""
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


def ensure(record: Classification, shelf: WeightsStore, folder: Path) -> None:
    """Leave a stand-in for the weights of `record` in `folder`, unless `shelf` holds them."""
    try:
        shelf.genuine(record.checkpoint)
    except WeightsError:
        network = settle(beginning(record), record.preset.crop)
        torch.save(network.state_dict(), folder / STAND_IN)


def listed(name: str, folder: Path) -> Catalog:
    """Return the catalog, the checkpoint of `name` being the stand-in if `folder` has one."""
    if not (file := folder / STAND_IN).is_file():
        return catalog()
    record = catalog()[name]
    proof = Sha256(hashlib.sha256(file.read_bytes()).hexdigest())
    checkpoint = replace(record.checkpoint, name=WEIGHTS, file=file.name, proof=proof)
    return {**catalog(), name: replace(record, checkpoint=checkpoint, adapt=dict)}
