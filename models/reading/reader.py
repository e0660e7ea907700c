"""A reader with its networks: pictures in, their lines as a person reads them out.

Owns the bounds on what one picture may cost, and which spelling of a line is believed: the best of
the recognizers that are here, upright or upside down. A line that none is sure of is left out and
counted, since a wrong word is worse than none. One thread at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.reading import detect, order
from models.reading.detect import Corners
from models.reading.networks import SPACE, OnnxNetwork, Picture
from models.reading.order import Placed
from models.reading.recognize import Recognizer, Spelled, columns, cut_out, upside_down

MOST_LINES = 500
MOST_COLUMNS = 80_000
"""A picture's lines have together at most so many columns of pixels for the recognizer, the largest
letters first: about 3,500 letters. It bounds the time, whatever somebody posts."""

BELIEVED = 0.9
"""A line that is spelled less surely is shown to the other recognizers, too,"""
UPRIGHT = 0.8
"""and one that is still less sure upside down."""
LEGIBLE = 0.75
LEGIBLE_SHORT = {1: 0.995, 2: 0.97, 3: 0.95}
"""One that is spelled less surely in all of them is left out; so few letters, which leaves of a
tree look like, have to be surer."""
SURE = 0.8
"""A word with a character that is less sure is marked."""


@dataclass(frozen=True)
class Line:
    """A line of a picture: its text, and the places of its words that are not sure.

    `paragraph` counts from 0; `wrapped` says that the next line goes on with its sentence.
    """

    text: str
    score: float
    unsure: tuple[int, ...]
    corners: Corners
    paragraph: int
    wrapped: bool


@dataclass(frozen=True)
class Page:
    """What was read of a picture: its lines in reading order.

    `illegible` lines were left out because no recognizer was sure of them, `unread` because of the
    bounds. `share` of the picture, in [0, 1], is covered by lines of text.
    """

    lines: tuple[Line, ...]
    illegible: int
    unread: int
    share: float


@dataclass(frozen=True)
class _Piece:
    """One line to be spelled, of the page of that number."""

    page: int
    corners: Corners
    picture: Picture


class Reader:
    """A detector with at least one recognizer, of which the first leads."""

    def __init__(self, detector: OnnxNetwork, recognizers: Sequence[Recognizer]) -> None:
        self._detector = detector
        self._recognizers = recognizers

    def read(self, pictures: Sequence[Picture]) -> list[Page]:
        """Return what is written in each of `pictures`; their lines are spelled together."""
        boxes = [detect.lines_in(picture, self._detector) for picture in pictures]
        kept = [within_bounds(found) for found in boxes]
        pieces = [
            _Piece(number, corners, cut_out(picture, corners))
            for number, (picture, found) in enumerate(zip(pictures, kept, strict=True))
            for corners in found
        ]
        spelled = self._best([piece.picture for piece in pieces])
        pages = []
        for number, picture in enumerate(pictures):
            mine = [
                (piece, *one)
                for piece, one in zip(pieces, spelled, strict=True)
                if piece.page == number
            ]
            unread = len(boxes[number]) - len(kept[number])
            pages.append(_page(picture, mine, boxes[number], unread))
        return pages

    def covered(self, picture: Picture) -> float:
        """Return which share of `picture`, in [0, 1], text covers, at a glance."""
        return detect.glance(picture, self._detector)

    def _best(self, lines: Sequence[Picture]) -> list[tuple[Spelled, bool]]:
        """Return the surest spelling of each of `lines`, and whether it stands upside down."""
        first, *others = self._recognizers
        best = [(spelled, False) for spelled in first.spelled(lines)]
        for recognizer, turned, least in [
            *((other, False, BELIEVED) for other in others),
            *((each, True, UPRIGHT) for each in self._recognizers),
        ]:
            unsure = [at for at, (known, _) in enumerate(best) if known.score < least]
            again = [upside_down(lines[at]) if turned else lines[at] for at in unsure]
            for at, spelled in zip(unsure, recognizer.spelled(again), strict=True):
                if spelled.score > best[at][0].score:
                    best[at] = (spelled, turned)
        return best


def within_bounds(found: Sequence[Corners]) -> list[Corners]:
    """Return as many of the lines as the bounds allow, those with the largest letters first."""
    kept: list[Corners] = []
    spent = 0
    for corners in sorted(found, key=detect.line_height, reverse=True)[:MOST_LINES]:
        spent += columns(corners)
        if spent > MOST_COLUMNS:
            break
        kept.append(corners)
    return kept


def _page(
    picture: Picture,
    read: Sequence[tuple[_Piece, Spelled, bool]],
    boxes: Sequence[Corners],
    unread: int,
) -> Page:
    legible = [one for one in read if _is_legible(one[1])]
    placed = [
        Placed(spelled.text, piece.corners, _forward(piece.corners, turned=turned))
        for piece, spelled, turned in legible
    ]
    lines: list[Line] = []
    for number, rows in enumerate(order.paragraphs(placed)):
        joined = [_joined([(placed[at], legible[at][1]) for at in row]) for row in rows]
        widest = order.widest([one for one, _ in joined])
        for at, (row, spelled) in enumerate(joined):
            goes_on = at + 1 < len(joined) and order.is_wrapped(row, joined[at + 1][0], widest)
            lines.append(
                Line(
                    row.text, spelled.score, _unsure(spelled), row.corners, number, wrapped=goes_on
                )
            )
    area = sum(detect.area(corners) for corners in boxes)
    share = min(1.0, area / (picture.shape[0] * picture.shape[1]))
    return Page(tuple(lines), len(read) - len(legible), unread, share)


def _is_legible(spelled: Spelled) -> bool:
    letters = sum(letter.isalnum() for letter in spelled.text)
    return letters > 0 and spelled.score >= LEGIBLE_SHORT.get(letters, LEGIBLE)


def _forward(corners: Corners, *, turned: bool) -> tuple[float, float]:
    """Return the direction in which the line at `corners` is read; see `cut_out`."""
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    wide, high = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    along = down / max(high, 1e-6) if high >= 1.5 * wide else across / max(wide, 1e-6)
    x, y = (-along if turned else along).tolist()
    return (x, y)


def _joined(parts: Sequence[tuple[Placed, Spelled]]) -> tuple[Placed, Spelled]:
    """Return the parts of a row as one line."""
    if len(parts) == 1:
        return parts[0]
    texts: list[str] = []
    sure: list[float] = []
    for _, spelled in parts:
        trimmed = spelled.text.strip()
        begin = spelled.text.index(trimmed)
        texts.append(trimmed)
        sure += [*([1.0] if sure else []), *spelled.sure[begin : begin + len(trimmed)]]
    whole = np.concatenate([placed.corners for placed, _ in parts])
    first = parts[0][0]
    corners = _around(whole, first.forward)
    text = SPACE.join(texts)
    return Placed(text, corners, first.forward), Spelled(text, tuple(sure))


def _around(points: Corners, forward: tuple[float, float]) -> Corners:
    """Return the corners of the rectangle along `forward` around `points`."""
    x, y = forward
    turn = np.array([[x, -y], [y, x]])
    turned = points @ turn
    (left, top), (right, bottom) = turned.min(0), turned.max(0)
    level = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    back: Corners = (level @ turn.T).astype(np.float32)
    return back


def _unsure(spelled: Spelled) -> tuple[int, ...]:
    """Return the places of the words, parted by single spaces, that have an unsure character."""
    found, word, begun = [], 0, False
    least = 1.0
    for letter, sure in zip((*spelled.text, SPACE), (*spelled.sure, 1.0), strict=True):
        if letter != SPACE:
            least, begun = min(least, sure), True
            continue
        if begun and least < SURE:
            found.append(word)
        word, least, begun = word + begun, 1.0, False
    return tuple(found)
