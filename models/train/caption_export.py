"""The shipped captioner from a finished run, for `python -m models.train.caption_export`.

Owns the file's making: the running average's weights in 8 bits, the words, how rare their
n-grams are, and the threshold below which a caption is a guess, chosen on validation. It trains
nothing and never looks at the test split.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from models.captioner import DEFAULT_BEAMS, Captioner, quantised
from models.consensus import Gram, Rarity
from models.networks.caption_transformer import UNKNOWN, Shape
from models.train.caption import Recipe
from models.train.caption_data import Features, Flickr8k, cache_features, vocabulary
from models.train.caption_scores import each_cider_d

_RARE = 5
"""N-grams in the captions of fewer pictures than this are not kept: they count as seen once."""

_LONGEST_GRAM = 4
_CHOICE = 200
"""Validation pictures that the threshold is chosen on."""

_POOR = 0.2
"""A caption with a CIDEr-D below this mostly says something that is not in the picture."""


def export(data: Flickr8k, maps: Path, run: Path, target: Path) -> None:
    """Write the captioner of the run in the folder `run` to the file `target`."""
    names = data.names("train")
    words = vocabulary([text for name in names for text in data.captions[name]], Recipe.seen)
    shape = Shape(len(words))
    tensors = quantised(averaged(run))
    rarity = rarity_of([data.captions[name] for name in names], words)
    tensors["grams"], tensors["grams.seen"] = _table(rarity)
    header = {
        "shape": asdict(shape),
        "words": words,
        "pictures": rarity.pictures,
        "threshold": -100.0,
    }
    _write(tensors, header, target)
    header["threshold"] = _threshold(Captioner.load(target), data, maps)
    _write(tensors, header, target)


def rarity_of(captions: Sequence[Sequence[str]], words: Sequence[str]) -> Rarity:
    """Return in how many pictures' captions each n-gram stands; `captions` are a picture's five."""
    number = {word: index for index, word in enumerate(words)}
    seen: Counter[Gram] = Counter()
    for texts in captions:
        rows = [[number.get(word, UNKNOWN) for word in text.split()] for text in texts]
        seen.update({gram for row in rows for gram in _grams(row) if UNKNOWN not in gram})
    return Rarity(len(captions), {gram: n for gram, n in seen.items() if n >= _RARE})


def averaged(run: Path) -> dict[str, Tensor]:
    """Return the running average's state of the run in the folder `run`."""
    state: dict[str, Any] = torch.load(run / "run.pt", weights_only=True)
    prefix = "module."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state["average"].items()
        if name.startswith(prefix)
    }


def _grams(row: Sequence[int]) -> list[Gram]:
    lengths = range(1, _LONGEST_GRAM + 1)
    return [tuple(row[at : at + n]) for n in lengths for at in range(len(row) - n + 1)]


def _table(rarity: Rarity) -> tuple[Tensor, Tensor]:
    rows = [(*gram, *[-1] * (_LONGEST_GRAM - len(gram))) for gram in rarity.seen]
    counts = list(rarity.seen.values())
    return torch.tensor(rows, dtype=torch.int16), torch.tensor(counts, dtype=torch.int16)


def _threshold(captioner: Captioner, data: Flickr8k, maps: Path) -> float:
    """Return the mean log-probability that best parts poor captions from the others.

    "Best" is the greatest difference between the share of the poor and that of the others which
    lie below it (Youden's index).
    """
    cache_features(data, maps, "validation")
    features = Features(maps, "validation")
    names = features.names[:_CHOICE]
    found = [
        captioner.ranked(features.cells([index], [0])[0], DEFAULT_BEAMS)[0]
        for index in range(len(names))
    ]
    said = {
        name: captioner.text(caption.tokens) for name, caption in zip(names, found, strict=True)
    }
    poor = each_cider_d(said, data.captions) < _POOR
    means = np.array([caption.mean for caption in found])
    gains = [(means[poor] < at).mean() - (means[~poor] < at).mean() for at in means]
    return float(means[int(np.argmax(gains))])


def _write(tensors: dict[str, Tensor], header: dict[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target, {"captioner": json.dumps(header, separators=(",", ":"))})


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The Flickr8k folder.")
@click.option("--maps", required=True, type=click.Path(path_type=Path), help="The cached maps.")
@click.option("--run", required=True, type=click.Path(path_type=Path), help="The run's folder.")
@click.option("--target", required=True, type=click.Path(path_type=Path), help="File to write.")
def main(data: Path, maps: Path, run: Path, target: Path) -> None:
    """Make the shipped file from a run."""
    export(Flickr8k(data), maps, run, target)


if __name__ == "__main__":
    main()
