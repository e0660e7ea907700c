"""The recipe of the way back: our own small zebra-to-horse generator, taught by the way there.

    python -m models.train.zebra_back --horses DIR --others DIR --out DIR

What `horse2zebra_small` makes of a horse is the question, and the horse toned like a sorrel the
answer; so no picture of a zebra is needed, and every stripe has its horse. Begins with the way
there's own weights. Resumable; losses, checkpoints and a contact sheet go to the folder OUT.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import click
import torch
from rich.progress import track
from torch.nn import functional as F  # noqa: N812  # torch's own name for it
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.networks.zebra_student import MatteGenerator, sorrel
from models.train.augment import crops, relit
from models.train.judges import SORREL, ReferenceClassifier
from models.train.losses import matte_loss
from models.train.pictures import Pictures, held_out, in_training, listed, read
from models.train.run import Run, Stateful, warm_and_falling
from models.train.weights import PRETRAINED, load, save
from models.train.zebra import draw
from models.train.zebra_colour import Features, likeness, optimizer_step
from models.train.zebra_matte import optimiser_for

CROP, HORSES, OTHERS, RATE, ZOOM = 192, 4, 2, 4e-4, (0.75, 1.15)
WEIGHTS = {"colour": 4.0, "features": 2.0, "texture": 1.0, "horse": 0.1, "matte": 1.0}

RECORD = {
    "task": "zebra2horse",
    "recipe": "python -m models.train.zebra_back",
    "data": "horse2zebra training half (Zhu et al., ICCV 2017; ImageNet pictures), seven horses in"
    " eight; Flickr8k training pictures without horses (Hodosh et al., 2013)",
    "origin": "begun with and taught by horse2zebra_small",
    "licence": "weights for research and education, as the pictures they learnt from",
}


@dataclass(frozen=True)
class TrainingData:
    """Horses and pictures of other things, uint8 (N, 3, S, S), and who makes them zebras."""

    horses: torch.Tensor
    others: torch.Tensor
    there: MatteGenerator


class BackTraining:
    """What is trained and with what; `average` holds the generator to keep."""

    def __init__(self, generator: MatteGenerator, guide: ReferenceClassifier) -> None:
        self.generator = generator
        self.guide = guide
        self.features = Features(guide.network)
        blend = get_ema_multi_avg_fn(0.99)  # type: ignore[no-untyped-call]  # torch's own
        self.average = AveragedModel(generator, multi_avg_fn=blend)
        self.colour = torch.optim.Adam(generator.colour.parameters(), RATE, betas=(0.5, 0.99))
        self.matte = optimiser_for(generator.matte)
        self._rates = [group["lr"] for group in self._groups()]

    def parts(self) -> dict[str, Stateful]:
        """Return all that a checkpoint has to hold."""
        return {
            "generator": self.generator,
            "average": self.average,
            "colour": self.colour,
            "matte": self.matte,
        }

    def slow_down(self, share: float) -> None:
        """Set every rate to `share` of what it began with."""
        for group, rate in zip(self._groups(), self._rates, strict=True):
            group["lr"] = rate * share

    def step(self, lesson: TrainingData, dice: torch.Generator) -> dict[str, float]:
        """Take one step on a batch drawn from `lesson`; return its losses by name."""
        zebras, horses, matte = drawn(lesson, dice)
        other = _windows(lesson.others, OTHERS, dice) * 2 - 1
        logits = self.generator.matte(torch.cat([zebras, other]))
        nothing = torch.zeros(OTHERS, 1, CROP, CROP)
        answer = torch.lerp(zebras, self.generator.colour(sorrel(zebras, matte)), matte)
        called = torch.full((HORSES,), SORREL)
        losses = {
            **likeness(self.features, answer, horses, matte),
            "horse": F.cross_entropy(self.guide.logits(answer), called),
            "matte": matte_loss(logits, torch.cat([matte, nothing])),
        }
        optimizer_step(losses, WEIGHTS, self.generator, [self.colour, self.matte])
        self.average.update_parameters(self.generator)
        return {name: loss.item() for name, loss in losses.items()}

    def _groups(self) -> chain[dict[str, float]]:
        return chain(self.colour.param_groups, self.matte.param_groups)


def drawn(
    lesson: TrainingData, dice: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw zebras and the horses they should become, in [-1, 1], and their matte in [0, 1]."""
    horses = _windows(lesson.horses, HORSES, dice)
    with torch.no_grad():
        zebras, _, matte = lesson.there.layers(relit(horses, dice, 0.5) * 2 - 1)
        return zebras, torch.lerp(zebras, sorrel(horses * 2 - 1, matte), matte), matte


def _windows(pictures: torch.Tensor, count: int, dice: torch.Generator) -> torch.Tensor:
    chosen = torch.randint(len(pictures), (count,), generator=dice)
    return crops(pictures[chosen] / 255, CROP, ZOOM, dice)


def train(
    training: BackTraining, run: Run, lesson: TrainingData, steps: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train up to `steps` steps, going on where `run` was; yield each step's losses."""

    def take(step: int) -> dict[str, float]:
        training.slow_down(warm_and_falling(step, steps))
        return training.step(lesson, run.dice)

    return run.steps(steps, take, save_every=50)


@click.command()
@click.option("--horses", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--others", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--there", type=click.Path(exists=True, path_type=Path), default=PRETRAINED)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--steps", default=300, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(  # noqa: PLR0917  # click fills them by name
    horses: Path, others: Path, there: Path, out: Path, steps: int, seed: int, threads: int
) -> None:
    """Train the way back of THERE; go on where a run in OUT was stopped."""
    torch.set_num_threads(threads)
    pictures = read(listed(horses))
    kept = pictures.only(held_out)
    way = load(there)
    lesson = TrainingData(pictures.only(in_training).pixels, read(listed(others)).pixels, way)
    student = copy.deepcopy(way).requires_grad_()
    training = BackTraining(student, ReferenceClassifier(1))
    run = Run(out, training.parts(), seed)
    for _ in track(train(training, run, lesson, steps), "back", steps):
        pass
    average = training.average.module
    assert isinstance(average, MatteGenerator)
    draw(average, made_zebras(way, kept, 32), out / "sheet.png")
    file = out / "zebra2horse_small.safetensors"
    save(average, file, RECORD)
    click.echo(f"Wrote {file}.")


@torch.inference_mode()
def made_zebras(way: MatteGenerator, horses: Pictures, count: int) -> Pictures:
    """Return the first `count` of `horses` as zebras, uint8."""
    made = [way(x[None] / 127.5 - 1) for x in horses.pixels[:count]]
    pixels = ((torch.cat(made) + 1) * 127.5).round().to(torch.uint8)
    return Pictures(horses.names[:count], pixels)


if __name__ == "__main__":
    main()
