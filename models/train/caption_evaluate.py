"""How good the shipped captioner is, for `python -m models.train.caption_evaluate`.

Owns the figures of a split: scores, variety, time, and, on request, a sheet of pictures with
their captions to be looked at. It changes nothing that is shipped.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import torch
from PIL import Image, ImageDraw

from models.captioning.backends import own_encoder
from models.captioning.small import DEFAULT_BEAMS, WEIGHTS, Caption, Captioner, prepare
from models.train.caption_data import Flickr8k, Split
from models.train.caption_scores import scores
from models.weights.store import WeightsStore

_COLUMNS, _SIDE, _TEXT = 6, 224, 64


def captions(
    captioner: Captioner, data: Flickr8k, names: Sequence[str], beams: int
) -> tuple[dict[str, Caption], float]:
    """Return the caption of each picture, encoded and searched alone, and seconds a picture."""
    maps = own_encoder(WeightsStore(), torch.device("cpu"))
    said: dict[str, Caption] = {}
    seconds = 0.0
    for name, picture in zip(names, data.pictures(names), strict=True):
        began = time.perf_counter()
        with torch.inference_mode():
            cells = maps(prepare(picture)[None])
        said[name] = captioner.caption(cells, beams)[0]
        seconds += time.perf_counter() - began
    return said, seconds / len(said)


def sheet(data: Flickr8k, said: dict[str, Caption]) -> Image.Image:
    """Return the pictures of `said` in rows of six, each with its caption below."""
    rows = -(-len(said) // _COLUMNS)
    paper = Image.new("RGB", (_COLUMNS * _SIDE, rows * (_SIDE + _TEXT)), "white")
    draw = ImageDraw.Draw(paper)
    pictures = data.pictures(list(said))
    for index, (caption, picture) in enumerate(zip(said.values(), pictures, strict=True)):
        left, top = index % _COLUMNS * _SIDE, index // _COLUMNS * (_SIDE + _TEXT)
        paper.paste(picture, (left, top))
        text = ("I'm guessing: " if caption.guess else "") + caption.text
        lines = [text[at : at + 34] for at in range(0, len(text), 34)]
        draw.multiline_text((left + 4, top + _SIDE + 2), "\n".join(lines), fill="black")
    return paper


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The Flickr8k folder.")
@click.option("--weights", default=WEIGHTS, type=click.Path(path_type=Path), help="The file.")
@click.option("--split", default="validation", type=click.Choice(["validation", "test"]))
@click.option("--beams", default=DEFAULT_BEAMS, show_default=True)
@click.option("--sheet", "sheet_file", type=click.Path(path_type=Path), help="PNG of 24 pictures.")
def main(data: Path, weights: Path, split: Split, beams: int, sheet_file: Path | None) -> None:
    """Print the figures of a split as one line of JSON."""
    torch.set_num_threads(1)  # a second one mostly waits: the matrices are tiny
    flickr8k = Flickr8k(data)
    names = flickr8k.names(split)
    said, seconds = captions(Captioner.load(weights), flickr8k, names, beams)
    found = scores({name: caption.text for name, caption in said.items()}, flickr8k.captions)
    guesses = sum(caption.guess for caption in said.values())
    figures = {**asdict(found), "guesses": guesses, "seconds_a_picture": round(seconds, 4)}
    click.echo(json.dumps({"split": split, "beams": beams, **figures}))
    if sheet_file:
        some = names[:: len(names) // 24][:24]
        sheet(flickr8k, {name: said[name] for name in some}).save(sheet_file)


if __name__ == "__main__":
    main()
