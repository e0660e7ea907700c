"""The recipe of our own small horse-to-zebra generator, from folders of pictures to one file.

    python -m models.train.zebra --horses DIR --masks DIR --others DIR --teacher FILE --out DIR

Three stages, each resumable: where the animals are (`zebra_matte`), how the teacher paints them
(`zebra_hints`), and how to paint every kind of horse boldly (`zebra_colour`). One horse in eight,
chosen by its name, is never shown to any. Progress goes to the terminal; losses, checkpoints and
contact sheets to the folder OUT.
"""

import copy
from dataclasses import dataclass
from pathlib import Path

import click
import torch
from rich.progress import track

from models.networks.separable import SeparableGenerator
from models.networks.zebra_student import MatteGenerator
from models.train import zebra_colour, zebra_hints, zebra_matte
from models.train.contact import sheet
from models.train.evaluate_zebra import contact
from models.train.judges import ReferenceClassifier, weights_of
from models.train.pictures import Pictures, held_out, in_training, listed, read, read_masks
from models.train.run import Run
from models.train.weights import save

SHEET_EVERY = 200
"""Steps between two contact sheets."""
GENEROUS = 0.5
"""Added to the matte's logits at the end: finds 94 % of the animals' area rather than 92 %."""

RECORD = {
    "task": "horse2zebra",
    "recipe": "python -m models.train.zebra",
    "data": "horse2zebra training half (Zhu et al., ICCV 2017; ImageNet pictures), seven horses in"
    " eight; Flickr8k training pictures without horses (Hodosh et al., 2013)",
    "origin": "colour: from random weights, taught by the compressed CycleGAN generator of GAN"
    " Compression (Li et al., CVPR 2020); matte: features fine-tuned from EfficientNet-Lite0"
    " (Apache-2.0)",
    "licence": "weights for research and education, as the pictures they learnt from",
}


@dataclass(frozen=True)
class RunConfig:
    """Where a run's files go, how far it goes, and its seed."""

    out: Path
    steps: int
    seed: int


def train_matte(
    student: MatteGenerator,
    data: tuple[Pictures, Pictures, Pictures],
    sample: Pictures,
    go: RunConfig,
) -> None:
    """Train the student's matte on horses, masks and other pictures."""
    torch.manual_seed(go.seed)
    zebra_matte.begin_from_lite0(student.matte, torch.load(weights_of(0), weights_only=True))
    optimiser = zebra_matte.optimiser_for(student.matte)
    run = Run(go.out / "matte", {"network": student.matte, "optimiser": optimiser}, go.seed)
    steps = zebra_matte.train(student.matte, run, optimiser, data, go.steps)
    for step, _ in track(steps, "matte", total=go.steps):
        if step % SHEET_EVERY == 0 or step == go.steps:
            draw(student, sample, run.folder / "sheet.png")
    assert student.matte.logits.bias is not None
    with torch.no_grad():
        student.matte.logits.bias += GENEROUS


def train_hints(
    student: MatteGenerator, lesson: zebra_hints.TrainingData, sample: Pictures, go: RunConfig
) -> None:
    """Train the student's colour from random weights on the teacher's layers."""
    torch.manual_seed(go.seed)
    training = zebra_hints.HintTraining(student.colour)
    run = Run(go.out / "hints", training.parts(), go.seed)
    for step, _ in track(zebra_hints.train(training, run, lesson, go.steps), "hints", go.steps):
        if step % SHEET_EVERY == 0 or step == go.steps:
            draw(student, sample, run.folder / "sheet.png")


def train_colour(
    student: MatteGenerator, lesson: zebra_colour.TrainingData, sample: Pictures, go: RunConfig
) -> None:
    """Train the student's colour on `lesson`; leave the average of its last steps in it."""
    painter = copy.deepcopy(student.colour)
    training = zebra_colour.ColourTraining(painter, ReferenceClassifier(1))
    run = Run(go.out / "colour", training.parts(), go.seed)
    for step, _ in track(zebra_colour.train(training, run, lesson, go.steps), "colour", go.steps):
        if step % SHEET_EVERY == 0 or step == go.steps:
            student.colour.load_state_dict(training.average.module.state_dict())
            draw(student, sample, run.folder / "sheet.png")
    student.colour.load_state_dict(training.average.module.state_dict())


@torch.inference_mode()
def draw(student: MatteGenerator, sample: Pictures, path: Path) -> None:
    """Draw horse, answer and matte of every picture of `sample` to `path`."""
    sheet(contact(student, sample, len(sample)), columns=8).save(path)


@click.command()
@click.option("--horses", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--masks", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--others", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--teacher", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--matte-steps", default=950, show_default=True)
@click.option("--hint-steps", default=700, show_default=True)
@click.option("--colour-steps", default=400, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--threads", default=2, show_default=True)
def main(  # noqa: PLR0917  # click fills them by name
    horses: Path,
    masks: Path,
    others: Path,
    teacher: Path,
    out: Path,
    matte_steps: int,
    hint_steps: int,
    colour_steps: int,
    seed: int,
    threads: int,
) -> None:
    """Train the generator; go on where a run in OUT was stopped.

    HORSES and MASKS hold pictures of the same names (viridis: yellow is animal), OTHERS pictures
    without horses, people above all, TEACHER is GAN Compression's generator as a state dict.
    """
    torch.set_num_threads(threads)
    pictures = read(listed(horses))
    kept = pictures.only(in_training)
    sample = pictures.only(held_out)
    sample = Pictures(sample.names[:32], sample.pixels[:32])
    marked = read_masks(masks, kept.names)
    student = MatteGenerator()
    train_matte(
        student, (kept, marked, read(listed(others))), sample, RunConfig(out, matte_steps, seed)
    )
    painter = SeparableGenerator().eval().requires_grad_(requires_grad=False)
    painter.load_state_dict(torch.load(teacher, weights_only=True))
    hints = zebra_hints.TrainingData(kept.pixels, marked.pixels, painter)
    train_hints(student, hints, sample, RunConfig(out, hint_steps, seed))
    lesson = zebra_colour.TrainingData(kept.pixels, student.matte.eval(), painter)
    train_colour(student, lesson, sample, RunConfig(out, colour_steps, seed))
    file = out / "horse2zebra_small.safetensors"
    save(student, file, RECORD)
    click.echo(f"Wrote {file}. Next: python -m models.train.evaluate_zebra --weights {file}")


if __name__ == "__main__":
    main()
