"""Where a picture has lines of text: the detector, at the size at which its letters can be seen.

Owns the sizes. What becomes of the detector's map is `rapidocr`'s post-processing (Liao et al.,
2019, arXiv:1911.08947), which finds a turned rectangle around each line.
"""

import math
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.reading.networks import OnnxNetwork, Picture, normalized

Corners: TypeAlias = NDArray[np.float32]
"""Of a line, (4, 2), in the picture's pixels: from its upper left on, clockwise."""

FIRST_PIXELS = 640 * 640
"""A picture is first looked at with so many pixels; most words can be seen so."""
MOST_PIXELS = 1536 * 1536
"""With so many where the first look found small letters, or nothing."""
LONGEST = 4096
LARGEST_SCALE = 2.0
"""Small pictures are enlarged so far for the second look: their letters are smaller than those that
the detector was trained on."""
SMALL = 14
"""Letters of fewer pixels in the first look make a second one worth its time."""
GLANCE = 256
"""Pixels of the long side at which it is seen whether there are words worth reading."""
LARGEST_LINE = 0.5
"""No line covers so much of a picture: a glance may take the whole of one for a line."""
MOST_BOXES = 4000

_MULTIPLE = 32


def lines_in(picture: Picture, network: OnnxNetwork) -> list[Corners]:
    """Return where the lines of text in `picture` are, in no order; at most `MOST_BOXES`."""
    height, width = picture.shape[:2]
    scale = min(1.0, _scale(width, height, FIRST_PIXELS))
    found = _detected(picture, network, scale)
    full = min(LARGEST_SCALE, _scale(width, height, MOST_PIXELS))
    unseen = not found and scale < 1.0
    small = any(line_height(corners) * scale < SMALL for corners in found)
    if (unseen or small) and full > scale * 1.2:
        found = _detected(picture, network, full)
        network.release()
    return found


def glance(picture: Picture, network: OnnxNetwork) -> float:
    """Return which share of `picture`, in [0, 1], lines of text cover, as far as a glance tells."""
    scale = min(1.0, GLANCE / max(picture.shape[:2]))
    whole = picture.shape[0] * picture.shape[1]
    shares = [area(corners) / whole for corners in _detected(picture, network, scale)]
    return float(min(1.0, sum(share for share in shares if share < LARGEST_LINE)))


def line_height(corners: Corners) -> float:
    """Return the shorter side of a line in pixels."""
    return float(min(_side(corners, 0, 1), _side(corners, 1, 2)))


def area(corners: Corners) -> float:
    """Return how many pixels a line covers."""
    size: float = _side(corners, 0, 1) * _side(corners, 1, 2)
    return size


def _side(corners: Corners, one: int, other: int) -> float:
    return float(np.linalg.norm(corners[one] - corners[other]))


def _scale(width: int, height: int, pixels: int) -> float:
    return min(math.sqrt(pixels / (width * height)), LONGEST / max(width, height))


def _detected(picture: Picture, network: OnnxNetwork, scale: float) -> list[Corners]:
    height, width = picture.shape[:2]
    at = (_rounded(width * scale), _rounded(height * scale))
    resized = picture if at == (width, height) else _resized(picture, at)
    output = network.run(normalized(resized)[None])
    boxes, _ = _post_process()(output, (height, width))
    return [np.asarray(corners, np.float32) for corners in boxes]


def _resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return `picture` at `size`; where it becomes smaller, every pixel counts."""
    cv2 = _cv2()
    shrinks = size[0] < picture.shape[1] and size[1] < picture.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: Picture = cv2.resize(picture, size, interpolation=how)
    return resized


def _rounded(side: float) -> int:
    return max(_MULTIPLE, round(side / _MULTIPLE) * _MULTIPLE)


@cache
def _post_process() -> Any:  # noqa: ANN401 - a rapidocr DBPostProcess
    utils = import_module("rapidocr.ch_ppocr_det.utils")
    return utils.DBPostProcess(
        thresh=0.3,
        box_thresh=0.5,
        max_candidates=MOST_BOXES,
        unclip_ratio=1.6,
        use_dilation=True,
    )


@cache
def _cv2() -> Any:  # noqa: ANN401 - the module cv2
    return import_module("cv2")
