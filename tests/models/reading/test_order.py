"""Lines are put in the order in which a person reads them."""

import numpy as np

from models.reading.order import Placed, paragraphs


def line(text: str, left: float, top: float, width: float = 100, height: float = 20) -> Placed:
    """Return a level line."""
    corners = [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
    return Placed(text, np.array(corners, np.float32), (1.0, 0.0))


def read_out(*lines: Placed) -> list[str]:
    """Return the paragraphs, with rows parted by slashes."""
    return [
        " / ".join(" ".join(lines[at].text for at in row) for row in rows)
        for rows in paragraphs(lines)
    ]


def test_nothing_has_no_order() -> None:
    """No lines are no paragraphs."""
    assert paragraphs([]) == []


def test_columns_are_read_one_after_the_other() -> None:
    """The left one to its end, below a title over both."""
    left = [line(f"l{n}", 0, 100 + 25 * n) for n in range(3)]
    right = [line(f"r{n}", 300, 100 + 25 * n) for n in range(3)]
    title = line("title", 0, 0, width=400, height=40)
    assert read_out(*right, *left, title) == ["title", "l0 / l1 / l2", "r0 / r1 / r2"]


def test_the_upper_bubble_is_read_first() -> None:
    """Also where it stands on the right."""
    upper = [line("a", 320, 20), line("b", 330, 45)]
    lower = [line("c", 20, 200), line("d", 30, 225)]
    assert read_out(*lower, *upper) == ["a / b", "c / d"]


def test_parts_of_a_row_are_one_line() -> None:
    """A wide blank within is no gutter between columns."""
    assert read_out(line("world", 118, 2), line("hello", 0, 0)) == ["hello world"]


def test_large_letters_are_a_paragraph_of_their_own() -> None:
    """A heading doesn't go on in the small print below."""
    assert read_out(line("small", 0, 62, height=12), line("BIG", 0, 0, height=60)) == [
        "BIG",
        "small",
    ]


def test_a_page_that_lies_on_its_side_is_read_along_its_lines() -> None:
    """Turned by a quarter, clockwise: lines go down, the first is on the right."""
    first = [[220, 0], [220, 100], [200, 100], [200, 0]]
    second = [[195, 0], [195, 100], [175, 100], [175, 0]]
    down = (0.0, 1.0)
    placed = [
        Placed("second", np.array(second, np.float32), down),
        Placed("first", np.array(first, np.float32), down),
    ]
    assert paragraphs(placed) == [[[1], [0]]]
