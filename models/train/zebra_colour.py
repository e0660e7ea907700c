"""Second stage of the zebra recipe: teach `SeparableGenerator` stripes for every kind of horse.

Taught by the published compressed generator: what it paints on a horse toned like a sorrel, with
bolder contrast, is what the student has to paint on that horse lightened, darkened or lit anew at
random. Only what is inside the mask counts. Knows nothing of the matte network.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.zebra_student import sorrel
from models.train.augment import crops, relit, retoned
from models.train.losses import inside, smaller, texture
from models.train.run import Run, Stateful

CROP, BATCH, RATE, BOLD = 160, 4, 1e-4, 1.35
WEIGHTS = {"colour": 4.0, "features": 2.0, "texture": 1.0}


@dataclass(frozen=True)
class Lesson:
    """Horses and their masks, uint8 and in the same order, and who paints the examples."""

    horses: torch.Tensor
    masks: torch.Tensor
    teacher: nn.Module


class Features(nn.Module):
    """Early maps of an EfficientNet-Lite (strides 2, 4 and 8), for comparing textures."""

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        part = network.get_submodule
        self.at2 = nn.Sequential(part("_conv_stem"), part("_bn0"), nn.ReLU6(), part("_blocks.0"))
        self.at4 = nn.Sequential(part("_blocks.1"), part("_blocks.2"))
        self.at8 = nn.Sequential(part("_blocks.3"), part("_blocks.4"), part("_blocks.5"))

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        """Return the three maps of `pictures` in [-1, 1], finest first."""
        at2 = self.at2(pictures)
        at4 = self.at4(at2)
        return [at2 / 4, at4 / 4, self.at8(at4) / 4]  # about one in size


class ColourTraining:
    """What the stage trains and with what; `average` holds the generator to keep."""

    def __init__(self, generator: nn.Module, features: Features) -> None:
        self.generator = generator
        self.features = features
        blend = get_ema_multi_avg_fn(0.995)  # type: ignore[no-untyped-call]  # torch's own
        self.average = AveragedModel(generator, multi_avg_fn=blend)
        self.optimiser = torch.optim.Adam(generator.parameters(), RATE, betas=(0.5, 0.999))

    def parts(self) -> dict[str, Stateful]:
        """Return all that a checkpoint has to hold."""
        return {
            "generator": self.generator,
            "average": self.average,
            "optimiser": self.optimiser,
        }

    def step(self, lesson: Lesson, dice: torch.Generator) -> dict[str, float]:
        """Take one step on a batch drawn from `lesson`; return its losses by name."""
        x, mask, target = batch(lesson, dice)
        answer = torch.lerp(x, self.generator(sorrel(x, mask)), mask)
        wanted = torch.lerp(x, target, mask)
        ours = self.features(answer)
        with torch.no_grad():
            theirs = self.features(wanted)
        pairs = zip(ours, theirs, strict=True)
        near = [inside(a - b, smaller(mask, a)) for a, b in pairs]
        losses = {
            "colour": inside(answer - wanted, mask),
            "features": torch.stack(near).mean(),
            "texture": texture(ours, theirs, mask),
        }
        total = torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
        self.optimiser.zero_grad()
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.optimiser.step()
        self.average.update_parameters(self.generator)
        return {name: loss.item() for name, loss in losses.items()}


def batch(lesson: Lesson, dice: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Draw pictures in [-1, 1] with animals retoned, their soft masks in [0, 1], and colours."""
    chosen = torch.randint(len(lesson.horses), (BATCH,), generator=dice)
    x = torch.cat([lesson.horses[chosen], lesson.masks[chosen]], 1) / 255
    x[:, 3:] = F.avg_pool2d(F.max_pool2d(x[:, 3:], 5, 1, 2), 3, 1, 1)
    x = crops(x, CROP, (0.65, 1.2), dice)
    pictures, mask = x[:, :3], x[:, 3:]
    with torch.no_grad():
        colour = bolder(lesson.teacher(sorrel(pictures * 2 - 1, mask)), mask)
    pictures = relit(retoned(pictures, mask, dice), dice, 0.5)
    return pictures * 2 - 1, mask, colour


def bolder(colour: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Raise the contrast of `colour`, in [-1, 1], around its mean inside `mask`."""
    area = mask.sum((2, 3), keepdim=True).clamp_min(1)
    mean = (colour * mask).sum((2, 3), keepdim=True) / area
    return (mean + (colour - mean) * BOLD).clamp(-1, 1)


def train(
    training: ColourTraining, run: Run, lesson: Lesson, steps: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train up to `steps` steps, going on where `run` was; yield each step's losses."""
    for step in range(run.resume(), steps):
        for group in training.optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * min(1.0, 2.0 * (1 - step / steps))
        losses = training.step(lesson, run.dice)
        if (step + 1) % 20 == 0:
            run.log(step + 1, losses)
        if (step + 1) % 100 == 0 or step + 1 == steps:
            run.save(step + 1)
        yield step + 1, losses
