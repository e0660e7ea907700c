"""Second stage of the zebra recipe: teach `SeparableGenerator` to paint, one layer at a time.

From random weights. Each part of the student is given what the teacher's part before it made, and
has to make of it what the teacher's own part makes (hints: Romero et al., "FitNets", ICLR 2015):
fifteen short lessons at once instead of one long one. Knows nothing of the matte network.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.networks.separable import SeparableGenerator
from models.networks.zebra_student import sorrel
from models.train.augment import crops, relit, retoned
from models.train.run import Run, Stateful, warm_and_falling

CROP, BATCH, RATE, ZOOM = 128, 8, 2e-3, (0.6, 1.3)
CUTS = (0, 4, 7, *range(10, 20), 22, 25, 28)
"""Where one part of the generator's layers ends and the next begins: block by block."""
LAST = 8.0
"""How much the last part's error, of a range of 2, weighs beside one of normalised maps."""


@dataclass(frozen=True)
class TrainingData:
    """Horses and their masks, uint8 and in the same order, and who paints the examples."""

    horses: torch.Tensor
    masks: torch.Tensor
    teacher: SeparableGenerator


class HintTraining:
    """What the stage trains and with what."""

    def __init__(self, generator: SeparableGenerator) -> None:
        self.generator = generator
        self.optimiser = torch.optim.Adam(generator.parameters(), RATE, betas=(0.9, 0.99))

    def parts(self) -> dict[str, Stateful]:
        """Return all that a checkpoint has to hold."""
        return {"generator": self.generator, "optimiser": self.optimiser}

    def step(self, lesson: TrainingData, dice: torch.Generator) -> dict[str, float]:
        """Take one step on a batch drawn from `lesson`; return the mean error and the last."""
        given = batch(lesson, dice)
        errors = []
        for ours, theirs in zip(_parts(self.generator), _parts(lesson.teacher), strict=True):
            with torch.no_grad():
                wanted = theirs(given.clone())  # some layers work in place
            errors.append((ours(given.clone()) - wanted).square().mean())
            given = wanted
        errors[-1] = errors[-1] * LAST
        total = torch.stack(errors).sum()
        self.optimiser.zero_grad()
        torch.autograd.backward(total)
        self.optimiser.step()
        return {"hints": total.item() / len(errors), "colour": errors[-1].item() / LAST}


def batch(lesson: TrainingData, dice: torch.Generator) -> torch.Tensor:
    """Draw windows of horses lit again and toned like a sorrel, (BATCH, 3, CROP, CROP)."""
    chosen = torch.randint(len(lesson.horses), (BATCH,), generator=dice)
    layers = torch.cat([lesson.horses[chosen], lesson.masks[chosen]], 1) / 255
    layers[:, 3:] = F.avg_pool2d(F.max_pool2d(layers[:, 3:], 5, 1, 2), 3, 1, 1)
    layers = crops(layers, CROP, ZOOM, dice)
    pictures, mask = layers[:, :3], layers[:, 3:]
    return sorrel(relit(retoned(pictures, mask, dice), dice, 0.5) * 2 - 1, mask)


def _parts(generator: SeparableGenerator) -> list[nn.Sequential]:
    return [generator.model[start:end] for start, end in pairwise(CUTS)]


def train(
    training: HintTraining, run: Run, lesson: TrainingData, steps: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train up to `steps` steps, going on where `run` was; yield each step's losses."""

    def take(step: int) -> dict[str, float]:
        for group in training.optimiser.param_groups:
            group["lr"] = RATE * warm_and_falling(step, steps)
        return training.step(lesson, run.dice)

    return run.steps(steps, take, save_every=100)
