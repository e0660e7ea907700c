"""CycleGAN's own training, as its paper describes it, for any two folders of pictures.

    python -m models.train.cyclegan --first DIR --second DIR --out DIR

Two generators, two 70x70 PatchGAN discriminators, least-squares, cycle and identity losses, a
pool of 50 past pictures, and a rate that falls linearly to nothing over the second half (Zhu et
al., ICCV 2017). Writes `there.pth` and `back.pth` with the published keys, a log, a checkpoint to
go on from, and a contact sheet.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click
import torch
from rich.progress import track

from models.networks.cyclegan import ResNetGenerator
from models.train.augment import crops
from models.train.contact import sheet
from models.train.discriminator import PatchDiscriminator
from models.train.losses import discriminator_loss, generator_loss
from models.train.pictures import Pictures, listed, read
from models.train.pool import PicturePool
from models.train.run import Run, Stateful

RATE, CYCLE, IDENTITY = 2e-4, 10.0, 5.0


class Side:
    """One direction: a generator, the critic of what it makes, and the critic's pool."""

    def __init__(self, filters: int, blocks: int) -> None:
        self.generator = ResNetGenerator(filters, blocks)
        self.critic = PatchDiscriminator(filters)
        self.pool = PicturePool()
        for module in chain(self.generator.modules(), self.critic.modules()):
            if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d):
                torch.nn.init.normal_(module.weight, 0.0, 0.02)
                assert module.bias is not None
                torch.nn.init.zeros_(module.bias)


class CycleGAN:
    """Both directions and their optimizers; `there` makes seconds of firsts, `back` the reverse."""

    def __init__(self, filters: int = 64, blocks: int = 9) -> None:
        self.there, self.back = Side(filters, blocks), Side(filters, blocks)
        makers = chain(self.there.generator.parameters(), self.back.generator.parameters())
        critics = chain(self.there.critic.parameters(), self.back.critic.parameters())
        self.optimizer = torch.optim.Adam(makers, RATE, betas=(0.5, 0.999))
        self.critics = torch.optim.Adam(critics, RATE, betas=(0.5, 0.999))

    def parts(self) -> dict[str, Stateful]:
        """Return all that a checkpoint has to hold."""
        parts: dict[str, Stateful] = {"optimiser": self.optimizer, "critics": self.critics}
        for name, side in (("there", self.there), ("back", self.back)):
            parts[f"{name}.generator"] = side.generator
            parts[f"{name}.critic"] = side.critic
            parts[f"{name}.pool"] = side.pool
        return parts

    def step(
        self, first: torch.Tensor, second: torch.Tensor, dice: torch.Generator
    ) -> dict[str, float]:
        """Take one step on pictures of both kinds, (N, 3, S, S) in [-1, 1]; return the losses."""
        there, back = self.there, self.back
        seconds, firsts = there.generator(first), back.generator(second)
        losses = {
            "there": generator_loss(there.critic(seconds)),
            "back": generator_loss(back.critic(firsts)),
            "cycle": (back.generator(seconds) - first).abs().mean()
            + (there.generator(firsts) - second).abs().mean(),
            "identity": (there.generator(second) - second).abs().mean()
            + (back.generator(first) - first).abs().mean(),
        }
        total = losses["there"] + losses["back"]
        total = total + CYCLE * losses["cycle"] + IDENTITY * losses["identity"]
        self.optimizer.zero_grad()
        torch.autograd.backward(total)
        self.optimizer.step()
        losses["critics"] = discriminator_loss(
            there.critic(second), there.critic(there.pool.mixed(seconds, dice))
        ) + discriminator_loss(back.critic(first), back.critic(back.pool.mixed(firsts, dice)))
        self.critics.zero_grad()
        torch.autograd.backward(losses["critics"])
        self.critics.step()
        return {name: loss.item() for name, loss in losses.items()}

    def slow_down(self, step: int, steps: int) -> None:
        """Set the rate for `step` of `steps`: full for the first half, then falling to nothing."""
        for group in chain(self.optimizer.param_groups, self.critics.param_groups):
            group["lr"] = RATE * min(1.0, 2.0 * (1 - step / steps))


def draw(pictures: Pictures, crop: int, dice: torch.Generator) -> torch.Tensor:
    """Draw one picture, mirrored half the time: a random window (1, 3, crop, crop) in [-1, 1]."""
    chosen = torch.randint(len(pictures), (1,), generator=dice)
    return crops(pictures.pixels[chosen] / 255, crop, (1.0, 1.0), dice) * 2 - 1


def train(
    model: CycleGAN, run: Run, data: tuple[Pictures, Pictures], crop: int, steps: int
) -> Iterator[tuple[int, dict[str, float]]]:
    """Train up to `steps` steps, going on where `run` was; yield each step's losses."""

    def take(step: int) -> dict[str, float]:
        model.slow_down(step, steps)
        first, second = (draw(pictures, crop, run.dice) for pictures in data)
        return model.step(first, second, run.dice)

    return run.steps(steps, take, save_every=200)


@torch.inference_mode()
def show(model: CycleGAN, data: tuple[Pictures, Pictures], path: Path) -> None:
    """Draw eight of each kind to `path`: the picture, its translation, and back again."""
    groups = []
    sides = (model.there.generator, model.back.generator)
    for pictures, make, remake in zip(data, sides, reversed(sides), strict=True):
        for pixels in pictures.pixels[:8]:
            side = pixels.shape[-1] // 4 * 4
            x = pixels[None, :, :side, :side] / 127.5 - 1
            made = make(x)
            groups.append([x[0], made[0], remake(made)[0]])
    sheet(groups, columns=8).save(path)


@click.command()
@click.option("--first", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--second", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--steps", default=240_000, show_default=True, help="200 epochs of 1,200 pictures.")
@click.option("--filters", default=64, show_default=True)
@click.option("--blocks", default=9, show_default=True)
@click.option("--size", default=256, show_default=True, help="Side of the crops, in pixels.")
@click.option("--seed", default=1, show_default=True)
def main(  # noqa: PLR0917  # click fills them by name
    first: Path,
    second: Path,
    out: Path,
    steps: int,
    filters: int,
    blocks: int,
    size: int,
    seed: int,
) -> None:
    """Learn to turn pictures like FIRST's into pictures like SECOND's, and back."""
    torch.manual_seed(seed)
    around = size * 286 // 256  # as the paper: read at 286, crop 256
    data = (read(listed(first), around), read(listed(second), around))
    model = CycleGAN(filters, blocks)
    run = Run(out, model.parts(), seed)
    for step, _ in track(train(model, run, data, size, steps), "cyclegan", total=steps):
        if step % 500 == 0 or step == steps:
            show(model, data, out / "sheet.png")
    run.resume()
    torch.save(model.there.generator.state_dict(), out / "there.pth")
    torch.save(model.back.generator.state_dict(), out / "back.pth")


if __name__ == "__main__":
    main()
