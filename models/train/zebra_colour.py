"""Third stage of the zebra recipe: bolder stripes for every kind of horse.

What the teacher paints on a horse toned like a sorrel, with its contrast raised, is what the
student has to paint on that horse lightened, darkened or lit again at random; and a classifier,
never one of those that judge the result, should call the answer a zebra. Only what is inside the
matte counts. Begins with what `zebra_hints` left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  # torch's own name for it
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from models.networks.separable import SeparableGenerator
from models.networks.zebra_student import MatteNetwork, sorrel, sure
from models.train.augment import crops, relit, retoned
from models.train.judges import ZEBRA, ReferenceClassifier
from models.train.losses import downsample_mask, inside, texture
from models.train.run import Run, Stateful, warm_and_falling

CROP, BATCH, RATE, ZOOM, BOLD = 192, 4, 4e-4, (0.75, 1.15), 1.35
WEIGHTS = {"colour": 4.0, "features": 2.0, "texture": 1.0, "zebra": 0.25}


@dataclass(frozen=True)
class TrainingData:
    """Horses, uint8 (N, 3, S, S); who finds them; and who paints the examples."""

    horses: torch.Tensor
    matte: MatteNetwork
    teacher: SeparableGenerator


class Features(nn.Module):
    """Early maps of an EfficientNet-Lite (strides 2, 4 and 8), for comparing textures."""

    def __init__(self, network: nn.Module) -> None:
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

    def __init__(self, generator: nn.Module, guide: ReferenceClassifier) -> None:
        self.generator = generator
        self.guide = guide
        self.features = Features(guide.network)
        blend = get_ema_multi_avg_fn(0.99)  # type: ignore[no-untyped-call]  # torch's own
        self.average = AveragedModel(generator, multi_avg_fn=blend)
        self.optimiser = torch.optim.Adam(generator.parameters(), RATE, betas=(0.5, 0.99))

    def parts(self) -> dict[str, Stateful]:
        """Return all that a checkpoint has to hold."""
        return {"generator": self.generator, "average": self.average, "optimiser": self.optimiser}

    def step(self, lesson: TrainingData, dice: torch.Generator) -> dict[str, float]:
        """Take one step on a batch drawn from `lesson`; return its losses by name."""
        horses, matte = drawn(lesson, dice)
        with torch.no_grad():
            target = boost_contrast(lesson.teacher(sorrel(horses * 2 - 1, matte)), matte)
        x = relit(retoned(horses, matte, dice), dice, 0.5) * 2 - 1
        answer = torch.lerp(x, self.generator(sorrel(x, matte)), matte)
        wanted = torch.lerp(x, target, matte)
        called = torch.full((BATCH,), ZEBRA)
        losses = {
            **likeness(self.features, answer, wanted, matte),
            "zebra": F.cross_entropy(self.guide.logits(answer), called),
        }
        optimizer_step(losses, WEIGHTS, self.generator, [self.optimiser])
        self.average.update_parameters(self.generator)
        return {name: loss.item() for name, loss in losses.items()}


def likeness(
    features: Features, answer: torch.Tensor, wanted: torch.Tensor, matte: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return how far `answer` is from `wanted` inside `matte`: colour, features and texture."""
    ours = features(answer)
    with torch.no_grad():
        theirs = features(wanted)
    pairs = zip(ours, theirs, strict=True)
    near = [inside(a - b, downsample_mask(matte, a)) for a, b in pairs]
    return {
        "colour": inside(answer - wanted, matte),
        "features": torch.stack(near).mean(),
        "texture": texture(ours, theirs, matte),
    }


def optimizer_step(
    losses: Mapping[str, torch.Tensor],
    weights: Mapping[str, float],
    network: nn.Module,
    optimisers: Sequence[torch.optim.Optimizer],
) -> None:
    """Take one step of `optimisers` down the sum of `losses`, each by its weight of that name."""
    total = torch.stack([weights[name] * loss for name, loss in losses.items()]).sum()
    for optimiser in optimisers:
        optimiser.zero_grad()
    torch.autograd.backward(total)
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    for optimiser in optimisers:
        optimiser.step()


def drawn(lesson: TrainingData, dice: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw windows of horses, (BATCH, 3, CROP, CROP), and the mattes found in them; in [0, 1]."""
    chosen = torch.randint(len(lesson.horses), (BATCH,), generator=dice)
    pictures = crops(lesson.horses[chosen] / 255, CROP, ZOOM, dice)
    with torch.no_grad():
        return pictures, sure(lesson.matte(pictures * 2 - 1))


def boost_contrast(colour: torch.Tensor, matte: torch.Tensor) -> torch.Tensor:
    """Raise the contrast of `colour`, in [-1, 1], around its mean inside `matte`."""
    area = matte.sum((2, 3), keepdim=True).clamp_min(1)
    mean = (colour * matte).sum((2, 3), keepdim=True) / area
    return (mean + (colour - mean) * BOLD).clamp(-1, 1)


def train(
    training: ColourTraining, run: Run, lesson: TrainingData, steps: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train up to `steps` steps, going on where `run` was; yield each step's losses."""

    def take(step: int) -> dict[str, float]:
        for group in training.optimiser.param_groups:
            group["lr"] = RATE * warm_and_falling(step, steps)
        return training.step(lesson, run.dice)

    return run.steps(steps, take, save_every=50)
