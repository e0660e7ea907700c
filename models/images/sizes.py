"""At which size a generator works on a picture: aspect ratio kept, short side as asked, bounded."""

import math

SHORT_SIDE = 256
"""The short side at which every published generator was trained."""

LEAST_SIDE = 16
"""A generator's sides are at least this long and multiples of 4."""

LONGEST_SIDE = 8192
"""A strip is not enlarged beyond this: there is nothing in it to see."""

MOST_PIXELS = 1024 * 1024
"""A generator works on at most so many pixels at once, of one picture or several.

The published generator then needs some 1.5 GB and 23 times what it takes at 256x256: about 20
seconds on two cores.
"""

USUAL_PIXELS = MOST_PIXELS // 4
"""As many, where nobody asked for a size: a long strip would else cost what a large size does."""

FILM_PIXELS = 4 * MOST_PIXELS
"""All frames of an animation together have at most so many, as 40 frames of 256x384 do.

A small file would otherwise hold the worker for minutes.
"""


def working_size(width: int, height: int, short: int | None) -> tuple[int, int]:
    """Return width and height at which to work, the short side `short` if the memory allows it.

    The aspect ratio is kept as far as whole pixels, the memory and a side of one pixel allow;
    the long side is rounded down, as torchvision's `Resize` does.
    """
    low, high = sorted((width, height))
    pixels = MOST_PIXELS if short else USUAL_PIXELS
    most = min(math.isqrt(pixels * low // high), LONGEST_SIDE * low // high)
    least = max(1, min(max(short or SHORT_SIDE, LEAST_SIDE), most))
    longest = min(least * high // low, pixels // max(least, LEAST_SIDE), LONGEST_SIDE)
    return (least, longest) if width <= height else (longest, least)
