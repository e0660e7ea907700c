"""CycleGAN's training on tiny networks: it learns, stops and goes on, and gives published files."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from models.networks.cyclegan import ResNetGenerator
from models.train.cyclegan import CycleGAN, main, train
from models.train.discriminator import PatchDiscriminator
from models.train.pictures import listed, read
from models.train.pool import PicturePool
from models.train.run import Run


def weights_after(folder: Path, brown: Path, gray: Path, stops: tuple[int, ...]) -> torch.Tensor:
    """Train tiny networks for four steps, stopping after each of `stops`; return one weight."""
    data = (read(listed(brown), 36), read(listed(gray), 36))
    model = CycleGAN(filters=4, blocks=1)
    for stop in (*stops, 4):
        torch.manual_seed(3)
        model = CycleGAN(filters=4, blocks=1)
        run = Run(folder, model.parts(), seed=3)
        for step, _ in train(model, run, data, crop=32, steps=4):
            if step == stop:
                run.save(step)
                break
    weight: torch.Tensor = model.there.generator.state_dict()["model.1.weight"]
    return weight


def test_stopped_run_goes_on_as_if_never_stopped(tmp_path: Path, brown: Path, gray: Path) -> None:
    """Four steps in two goes give the weights of four steps in one."""
    whole = weights_after(tmp_path / "whole", brown, gray, ())
    halves = weights_after(tmp_path / "halves", brown, gray, (2,))
    torch.testing.assert_close(halves, whole)


@pytest.mark.slow
def test_cycle_loss_falls(tmp_path: Path, brown: Path, gray: Path) -> None:
    """After sixty steps going there and back loses less than at the start."""
    torch.manual_seed(0)
    model = CycleGAN(filters=4, blocks=1)
    data = (read(listed(brown), 36), read(listed(gray), 36))
    run = Run(tmp_path, model.parts(), seed=0)
    losses = [losses["cycle"] for _, losses in train(model, run, data, crop=32, steps=60)]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])


@pytest.mark.slow
def test_command_writes_published_files(tmp_path: Path, brown: Path, gray: Path) -> None:
    """The command leaves two generators that load strictly, a log and a contact sheet."""
    out = tmp_path / "out"
    folders = ["--first", str(brown), "--second", str(gray), "--out", str(out)]
    tiny = ["--steps", "20", "--filters", "4", "--blocks", "1", "--size", "32"]
    result = CliRunner().invoke(main, [*folders, *tiny], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    for name in ("there.pth", "back.pth"):
        state = torch.load(out / name, weights_only=True)
        ResNetGenerator(filters=4, blocks=1).load_state_dict(state)
    (line,) = (out / "log.jsonl").read_text().splitlines()
    assert set(json.loads(line)) == {"step", "there", "back", "cycle", "identity", "critics"}
    assert (out / "sheet.png").exists()


def test_rate_falls_linearly_over_the_second_half() -> None:
    """The rate stays for the first half and is half of that at three quarters."""
    model = CycleGAN(filters=4, blocks=1)
    rates = []
    for step in (0, 50, 75, 99):
        model.slow_down(step, 100)
        rates.append(model.optimizer.param_groups[0]["lr"] / 2e-4)
    assert rates == pytest.approx([1.0, 1.0, 0.5, 0.02])


def test_discriminator_sees_seventy_pixels() -> None:
    """One score depends on a patch of 70x70 pixels: with normalization off, no more, no less."""
    critic = PatchDiscriminator(filters=4)
    plain = torch.nn.Sequential(
        *(m for m in critic.model if not isinstance(m, torch.nn.InstanceNorm2d))
    )
    picture = torch.rand(1, 3, 142, 142, requires_grad=True)
    scores = plain(picture)
    torch.autograd.backward(scores[0, 0, 8, 8])
    assert picture.grad is not None
    touched = picture.grad.abs().sum((0, 1)).nonzero()
    assert (touched.amax(0) - touched.amin(0) + 1).tolist() == [70, 70]


def test_pool_gives_back_the_past() -> None:
    """A full pool keeps its size and answers with past pictures about half the time."""
    dice = torch.Generator().manual_seed(0)
    pool = PicturePool(size=5)
    given = [float(pool.mixed(torch.full((1, 1, 1, 1), float(i)), dice)) for i in range(205)]
    assert given[:5] == [0.0, 1.0, 2.0, 3.0, 4.0]
    past = sum(value != i for i, value in enumerate(given[5:], 5))
    assert 70 < past < 130
    assert len(pool.state_dict()["kept"]) == 5
