"""The size at which a generator works: aspect ratio, memory, padding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.images.resize import array_of, image_of, padded
from models.images.sizes import FILM_PIXELS, LEAST_SIDE, MOST_PIXELS, working_size


@pytest.mark.parametrize(
    ("size", "short", "expected"),
    [
        ((1500, 1220), None, (314, 256)),  # as torchvision's Resize(256) has it
        ((256, 256), None, (256, 256)),
        ((1, 1), None, (256, 256)),
        ((600, 1200), 300, (300, 600)),
        ((4000, 3000), 9000, (1181, 886)),  # as much as the memory allows
        ((10, 90_000), None, (1, 8192)),  # nothing is to be seen in a longer strip
        ((100, 9000), 256, (91, 8190)),
        ((100, 9000), None, (53, 4770)),  # nobody asked for so much
        ((250, 1000), None, (256, 1024)),
        ((40, 30), 1, (21, 16)),  # as little as a generator takes
    ],
)
def test_the_working_size(
    size: tuple[int, int], short: int | None, expected: tuple[int, int]
) -> None:
    """The short side is as asked, or as published, or the nearest that can be done."""
    assert working_size(*size, short) == expected


@settings(deadline=None)
@given(st.integers(1, 64_000_000), st.integers(1, 64_000_000), st.integers(-1, 10_000))
def test_no_shape_outgrows_the_memory(width: int, height: int, short: int) -> None:
    """Whatever a header says, sides are whole and the padded picture is bounded."""
    wide, high = working_size(width, height, short)
    assert min(wide, high) >= 1
    assert max(wide, LEAST_SIDE) * max(high, LEAST_SIDE) <= MOST_PIXELS
    assert (wide <= high) == (width <= height) or wide == high


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (17, 16), (64, 50), (2, 19)])
def test_padding_adds_and_never_crops(size: tuple[int, int]) -> None:
    """Sides become multiples of 4 that are long enough, and the picture is still there."""
    pixels = np.random.default_rng(0).random((2, 3, *size), np.float32)
    whole = padded(pixels)
    height, width = whole.shape[-2:]
    assert height % 4 == width % 4 == 0
    assert min(height, width) >= LEAST_SIDE
    assert height - size[0] < 4 or height == LEAST_SIDE
    assert np.array_equal(whole[..., : size[0], : size[1]], pixels)


def test_padding_mirrors_where_it_can() -> None:
    """A long side is mirrored at its edge, a short one repeats it."""
    row = np.broadcast_to(np.arange(17, dtype=np.float32), (1, 3, 5, 17))
    whole = padded(row)
    assert whole[0, 0, 0, 16:].tolist() == [16, 15, 14, 13]
    assert whole[0, 0, 15].tolist() == whole[0, 0, 4].tolist()


def test_pictures_survive_the_way_to_arrays_and_back() -> None:
    """Every one of the 256 values comes back, and the range is [-1, 1]."""
    image = Image.linear_gradient("L").convert("RGB")
    pixels = array_of(image)
    assert (float(pixels.min()), float(pixels.max())) == (-1, 1)
    assert image_of(pixels).tobytes() == image.tobytes()
    assert image_of(pixels * 2).getextrema() == ((0, 255),) * 3
    assert image_of(np.abs(pixels) + 1).tobytes() == bytes([255]) * len(image.tobytes())


def test_forty_frames_of_a_usual_animation_are_worked_on() -> None:
    """So many of 256 by 384 pixels are within the bound of all frames together."""
    assert FILM_PIXELS >= 40 * 256 * 384
