"""The shipped captioner from a finished run, for `python -m models.train.caption_export`.

Owns the file's making: the running average's weights in 8 bits, the words, how rare their
n-grams are, and the threshold below which a caption is a guess, chosen on validation (`whole`
makes all of it, `threshold` chooses that one again). It trains nothing and never looks at the test
split.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import click
import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from models.captioning.mbr import Gram, Rarity
from models.captioning.small import DEFAULT_BEAMS, Captioner, quantised
from models.networks.caption_transformer import UNKNOWN, Shape
from models.train.caption import Recipe
from models.train.caption_data import Features, Flickr8k, cache_features, vocabulary

Floats: TypeAlias = npt.NDArray[np.float64]

_PATH = click.Path(path_type=Path)
_NEWTON_STEPS = 20

_RARE = 5
"""N-grams in the captions of fewer pictures than this are not kept: they count as seen once."""

_LONGEST_GRAM = 4
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
    choose_threshold(data, maps, target)


def choose_threshold(data: Flickr8k, maps: Path, target: Path) -> None:
    """Write again from which mean log-probability on the captioner in `target` only guesses.

    It is the one at which a caption of the validation split is as likely poor as not.
    """
    with safe_open(target, framework="pt") as file:
        header = json.loads(file.metadata()["captioner"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    means, quality = _validated(Captioner.load(target), data, maps)
    header["threshold"] = even_odds(means, quality < _POOR)
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


def even_odds(values: Floats, holds: npt.NDArray[np.bool_]) -> float:
    """Return the value at which something is as likely to hold as not, by logistic regression.

    Args:
        values: One number an observation, not all alike.
        holds: Whether it held for each; some must lie out of line, or the curve has no end.
    """
    inputs = np.stack([values, np.ones_like(values)], axis=1)
    weights = np.zeros(2)
    for _ in range(_NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        curvature = (inputs * (likely * (1 - likely))[:, None]).T @ inputs
        weights += np.linalg.solve(curvature, inputs.T @ (holds - likely))
    return float(-weights[1] / weights[0])


def _validated(captioner: Captioner, data: Flickr8k, maps: Path) -> tuple[Floats, Floats]:
    """Return the mean log-probability and the CIDEr-D of each validation picture's caption."""
    from models.train.caption_scores import each_cider_d  # of the extra `train`

    cache_features(data, maps, "validation")
    features = Features(maps, "validation")
    found = [
        captioner.ranked(features.cells([index], [0])[0], DEFAULT_BEAMS)[0]
        for index in range(len(features.names))
    ]
    said = {
        name: captioner.text(caption.tokens)
        for name, caption in zip(features.names, found, strict=True)
    }
    return np.array([caption.mean for caption in found]), each_cider_d(said, data.captions)


def _write(tensors: dict[str, Tensor], header: dict[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target, {"captioner": json.dumps(header, separators=(",", ":"))})


@click.group()
def main() -> None:
    """Make the shipped file."""


_data = click.option("--data", required=True, type=_PATH, help="The Flickr8k folder.")
_maps = click.option("--maps", required=True, type=_PATH, help="The cached maps.")
_target = click.option("--target", required=True, type=_PATH, help="The file.")


@main.command()
@_data
@_maps
@_target
@click.option("--run", required=True, type=_PATH, help="The run's folder.")
def whole(data: Path, maps: Path, target: Path, run: Path) -> None:
    """Make the whole file from a run."""
    export(Flickr8k(data), maps, run, target)


@main.command()
@_data
@_maps
@_target
def threshold(data: Path, maps: Path, target: Path) -> None:
    """Choose again when a caption is a guess; all else in the file stays."""
    torch.set_num_threads(1)
    choose_threshold(Flickr8k(data), maps, target)


if __name__ == "__main__":
    main()
