"""Checkpoints for the tests: published networks with random weights, saved as the real ones are."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import torch
from torch import nn

from models.catalog import catalog
from models.records import Classification, Pair, Sha256

Change: TypeAlias = Callable[[Classification], Classification]


def settle(network: nn.Module, side: int) -> nn.Module:
    """Give batch norms scales, shifts and statistics as training leaves them; return `network`.

    The statistics are those of the network's own activations, so that signals neither die nor
    explode, and the scales and shifts are far from the 1 and 0 that would hide a mistake.
    """
    chance = torch.Generator().manual_seed(1)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.momentum = 1.0
            norm.weight.copy_(torch.rand(norm.num_features, generator=chance) + 0.5)
            norm.bias.copy_(torch.randn(norm.num_features, generator=chance) * 0.2)
            norm.train()
        network.eval()
        for norm in norms:
            norm.train()
        network(torch.rand(4, 3, side, side, generator=chance))
    return network.eval()


def save(name: str, folder: Path, change: Change = lambda r: r) -> Classification:
    """Save `name`'s network with random weights in `folder` and return the record of that file.

    The file is named as published files are, with the beginning of its own hash.
    """
    record = change(catalog()[name])
    torch.manual_seed(0)
    side = record.preprocessing().crop_size[0]
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "draft.pth"
    torch.save(settle(record.build(), side).state_dict(), draft)
    sha256 = hashlib.sha256(draft.read_bytes()).hexdigest()[:8]
    file = draft.rename(folder / f"{name}-{sha256}.pth")
    checkpoint = replace(
        record.checkpoint, file=file.name, proof=Sha256(sha256), size_bytes=file.stat().st_size
    )
    return replace(record, checkpoint=checkpoint)


def save_pair(network: nn.Module, record: Pair, folder: Path) -> Pair:
    """Save `network` in `folder` as the weights of `record`; return the record of that file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{record.purpose}.pth"
    torch.save(network.state_dict(), file)
    checkpoint = replace(
        record.checkpoint,
        file=file.name,
        proof=Sha256(hashlib.sha256(file.read_bytes()).hexdigest()),
        shipped=False,
    )
    return replace(record, checkpoint=checkpoint)
