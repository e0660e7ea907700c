"""From the picture of a line to its letters: the recognizer, in batches, and what it is sure of.

Owns the cutting out of lines, their batches by width, and the decoding of the network's output
(Graves et al., 2006). Lines of several pictures share a batch.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.images.arrays import Array
from models.reading.detect import Corners
from models.reading.networks import SPACE, OnnxNetwork, Picture, alphabet, normalized

HEIGHT = 48
"""Pixels of a line as the recognizer sees it."""
MARGIN = 0.15
"""A line is cut out longer on both ends by so many times its height."""
NARROWEST, WIDEST = 32, 3200
BATCH_COLUMNS = 2560
"""Lines of a batch have together at most so many columns of pixels, so that none takes long."""
LIKE_WIDTH = 1.25
"""None is so many times as wide as another: much gray behind a line hides its blanks."""
SPACE_LIKELY = 0.1
"""So likely a blank between two letters is one, though no blank is likelier: the recognizer often
overlooks those between narrow capitals."""


@dataclass(frozen=True)
class Spelled:
    """A line as one recognizer spells it: `text`, and how sure it is of each character."""

    text: str
    sure: tuple[float, ...]

    @property
    def score(self) -> float:
        """The mean over its characters, in [0, 1]."""
        return sum(self.sure) / len(self.sure) if self.sure else 0.0


class Recognizer:
    """A network that spells lines with the letters of its alphabet."""

    def __init__(self, network: OnnxNetwork, letters: Sequence[str]) -> None:
        self.bytes = network.bytes
        self._network = network
        self._alphabet = letters
        self._space = len(letters) - 1

    @classmethod
    def load(cls, path: Path, threads: int) -> Self:
        """Return the recognizer in the ONNX file at `path`.

        Raises:
            RuntimeError: OpenVINO can't read it.
        """
        return cls(OnnxNetwork.load(path, threads), alphabet(path))

    def spelled(self, lines: Sequence[Picture]) -> list[Spelled]:
        """Return how each of `lines`, (48, W, 3), is spelled, in their order."""
        found: dict[int, Spelled] = {}
        for batch in batches([line.shape[1] for line in lines]):
            output = self._network.run(_stacked([lines[place] for place in batch]))
            for place, scores in zip(batch, output, strict=True):
                found[place] = self._decoded(scores)
        return [found[place] for place in range(len(lines))]

    def _decoded(self, scores: Array) -> Spelled:
        """Return what the scores (T, letters) of a line mean: its best path, repeats folded."""
        best = scores.argmax(1)
        sure = scores[np.arange(len(best)), best]
        begins = np.flatnonzero((best != 0) & (np.diff(best, prepend=-1) != 0))
        text: list[str] = []
        certain: list[float] = []
        before: int | None = None
        for step in begins.tolist():
            if before is not None and text[-1].isalnum() and self._alphabet[best[step]].isalnum():
                between = scores[before + 1 : step, self._space]
                if between.size and between.max() >= SPACE_LIKELY:
                    text.append(SPACE)
                    certain.append(float(between.max()))
            text.append(self._alphabet[best[step]])
            certain.append(float(sure[step]))
            before = step
        return Spelled("".join(text), tuple(certain))


def cut_out(picture: Picture, corners: Corners) -> Picture:
    """Return the line at `corners` of `picture` upright, as the recognizer sees it: (48, W, 3).

    What is much taller than wide is taken for a line turned by a quarter, clockwise.
    """
    process = import_module("rapidocr.utils.process_img")
    line: Picture = process.get_rotate_crop_image(picture, _with_margin(corners))
    height, width = line.shape[:2]
    wide = min(max(math.ceil(HEIGHT * width / height), NARROWEST), WIDEST)
    resized: Picture = _cv2().resize(line, (wide, HEIGHT))
    return resized


def _with_margin(corners: Corners) -> Corners:
    """Return `corners` farther apart along the line: the detector often cuts off a quotation mark.

    What is outside the picture is its edge repeated.
    """
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    long, short = (across, high) if wide >= high else (down, wide)
    step = MARGIN * short * long / max(wide, high, 1.0)
    signs = (-1, 1, 1, -1) if wide >= high else (-1, -1, 1, 1)
    wider: Corners = (corners + np.outer(signs, step)).astype(np.float32)
    return wider


def upside_down(line: Picture) -> Picture:
    """Return `line` turned by a half."""
    return line[::-1, ::-1]


def columns(corners: Corners) -> int:
    """Return how many columns of pixels the line at `corners` has for the recognizer, about."""
    one, other = (float(np.linalg.norm(corners[at] - corners[at + 1])) for at in (0, 1))
    short, long = sorted((max(one, 1.0), max(other, 1.0)))
    return min(max(math.ceil(HEIGHT * long / short), NARROWEST), WIDEST)


def batches(widths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places of lines that are recognized at once, all of like `widths`."""
    batch: list[int] = []
    for place in sorted(range(len(widths)), key=lambda at: widths[at]):
        like = not batch or widths[place] <= LIKE_WIDTH * widths[batch[0]]
        if batch and (not like or (len(batch) + 1) * widths[place] > BATCH_COLUMNS):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _stacked(lines: Sequence[Picture]) -> NDArray[np.float32]:
    """Return `lines` as one batch (N, 3, 48, W), the shorter ones filled up with gray."""
    widest = max(line.shape[1] for line in lines)
    batch = np.zeros((len(lines), 3, HEIGHT, widest), np.float32)
    for place, line in enumerate(lines):
        batch[place, :, :, : line.shape[1]] = normalized(line)
    return batch


@cache
def _cv2() -> Any:  # noqa: ANN401 - the module cv2
    return import_module("cv2")
