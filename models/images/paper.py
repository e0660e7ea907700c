"""From a file's mode to eight bits of red, green and blue, and what stands behind transparency.

Owns what is white in deep and in floating-point gray, and which paper a picture is shown on: white,
unless that would hide it.
"""

from typing import cast

from PIL import Image, ImageStat

BLANK = 2.0
"""Below this contrast there is nothing to see: a plain color, or what compression made of it."""

_PALE = 32
"""A picture that nowhere differs from its paper by more can't be seen on it, in any channel."""


def contrast(image: Image.Image) -> float:
    """Return the standard deviation of the brightness, of a range of 255."""
    return ImageStat.Stat(image.convert("L")).stddev[0]


def layers(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colors of `image`, in mode RGB, deep gray scaled, and its alpha, in mode L.

    Alpha is None where the picture can't be seen through anywhere.
    """
    if image.mode.startswith("I;16"):
        image = _scaled(image.convert("I"), (65535.0,))
    elif image.mode == "I":
        image = _scaled(image, (65535.0,))
    elif image.mode == "F":
        image = _scaled(image, (1.0, 255.0, 65535.0))
    if not image.has_transparency_data:
        return image.convert("RGB"), None
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    opaque = alpha.getextrema() == (255, 255)
    return image.convert("RGB"), None if opaque else alpha


def visible(
    colors: Image.Image, alpha: Image.Image | None
) -> tuple[Image.Image, Image.Image | None]:
    """Return what `layers` took apart, without an alpha that hides a whole picture.

    Some programs leave the fourth byte of each pixel empty.
    """
    hides = alpha is not None and alpha.getextrema() == (0, 0) and contrast(colors) >= BLANK
    return colors, None if hides else alpha


def on_paper(colors: Image.Image, alpha: Image.Image | None) -> tuple[Image.Image, bool]:
    """Return the picture that `layers` took apart as it looks on paper, and whether that is black.

    It is white, unless the picture can't be seen on that and can be on black.
    """
    if alpha is None:
        return colors, False
    white = _over(colors, alpha, "white")
    if min(low for low, _ in _extremes(white)) < 255 - _PALE:
        return white, False
    black = _over(colors, alpha, "black")
    seen = any(high - low > _PALE for low, high in _extremes(black))
    return (black, True) if seen else (white, False)


def _over(colors: Image.Image, alpha: Image.Image, paper: str) -> Image.Image:
    shown = Image.new("RGB", colors.size, paper)
    shown.paste(colors, mask=alpha)
    return shown


def _extremes(image: Image.Image) -> tuple[tuple[int, int], ...]:
    return cast("tuple[tuple[int, int], ...]", image.getextrema())  # three bands, so three pairs


def _scaled(image: Image.Image, whites: tuple[float, ...]) -> Image.Image:
    """Return `image`, of mode I or F, as 8-bit gray.

    White is the first of `whites` that no value exceeds; values that are negative or beyond all
    of them are a measurement without a white, and are stretched from the least to the greatest.
    """
    low, high = cast("tuple[float, float]", image.getextrema())  # one band, so one pair
    white = next((white for white in whites if low >= 0 and high <= white), None)
    black = low if white is None else 0.0
    scale = 255 / ((white or high) - black or 1.0)
    half = 0.5  # the conversion drops what is behind the point
    return image.point(lambda value: value * scale + (half - black * scale)).convert("L")
