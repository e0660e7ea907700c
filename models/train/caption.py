"""The recipe of our small captioner's weights, for `python -m models.train.caption`.

Owns the training of the decoder over cached maps: order, schedule, running average, checkpoints.
It can be stopped at any time and goes on from the last finished epoch.
`models.train.caption_export` makes the shipped file of what it leaves. Nothing here touches the
test split.
"""

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, distributed, multiprocessing
from torch.nn import functional

from models.networks.caption_transformer import END, MAX_WORDS, UNKNOWN, CaptionTransformer, Shape
from models.train.caption_data import Features, Flickr8k, Standard, cache_features, vocabulary

_log = logging.getLogger(__name__)

PADDING = -100
"""What `cross_entropy` leaves out."""


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run; two runs with the same ones and the same maps are the same.

    The shipped file had less: 1 epoch in one process, 4 more level ones in two, a sixth cooling
    towards an eighth that was given up, and 0.2 of a seventh, cooling to nothing with an average
    of 0.98.
    """

    epochs: float = 8.0
    pictures: int = 16
    seen: int = 5
    rate: float = 1e-3
    cooling: float = 3.0
    weight_decay: float = 0.02
    warm_up: int = 150
    dropout: float = 0.2
    smoothing: float = 0.1
    clip: float = 1.0
    averaging: float = 0.997
    seed: int = 1


@dataclass(frozen=True)
class Folders:
    """Where a run reads the data set and its maps, and where it keeps itself."""

    data: Path
    maps: Path
    run: Path


@dataclass(frozen=True)
class Team:
    """The processes that train together: each takes a share of every batch."""

    rank: int
    size: int

    def share(self, batch: list[int]) -> list[int]:
        """Return this process's part of `batch`."""
        return batch[self.rank :: self.size]

    def average_gradients(self, network: torch.nn.Module) -> None:
        """Give every process the mean of all processes' gradients."""
        if self.size == 1:
            return
        gradients = [p.grad for p in network.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        parts = (flat / self.size).split([gradient.numel() for gradient in gradients])  # type: ignore[no-untyped-call] # torch annotates it in part
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))


class Captions:
    """The training captions as token rows, five a picture."""

    def __init__(self, data: Flickr8k, names: list[str], words: list[str]) -> None:
        number = {word: index for index, word in enumerate(words)}
        self._rows = [
            [[number.get(word, UNKNOWN) for word in text.split()[:MAX_WORDS]] for text in texts]
            for texts in (data.captions[name] for name in names)
        ]

    def batch(self, pictures: list[int]) -> tuple[Tensor, Tensor]:
        """Return tokens (5 N, T) begun by `END`, and a mask of the real ones."""
        rows = [row for picture in pictures for row in self._rows[picture]]
        length = max(map(len, rows)) + 1
        tokens = torch.full((len(rows), length), END)
        real = torch.zeros((len(rows), length), dtype=torch.bool)
        for index, row in enumerate(rows):
            tokens[index, 1 : len(row) + 1] = torch.tensor(row)
            real[index, : len(row) + 1] = True
        return tokens, real


class Run:
    """A training run: the network, its running average, the optimiser, and where they are kept."""

    def __init__(
        self, folder: Path, recipe: Recipe, words: list[str], standard: Standard, team: Team
    ) -> None:
        self.recipe = recipe
        self._team = team
        self.epoch = 0
        self._file = folder / "run.pt"
        torch.manual_seed(recipe.seed)
        self.network = CaptionTransformer(Shape(len(words)), recipe.dropout)
        self.network.fine_mean.copy_(standard.mean)
        self.network.fine_std.copy_(standard.std)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network,
            multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.averaging),  # type: ignore[no-untyped-call] # torch annotates it in part
        )
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), recipe.rate, (0.9, 0.98), weight_decay=recipe.weight_decay
        )
        if self._file.exists():
            self._resume()

    def save(self) -> None:
        """Keep the run as it is, in place of what was kept before."""
        state = {
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        torch.save(state, self._file.with_suffix(".new"))
        self._file.with_suffix(".new").replace(self._file)

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self._file, weights_only=True)
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        _log.info("going on after epoch %d", self.epoch)

    def train_epoch(self, features: Features, captions: Captions) -> float:
        """Train once over every picture, or the part that is left; return the mean loss."""
        self.network.train()
        torch.manual_seed(hash((self.recipe.seed, self.epoch, self._team.rank)))
        losses = []
        batches = list(_batches(self.recipe, self.epoch, len(features.names), features.views))
        whole, left = len(batches), self.recipe.epochs - self.epoch
        batches = batches[: round(left * whole)]
        began = time.monotonic()
        for index, batch in enumerate(batches):
            rate = _rate(self.recipe, self.epoch * whole + index, whole)
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            pictures, views = (self._team.share(numbers) for numbers in batch)
            losses.append(self._step(features.cells(pictures, views), *captions.batch(pictures)))
            if index % 40 == 0 and self._team.rank == 0:
                _log.info(
                    "epoch %d, batch %d of %d, loss %.3f, %.2f s a batch",
                    *(self.epoch + 1, index, len(batches), sum(losses[-40:]) / len(losses[-40:])),
                    (time.monotonic() - began) / (index + 1),
                )
        self.epoch += 1
        return sum(losses) / len(losses)

    def _step(self, cells: Tensor, tokens: Tensor, real: Tensor) -> float:
        following = torch.cat([tokens[:, 1:], tokens.new_full((len(tokens), 1), END)], dim=1)
        targets = following[real]
        targets[targets == UNKNOWN] = PADDING
        logits = self.network(cells, tokens, real)
        loss = functional.cross_entropy(
            logits, targets, ignore_index=PADDING, label_smoothing=self.recipe.smoothing
        )
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch annotates it in part
        self._team.average_gradients(self.network)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        return loss.item()


def _batches(
    recipe: Recipe, epoch: int, pictures: int, views: int
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield picture numbers and the view of each, the same ones for the same epoch and seed."""
    random = np.random.default_rng([recipe.seed, epoch])
    order = random.permutation(pictures)
    for at in range(0, pictures - recipe.pictures + 1, recipe.pictures):
        chosen = order[at : at + recipe.pictures].tolist()
        yield chosen, random.integers(views, size=len(chosen)).tolist()


def _rate(recipe: Recipe, step: int, steps_an_epoch: int) -> float:
    """Return the learning rate: up in a line, level, and down in a line over the last epochs.

    As long as it is level, a run may go on towards another number of epochs.
    """
    left = recipe.epochs * steps_an_epoch - step
    up, down = (step + 1) / recipe.warm_up, left / (recipe.cooling * steps_an_epoch)
    return recipe.rate * min(up, down, 1.0)


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The Flickr8k folder.")
@click.option("--maps", required=True, type=click.Path(path_type=Path), help="Cached maps go here.")
@click.option("--run", required=True, type=click.Path(path_type=Path), help="Checkpoints go here.")
@click.option("--epochs", default=Recipe.epochs, show_default=True, help="The last may be a part.")
@click.option(
    "--cooling", default=Recipe.cooling, show_default=True, help="Epochs of falling rate."
)
@click.option("--processes", default=2, show_default=True, help="Of one thread each.")
def main(
    *, data: Path, maps: Path, run: Path, epochs: float, cooling: float, processes: int
) -> None:
    """Train the small captioner, or go on where a run in the same folder stopped."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "meeting").unlink(missing_ok=True)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    cache_features(Flickr8k(data), maps, "train")
    multiprocessing.spawn(  # type: ignore[attr-defined, no-untyped-call]  # torch re-exports it so
        _train,
        (processes, Folders(data, maps, run), Recipe(epochs=epochs, cooling=cooling)),
        nprocs=processes,
    )


def _train(rank: int, size: int, folders: Folders, recipe: Recipe) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    meeting = f"file://{(folders.run / 'meeting').resolve()}"
    distributed.init_process_group("gloo", meeting, rank=rank, world_size=size)
    flickr8k, features = Flickr8k(folders.data), Features(folders.maps, "train")
    texts = [text for name in features.names for text in flickr8k.captions[name]]
    words = vocabulary(texts, recipe.seen)
    standard = Standard.read(folders.maps)
    work = Run(folders.run, recipe, words, standard, Team(rank, size))
    captions = Captions(flickr8k, features.names, words)
    while work.epoch < recipe.epochs:
        loss = work.train_epoch(features, captions)
        if rank == 0:
            work.save()
            _log.info("epoch %d of %g done, mean loss %.4f", work.epoch, recipe.epochs, loss)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
