"""How good the shipped captioner is, for `python -m models.train.caption_evaluate`.

Owns the figures of a split: scores, variety, time, how often everyday pictures are named rightly,
and, on request, a sheet of pictures with their captions to be looked at. It changes nothing that
is shipped.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import torch
from PIL import Image, ImageDraw

from models.captioning.encoder import fast_encoder, plain_encoder
from models.captioning.small import DEFAULT_BEAMS, WEIGHTS, Caption, Captioner
from models.captioning.views import prepare
from models.train.caption_corpus import SETS, Data
from models.train.caption_data import Pictures, Split
from models.train.caption_naming import counted, names_right
from models.train.caption_scores import scores
from models.train.caption_tagger import Evidence
from models.weights.store import WeightsStore

_COLUMNS, _SIDE, _TEXT = 6, 224, 64
_FEW = 60


def captions(
    captioner: Captioner, data: Pictures, names: Sequence[str], beams: int
) -> tuple[dict[str, Caption], float]:
    """Return the caption of each picture, encoded and searched alone, and seconds a picture."""
    maps = fast_encoder(plain_encoder(WeightsStore()), "cpu")
    said: dict[str, Caption] = {}
    seconds = 0.0
    for name, picture in zip(names, data.pictures(names), strict=True):
        began = time.process_time()
        with torch.inference_mode():
            cells = maps(torch.from_numpy(prepare(picture))[None])
            classes = maps.classes(cells).numpy()
            said[name] = captioner.caption(cells.numpy(), classes, [beams])[0]
        seconds += time.process_time() - began
    return said, seconds / len(said)


def naming(said: dict[str, Caption], known: dict[str, Evidence]) -> dict[str, float]:
    """Return the shares of labeled pictures named rightly, and wrongly without a warning."""
    labeled = {name: evidence for name, evidence in known.items() if counted(evidence)}
    right = {name: names_right(said[name].text, labeled[name]) for name in labeled}
    unmarked = [name for name in labeled if not (right[name] or said[name].guess)]
    return {
        "labelled": len(labeled),
        "named": sum(right.values()) / len(labeled),
        "wrong_unmarked": len(unmarked) / len(labeled),
        "guesses": sum(said[name].guess for name in labeled) / len(labeled),
    }


def sheet(data: Pictures, said: dict[str, Caption]) -> Image.Image:
    """Return the pictures of `said` in rows of six, each with its caption below."""
    rows = -(-len(said) // _COLUMNS)
    paper = Image.new("RGB", (_COLUMNS * _SIDE, rows * (_SIDE + _TEXT)), "white")
    draw = ImageDraw.Draw(paper)
    pictures = data.pictures(list(said))
    for index, (caption, picture) in enumerate(zip(said.values(), pictures, strict=True)):
        left, top = index % _COLUMNS * _SIDE, index // _COLUMNS * (_SIDE + _TEXT)
        paper.paste(picture.resize((_SIDE, _SIDE)), (left, top))
        text = ("I'm guessing: " if caption.guess else "") + caption.text
        lines = [text[at : at + 34] for at in range(0, len(text), 34)]
        draw.multiline_text((left + 4, top + _SIDE + 2), "\n".join(lines), fill="black")
    return paper


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The data sets.")
@click.option("--weights", default=WEIGHTS, type=click.Path(path_type=Path), help="The file.")
@click.option("--set", "name", default=SETS[0], type=click.Choice(SETS), help="Which data set.")
@click.option("--split", default="validation", type=click.Choice(["validation", "test"]))
@click.option("--beams", default=DEFAULT_BEAMS, show_default=True)
@click.option("--sheet", "sheet_file", type=click.Path(path_type=Path), help="PNG of 60 pictures.")
@click.option("--said", "said_file", type=click.Path(path_type=Path), help="All captions as JSON.")
def main(
    *,
    data: Path,
    weights: Path,
    name: str,
    split: Split,
    beams: int,
    sheet_file: Path | None,
    said_file: Path | None,
) -> None:
    """Print the figures of a split as one line of JSON."""
    torch.set_num_threads(1)  # a second one mostly waits: the matrices are tiny
    source = Data(data, Path())
    pictures: Pictures = source.flickr8k if name == SETS[0] else source.everyday
    names = pictures.names(split)
    known = dict(zip(names, source.evidence(name, split), strict=True))
    said, seconds = captions(Captioner.load(weights), pictures, names, beams)
    texts = {picture: said[picture].text for picture in names if known[picture].captions}
    found = scores(texts, {picture: known[picture].captions for picture in texts})
    figures = {**asdict(found), "seconds_a_picture": round(seconds, 4)}
    if name != SETS[0]:
        figures |= naming(said, known)
    figures["all_guesses"] = sum(caption.guess for caption in said.values())
    click.echo(json.dumps({"set": name, "split": split, "beams": beams, **figures}))
    if said_file:
        said_file.write_text(
            json.dumps({n: [c.text, c.guess, c.alternatives] for n, c in said.items()}, indent=1)
        )
    if sheet_file:
        shown = [n for n in names if name == SETS[0] or counted(known[n])]
        some = shown[:: max(len(shown) // _FEW, 1)][:_FEW]
        sheet(pictures, {n: said[n] for n in some}).save(sheet_file)


if __name__ == "__main__":
    main()
