"""In which order a person reads the lines of a picture, and which of them belong together.

Plain geometry: lines are turned upright together, those close to one another become paragraphs,
and these are ordered by cutting the page along its widest gaps (Nagy and Seth, 1984).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from models.reading.detect import Corners

SAME_ROW = 0.6
"""Two parts are one line if they share so much of the lower one's height,"""
CLOSE = 1.1
"""and the gap between them is less than so many times its height."""
LIKE_HEIGHT = 1.6
LEADING = 0.9
"""Lines of a paragraph have less than so many times their height between them."""
SHARED = 0.3
"""They stand below one another for so much of the shorter one."""
FULL = 0.97
"""A line is wrapped where the next word would have made it longer than so much of the widest."""


_Cut: TypeAlias = tuple[float, list[int], list[int]]
"""How wide a gap is, and the places of what is before and behind it."""


@dataclass(frozen=True)
class Placed:
    """A line of text at `corners`; `forward` is the direction, of unit length, it is read in."""

    text: str
    corners: Corners
    forward: tuple[float, float]


@dataclass
class _Rectangle:
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def width(self) -> float:
        return self.right - self.left

    def joined(self, other: "_Rectangle") -> "_Rectangle":
        return _Rectangle(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass
class _Block(_Rectangle):
    places: list[int] = field(default_factory=list)


def paragraphs(lines: Sequence[Placed]) -> list[list[list[int]]]:
    """Return the places of `lines` as they are read: paragraphs of rows of parts of a row."""
    if not lines:
        return []
    where = _upright(lines)
    rows = _rows(where)
    blocks = _blocks(rows)
    return [
        [row.places for row in sorted(blocks[at], key=lambda row: row.top)]
        for at in _cut([_around(block) for block in blocks])
    ]


def is_wrapped(row: Placed, following: Placed, widest: float) -> bool:
    """Tell whether `following` goes on with `row`'s sentence, in a paragraph so wide at most."""
    length = _length(row)
    letter = length / max(len(row.text), 1)
    word = following.text.split(" ", 1)[0]
    return length + letter * (len(word) + 1) > FULL * widest


def _length(line: Placed) -> float:
    along = line.corners @ np.array(line.forward)
    return float(along.max() - along.min())


def widest(rows: Sequence[Placed]) -> float:
    """Return the length of the longest of `rows`."""
    return max(map(_length, rows))


def _upright(lines: Sequence[Placed]) -> list[_Rectangle]:
    """Return where the lines are once the page is turned so that most of them are level."""
    weights = np.array([_length(line) for line in lines])[:, None]
    forward = (np.array([line.forward for line in lines]) * weights).sum(0)
    size = float(np.linalg.norm(forward))
    x, y = forward / size if size > 1e-6 else (1.0, 0.0)
    turn = np.array([[x, -y], [y, x]])  # right-multiplied: along and down
    found = []
    for line in lines:
        turned = line.corners @ turn
        (left, top), (right, bottom) = turned.min(0), turned.max(0)
        found.append(_Rectangle(float(left), float(top), float(right), float(bottom)))
    return found


def _rows(where: Sequence[_Rectangle]) -> list[_Block]:
    """Return the lines, whose parts the detector may have found apart, from left to right."""
    rows: list[_Block] = []
    for place in sorted(range(len(where)), key=lambda at: where[at].left):
        part = where[place]
        row = next((row for row in rows if _continues(row, part)), None)
        if row is None:
            rows.append(_Block(part.left, part.top, part.right, part.bottom, [place]))
            continue
        joined = row.joined(part)
        row.top, row.right, row.bottom = joined.top, joined.right, joined.bottom
        row.places.append(place)
    return rows


def _continues(row: _Block, part: _Rectangle) -> bool:
    low, high = sorted((row.height, part.height))
    shared = min(row.bottom, part.bottom) - max(row.top, part.top)
    gap = part.left - row.right
    return (
        shared >= SAME_ROW * low and high <= LIKE_HEIGHT * low and -0.5 * low < gap <= CLOSE * low
    )


def _blocks(rows: Sequence[_Block]) -> list[list[_Block]]:
    """Return the rows by paragraphs: those close below one another, of like height."""
    group = list(range(len(rows)))

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    for one in range(len(rows)):
        for other in range(one):
            if _belong(rows[one], rows[other]):
                group[root(one)] = root(other)
    found: dict[int, list[_Block]] = {}
    for at, row in enumerate(rows):
        found.setdefault(root(at), []).append(row)
    return list(found.values())


def _belong(one: _Block, other: _Block) -> bool:
    upper, lower = sorted((one, other), key=lambda row: row.top)
    low, high = sorted((one.height, other.height))
    shared = min(one.right, other.right) - max(one.left, other.left)
    return (
        high <= LIKE_HEIGHT * low
        and lower.top - upper.bottom < LEADING * low
        and shared >= SHARED * min(one.width, other.width)
    )


def _around(rows: Sequence[_Block]) -> _Rectangle:
    whole: _Rectangle = rows[0]
    for row in rows:
        whole = whole.joined(row)
    return whole


def _cut(blocks: Sequence[_Rectangle]) -> list[int]:
    """Return the places of `blocks` in reading order: the page is cut along its widest gap."""

    def ordered(places: list[int]) -> list[int]:
        if len(places) < 2:
            return places
        rows = _widest_gap(places, lambda at: (blocks[at].top, blocks[at].bottom))
        side_by_side = _widest_gap(places, lambda at: (blocks[at].left, blocks[at].right))
        best = side_by_side if _are_columns(rows, side_by_side) else rows
        if best[0] <= 0:
            return sorted(places, key=lambda at: (blocks[at].top, blocks[at].left))
        return ordered(best[1]) + ordered(best[2])

    return ordered(list(range(len(blocks))))


def _are_columns(rows: _Cut, side_by_side: _Cut) -> bool:
    """Tell whether the page is to be cut into columns rather than bands.

    Where no band has anything on both sides of the gutter, as with speech bubbles, what is higher
    comes first.
    """
    left = set(side_by_side[1])
    facing = any(left.intersection(band) and not left.issuperset(band) for band in rows[1:])
    return side_by_side[0] > 0 and (rows[0] <= 0 or (facing and side_by_side[0] > rows[0]))


def _widest_gap(places: Sequence[int], span: Callable[[int], tuple[float, float]]) -> _Cut:
    """Return the widest gap between spans, 0 for none, and the `places` before and after it."""
    order = sorted(places, key=span)
    widest_gap, cut, end = 0.0, 0, span(order[0])[1]
    for number, at in enumerate(order[1:], start=1):
        begin, until = span(at)
        if begin - end > widest_gap:
            widest_gap, cut = begin - end, number
        end = max(end, until)
    return widest_gap, order[:cut], order[cut:]
