"""The recipe of our small captioner's weights, for `python -m models.train.caption`.

    python -m models.train.caption --data DATA --work WORK --start OLD --target NEW

Owns the training of the decoder over cached maps: order, schedule, running average, checkpoints.
It can be stopped at any time and goes on from the last checkpoint, exactly as if it had not been.
`models.train.caption_corpus` has what is learned and `models.train.caption_export` makes the
shipped file of the runs. Nothing here touches a test split.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

from models.captioning.nouns import nouns
from models.captioning.small import contents, dequantized
from models.networks.caption_shape import Shape
from models.networks.caption_transformer import CaptionTransformer
from models.train.caption_corpus import Batch, Corpus, Data, Share
from models.train.caption_critical import CriticalRecipe, CriticalRun
from models.train.caption_data import Standard
from models.train.caption_export import export
from models.train.caption_loss import summed_cross_entropy

_log = logging.getLogger(__name__)

_KEPT_EVERY = 100
_PATH = click.Path(path_type=Path)
_READING, _ALL = (Share.READING,), (Share.FLICKR8K, Share.EVERYDAY, Share.TEXT)


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run; two runs with the same ones and the same maps are the same.

    The first steps are for `reading`: sentences and tags without pictures. The shipped file began
    as the captioner before it, the one of commit a84d564, with both seeds reading together; while
    the rate was level, the labels' sentences lost their frames and most of their ends.
    """

    steps: int = 5400
    reading: int = 1500
    cooling: int = 1500
    rate: float = 6e-4
    weight_decay: float = 0.02
    warm_up: int = 150
    dropout: float = 0.2
    smoothing: float = 0.1
    clip: float = 1.0
    averaging: float = 0.997
    seed: int = 1


class Run:
    """A training run: the network, its running average, the optimizer, and where they are kept."""

    def __init__(self, folder: Path, recipe: Recipe, corpus: Corpus, standard: Standard) -> None:
        self.recipe = recipe
        self.step = 0
        self._corpus = corpus
        self._file = folder / "run.pt"
        torch.manual_seed(0)
        self.network = CaptionTransformer(Shape(len(corpus.words.words)), recipe.dropout)
        self.network.fine_mean.copy_(standard.mean)
        self.network.fine_std.copy_(standard.std)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.averaging),  # type: ignore[no-untyped-call] # torch annotates it in part
        )
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            recipe.rate,
            (0.9, 0.98),
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        if self._file.exists():
            self._resume()

    def save(self) -> None:
        """Keep the run as it is, in place of what was kept before."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimizer.state_dict(),
        }
        torch.save(state, self._file.with_suffix(".new"))
        self._file.with_suffix(".new").replace(self._file)

    def inherit(self, path: Path) -> None:
        """Begin with the weights of the captioner in the file at `path`.

        A new word begins as the mean of its parts or as its kind.
        """
        header, tensors = contents(path)
        known = _state_names(self.network)
        small = dequantized({n: t for n, t in tensors.items() if n in known})
        old = {name: torch.from_numpy(array) for name, array in small.items()}
        words = {word: row for row, word in enumerate(header["words"])}
        state = self.network.state_dict()
        for name, tensor in old.items():
            if name in ("word.weight", "bias"):
                for row, word in enumerate(self._corpus.words.words):
                    if parents := _kin(word, words):
                        state[name][row] = tensor[parents].mean(0)
            elif name not in ("fine_mean", "fine_std"):
                state[name][tuple(slice(size) for size in tensor.shape)] = tensor
                if "narrow.weight" in name:
                    state[name][:, tensor.shape[1] :] = 0
        state["tag.weight"].copy_(torch.eye(len(state["tag.weight"])))
        self.network.load_state_dict(state)
        self.average.module.load_state_dict(state)

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self._file, weights_only=True)
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimiser"])
        _log.info("going on after step %d", self.step)

    def train(self) -> None:
        """Train to the recipe's last step."""
        self.network.train()
        losses: list[float] = []
        began = time.monotonic()
        while self.step < self.recipe.steps:
            torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
            for group in self.optimizer.param_groups:
                group["lr"] = self.recipe.rate * _warmth(self.recipe, self.step)
            shares = _READING if self.step < self.recipe.reading else _ALL
            losses.append(self._learn(self._corpus.batches(shares, self.recipe.seed, self.step)))
            self.step += 1
            if self.step % _KEPT_EVERY == 0 or self.step == self.recipe.steps:
                self.save()
                pace = (time.monotonic() - began) / len(losses)
                mean = sum(losses[-_KEPT_EVERY:]) / len(losses[-_KEPT_EVERY:])
                _log.info("step %d, loss %.3f, %.2f s a step", self.step, mean, pace)

    def _learn(self, batches: list[Batch]) -> float:
        tokens = sum(int(batch.real.sum()) for batch in batches)
        self.optimizer.zero_grad()
        loss = sum(float(self._backward(batch, tokens)) for batch in batches)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return loss

    def _backward(self, batch: Batch, tokens: int) -> Tensor:
        """Add the gradients of one batch's part of the mean over `tokens`; return that part."""
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(batch.cells, batch.tags, batch.tokens, batch.real)
        loss = summed_cross_entropy(logits, batch, self.recipe.smoothing)
        (loss / tokens).backward()  # type: ignore[no-untyped-call] # torch annotates it in part
        return loss.detach() / tokens


def _state_names(network: CaptionTransformer) -> set[str]:
    return {part for name in network.state_dict() for part in (name, f"{name}.scale")}


def _kin(word: str, old: dict[str, int]) -> list[int]:
    """Return the old words that a word begins as: itself, its parts, or its kind."""
    if word in old:
        return [old[word]]
    kind = nouns()[word].kind if word in nouns() else ""
    return [old[part] for part in (*word.split(), *kind.split()) if part in old]


def _warmth(recipe: Recipe, step: int) -> float:
    """Return the share of the rate: up in a line, level, and down in a line over the last steps.

    As long as it is level, a run may go on towards another number of steps.
    """
    return min((step + 1) / recipe.warm_up, (recipe.steps - step) / recipe.cooling, 1.0)


def mean_of(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of several decoders' states."""
    return {name: torch.stack([s[name] for s in states]).mean(0) for name in states[0]}


def decoder_in(path: Path, words: Sequence[str]) -> dict[str, Tensor]:
    """Return the decoder's state in the captioner's file at `path`.

    Raises:
        ValueError: Its words are not `words`.
    """
    header, tensors = contents(path)
    if header["words"] != list(words):
        raise ValueError(f"{path} has other words than the data; train at least one seed")
    names = _state_names(CaptionTransformer(Shape(len(words))))
    known = dequantized({name: tensor for name, tensor in tensors.items() if name in names})
    return {name: torch.from_numpy(array) for name, array in known.items()}


@click.command()
@click.option("--data", required=True, type=_PATH, help="The folder of the three data sets.")
@click.option("--work", required=True, type=_PATH, help="Maps and checkpoints go here.")
@click.option("--start", required=True, type=_PATH, help="The captioner to begin with.")
@click.option("--target", required=True, type=_PATH, help="The file to make.")
@click.option("--steps", default=Recipe.steps, show_default=True)
@click.option("--cooling", default=Recipe.cooling, show_default=True, help="Steps of falling rate.")
@click.option("--seeds", default=2, show_default=True, help="Runs, whose mean goes on.")
@click.option("--critical-steps", default=CriticalRecipe.steps, show_default=True)
def main(
    *,
    data: Path,
    work: Path,
    start: Path,
    target: Path,
    steps: int,
    cooling: int,
    seeds: int,
    critical_steps: int,
) -> None:
    """Train the small captioner, or go on where it stopped, and make the shipped file of it.

    Without seeds, the captioner to begin with is the one that learns from its own captions.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    source = Data(data, work / "maps")
    source.cache()
    corpus = Corpus.read(source)
    states = []
    for seed in range(1, seeds + 1):
        folder = work / f"run{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        recipe = Recipe(steps=steps, cooling=cooling, seed=seed)
        run = Run(folder, recipe, corpus, Standard.read(source.maps))
        if not run.step:
            run.inherit(start)
        run.train()
        states.append(run.average.module.state_dict())
    decoder = mean_of(states) if states else decoder_in(start, corpus.words.words)
    critical = CriticalRun(work / "critical", CriticalRecipe(steps=critical_steps), corpus, decoder)
    critical.train()
    export(source, critical.average.module.state_dict(), target)


if __name__ == "__main__":
    main()
