"""From a decoded picture to what a network wants to see of it, in plain Pillow."""

import math

from PIL import Image

from models.images.pixel_jobs import AtMost, Crop, Exactly, View, Within

_LONGEST = 16
"""A side that is more times the other than this is cut to it about the center before resizing.

The center crop never sees the rest, and a strip of one by a million pixels, resized to 256 by 256
million, would not fit any memory.
"""


def seen(image: Image.Image, view: View) -> Image.Image:
    """Return what `view` shows of the RGB picture `image`."""
    match view:
        case Crop(resize=resize, crop=crop, resample=resample):
            return _cropped(image, resize, crop, Image.Resampling(resample))
        case Exactly(width=width, height=height, resample=resample):
            return image.resize((width, height), Image.Resampling(resample))
        case AtMost(longest=longest):
            small = image.copy()
            small.thumbnail((longest, longest))
            return small
        case Within(most=most, least=least):
            size = _within(*image.size, most, least)
            return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)


def _cropped(image: Image.Image, short: int, crop: int, how: Image.Resampling) -> Image.Image:
    """Return the pixels that torchvision's preset with these sizes would normalize."""
    longest = _LONGEST * min(image.size)
    if max(image.size) > longest:
        image = _center(image, min(image.width, longest), min(image.height, longest))
    width, height = image.size
    long = int(short * max(image.size) / min(image.size))
    image = image.resize((short, long) if width <= height else (long, short), how)
    return _center(image, crop, crop)


def _center(image: Image.Image, width: int, height: int) -> Image.Image:
    left, top = (
        -((wanted - there) // 2) if wanted > there else round((there - wanted) / 2)
        for wanted, there in ((width, image.width), (height, image.height))
    )
    return image.crop((left, top, left + width, top + height))


def _within(width: int, height: int, most_pixels: int, least: int) -> tuple[int, int]:
    scale = min(1.0, math.sqrt(most_pixels / (width * height)))
    most = most_pixels // least
    return (min(max(int(width * scale), least), most), min(max(int(height * scale), least), most))
