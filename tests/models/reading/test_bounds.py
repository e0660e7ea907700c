"""No picture costs more than the bounds allow, whatever is in it."""

import numpy as np
import pytest
from PIL import Image

from models.reading.detect import LONGEST, MOST_PIXELS
from models.reading.reader import MOST_COLUMNS, MOST_LINES, Reader, within_bounds
from models.reading.recognize import BATCH_COLUMNS, batches, columns
from tests.models.reading.conftest import read
from tests.models.reading.rendered import FONTS, many_words


def corners(height: float, width: float = 400) -> np.ndarray:
    """Return a level line at the origin."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def test_the_largest_letters_are_kept() -> None:
    """As many lines as the bounds allow."""
    found = [corners(height, width=1000) for height in range(10, 900)]
    kept = within_bounds(found)
    assert 0 < len(kept) <= MOST_LINES
    assert sum(map(columns, kept)) <= MOST_COLUMNS
    assert [line[2, 1] for line in kept] == sorted((line[2, 1] for line in found), reverse=True)[
        : len(kept)
    ]


def test_a_batch_is_bounded() -> None:
    """Every line is in one, and none but a single line is wider."""
    widths = [32, 3200, 500, 510, 520, 40, 41] * 20
    found = list(batches(widths))
    assert sorted(place for batch in found for place in batch) == list(range(len(widths)))
    for batch in found:
        widest = max(widths[place] for place in batch)
        assert len(batch) == 1 or len(batch) * widest <= BATCH_COLUMNS


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (16, 9000)])
def test_odd_sizes_have_no_words(reader: Reader, size: tuple[int, int]) -> None:
    """A point and strips are read without an error."""
    assert not read(reader, Image.new("RGB", size, "white")).lines


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not (FONTS / "dejavu").is_dir(), reason="its fonts are not here")
def test_a_page_of_thousands_of_words_is_read_in_part(reader: Reader) -> None:
    """The lines that were too many are counted."""
    page = read(reader, many_words())
    assert page.lines
    assert page.unread > 0


def test_noise_has_no_words(reader: Reader) -> None:
    """As large as a reader sees it."""
    side = int(MOST_PIXELS**0.5)
    assert side <= LONGEST
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    assert not read(reader, Image.fromarray(noise)).lines
