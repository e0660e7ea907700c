"""Checkpoints for the tests: published networks with random weights, saved as the real ones are."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from models.bench.random_weights import settle
from models.catalog.classifiers import catalog
from models.catalog.records import Classification, TranslationModel
from models.weights.checkpoint import Sha256


def save(name: str, folder: Path, build: Callable[[], nn.Module] | None = None) -> Classification:
    """Save `name`'s network with random weights in `folder` and return the record of that file.

    The file is named as published files are, with the beginning of its own hash. `build` makes
    another network than the catalog's.
    """
    record = replace(catalog()[name], build=build or catalog()[name].build)
    data = _random_checkpoint(record.build, record.preset.crop)
    sha256 = hashlib.sha256(data).hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}-{sha256}.pth"
    file.write_bytes(data)
    checkpoint = replace(
        record.checkpoint, file=file.name, proof=Sha256(sha256), size_bytes=len(data)
    )
    return replace(record, checkpoint=checkpoint)


@lru_cache(maxsize=4)
def _random_checkpoint(build: Callable[[], nn.Module], side: int) -> bytes:
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(settle(build(), side).state_dict(), file)
    return file.getvalue()


def save_pair(network: nn.Module, record: TranslationModel, folder: Path) -> TranslationModel:
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
