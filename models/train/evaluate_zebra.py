"""Measure a small zebra generator on horses that it was not trained on.

    python -m models.train.evaluate_zebra --horses DIR --masks DIR [--others DIR] [--sheet FILE]

Prints the figures that the generator's record states, as JSON, and draws a contact sheet. Trains
nothing and writes nothing else.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click
import torch
from torch.nn import functional as F  # noqa: N812  # torch's own name for it

from models.networks.zebra_student import MatteGenerator
from models.train.contact import sheet
from models.train.judges import ZEBRA, ReferenceClassifier
from models.train.pictures import Pictures, held_out, listed, read, read_masks
from models.train.weights import PRETRAINED, load

AROUND = 5
"""Pixels of 256 by which a mask is dilated before what's outside counts as background."""
CHANGED = 0.1
"""A pixel counts as changed when it differs by more than this much of the range."""


def zebra_shares(
    generator: MatteGenerator, horses: Pictures, judges: Sequence[ReferenceClassifier]
) -> dict[str, float]:
    """Return for each judge the share of answers whose top label is zebra."""
    hits = dict.fromkeys((judge.name for judge in judges), 0)
    for x in batches(horses):
        answer = generator(x)
        for judge in judges:
            hits[judge.name] += int((judge(answer).argmax(1) == ZEBRA).sum())
    return {name: count / len(horses) for name, count in hits.items()}


def changes(generator: MatteGenerator, horses: Pictures, masks: Pictures) -> tuple[float, float]:
    """Return the mean absolute change, of the range, outside and inside the dilated masks."""
    outside, inside = [], []
    for x, mask in zip(batches(horses), batches(masks), strict=True):
        change = (generator(x) - x).abs().mean(1, keepdim=True) / 2
        animal = F.max_pool2d((mask + 1) / 2, 2 * AROUND + 1, 1, AROUND)
        for c, a in zip(change, animal, strict=True):
            outside.append(float((c * (1 - a)).sum() / (1 - a).sum().clamp_min(1)))
            inside.append(float((c * a).sum() / a.sum().clamp_min(1)))
    return sum(outside) / len(outside), sum(inside) / len(inside)


def left_alone(generator: MatteGenerator, others: Pictures) -> dict[str, float]:
    """Return how much of pictures without horses changes: mean, and the share that's touched.

    A picture is touched when over one pixel in a hundred changes by more than `CHANGED`.
    """
    means, touched = [], 0
    for x in batches(others):
        change = (generator(x) - x).abs().mean(1) / 2
        means += change.mean((1, 2)).tolist()
        touched += int(((change > CHANGED).float().mean((1, 2)) > 0.01).sum())
    return {"change": sum(means) / len(means), "touched": touched / len(others)}


def seconds(generator: MatteGenerator, repeats: int = 10) -> float:
    """Return the median seconds for one 256x256 picture in float32 on torch's threads."""
    picture = torch.zeros(1, 3, 256, 256)
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        generator(picture)
        times.append(time.perf_counter() - start)
    return sorted(times[2:])[repeats // 2]


def batches(pictures: Pictures) -> list[torch.Tensor]:
    """Return `pictures` in [-1, 1], eight at a time."""
    return [pictures.pixels[i : i + 8] / 127.5 - 1 for i in range(0, len(pictures), 8)]


def contact(generator: MatteGenerator, horses: Pictures, count: int) -> list[list[torch.Tensor]]:
    """Return horse, answer and matte of the first `count` pictures."""
    groups = []
    for x in batches(Pictures(horses.names[:count], horses.pixels[:count])):
        answer, _, matte = generator.layers(x)
        groups += [[*group] for group in zip(x, answer, matte * 2 - 1, strict=True)]
    return groups


@click.command()
@click.option("--horses", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--masks", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--others", type=click.Path(exists=True, path_type=Path), help="No horses in these.")
@click.option("--weights", type=click.Path(exists=True, path_type=Path), default=PRETRAINED)
@click.option("--judge", "numbers", type=click.IntRange(0, 2), multiple=True, default=(0, 2))
@click.option("--sheet", "paper", type=click.Path(path_type=Path), help="A PNG to draw.")
@click.option("--count", default=40, show_default=True, help="Horses on the sheet.")
@click.option("--threads", default=2, show_default=True)
@torch.inference_mode()
def main(  # noqa: PLR0917  # click fills them by name
    horses: Path,
    masks: Path,
    others: Path | None,
    weights: Path,
    numbers: tuple[int, ...],
    paper: Path | None,
    count: int,
    threads: int,
) -> None:
    """Print how well WEIGHTS turns the held-out horses into zebras."""
    torch.set_num_threads(threads)
    generator = load(weights)
    kept = read([path for path in listed(horses) if held_out(path.name)])
    outside, inside = changes(generator, kept, read_masks(masks, kept.names))
    figures: dict[str, object] = {
        "horses": len(kept),
        "zebra": zebra_shares(generator, kept, [ReferenceClassifier(number) for number in numbers]),
        "background_change": outside,
        "animal_change": inside,
        "seconds": seconds(generator),
        "parameters": sum(p.numel() for p in generator.parameters()),
    }
    if others:
        figures["others"] = left_alone(generator, read(listed(others)))
    click.echo(json.dumps(figures, indent=2))
    if paper:
        sheet(contact(generator, kept, count), columns=6).save(paper, optimize=True)


if __name__ == "__main__":
    main()
