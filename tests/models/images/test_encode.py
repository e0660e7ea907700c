"""Files that fit: which format and size is chosen, and what they carry."""

import io

import pytest
from PIL import Image, ImageChops

from models.images import encode
from models.images.animation import Container
from models.images.encode import DoesNotFitError, Timing
from models.jobs.answers import Image as File
from tests.models.pictures import scene

PLENTY = 10_000_000


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """Return a picture that no format can make small."""
    bands = [Image.effect_noise(size, 90) for _ in mode]
    return Image.merge(mode, bands)


def opened(file: File) -> Image.Image:
    """Return the file as Pillow reads it, whose size and format are what the file claims."""
    image = Image.open(io.BytesIO(file.data))
    assert image.size == (file.width, file.height)
    assert {"jpg": "JPEG"}.get(file.extension, file.extension.upper()) == image.format
    return image


def test_what_fits_is_kept_without_loss() -> None:
    """A picture that fits as a PNG is that, pixel for pixel."""
    file = encode.still(scene(), None, PLENTY)
    assert file.extension == "png"
    assert opened(file).tobytes() == scene().tobytes()


def test_what_does_not_is_a_jpeg_of_its_size() -> None:
    """The next attempt loses little and keeps the size."""
    picture = noise((200, 200))
    png = encode.still(picture, None, PLENTY)
    file = encode.still(picture, None, len(png.data) - 1)
    assert (file.extension, file.width, file.height) == ("jpg", 200, 200)
    assert encode.still(picture, None, len(png.data)).extension == "png"
    less = encode.still(picture, None, len(file.data) - 1)
    assert (less.width, less.height) == (140, 140)  # half as many pixels


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("limit", [200_000, 20_000, 2000, 700])
def test_then_it_is_made_smaller(mode: str, limit: int) -> None:
    """The limit is kept whatever it is, the shape too, and what could be seen through still can."""
    file = encode.still(noise((400, 200), mode), None, limit)
    assert len(file.data) <= limit
    image = opened(file)
    assert image.mode == mode
    if image.height >= 8:
        assert image.width / image.height == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(
    ("mode", "sides", "width"),
    [("RGB", (70_000, 2), 49_000), ("RGB", (65_501, 2), 45_850), ("RGBA", (17_000, 2), 11_900)],
)
def test_sides_beyond_a_format_are_shrunk_too(
    mode: str, sides: tuple[int, int], width: int
) -> None:
    """A JPEG's sides end at 65,500 pixels, a WebP's at 16,383."""
    picture = noise(sides, mode)
    png = encode.still(picture, None, PLENTY)
    file = encode.still(picture, None, len(png.data) - 1)
    assert file.extension == ("jpg" if mode == "RGB" else "webp")
    assert opened(file).width == width


def test_a_strip_is_shortened_until_it_fits() -> None:
    """Its short side stays a pixel."""
    file = encode.still(noise((5000, 1)), None, 1000)
    assert len(file.data) <= 1000
    assert opened(file).height == 1


def test_an_impossible_limit_is_said() -> None:
    """Not even one pixel fits into ten bytes."""
    with pytest.raises(DoesNotFitError):
        encode.still(noise((50, 50)), None, 10)


@pytest.mark.parametrize(("limit", "kind"), [(PLENTY, "png"), (20_000, "jpg")])
def test_the_profile_is_carried(limit: int, kind: str) -> None:
    """In whichever format the picture ends up."""
    profile = bytes(16) + b"RGB " + bytes(200)
    file = encode.still(noise((200, 200)), profile, limit)
    assert file.extension == kind
    assert opened(file).info["icc_profile"] == profile


@pytest.mark.parametrize("container", ["PNG", "WEBP", "GIF"])
def test_animations_carry_the_profile_where_they_can(container: Container) -> None:
    """A GIF has no place for one."""
    profile = bytes(16) + b"RGB " + bytes(200)
    file = encode.animation(film((20, 10)), Timing((9, 9, 9), 0), container, profile, PLENTY)
    assert opened(file).info.get("icc_profile") == (None if container == "GIF" else profile)


def test_loops_that_were_not_told_stay_untold() -> None:
    """A GIF that plays once says nothing of loops."""
    file = encode.animation(film((20, 10)), Timing((90, 90, 90), None), "GIF", None, PLENTY)
    assert "loop" not in opened(file).info


def film(size: tuple[int, int], mode: str = "RGB") -> list[Image.Image]:
    """Return three frames of noise."""
    return [noise(size, mode) for _ in range(3)]


@pytest.mark.parametrize("container", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize(("limit", "loop"), [(PLENTY, 0), (30_000, 3), (3000, 1)])
def test_animations_fit_their_own_container(
    container: Container, mode: str, limit: int, loop: int
) -> None:
    """Frames, timing and loops stay as they were, however small it has to be."""
    timing = Timing((50, 119.6, 200), loop)
    file = encode.animation(film((120, 60), mode), timing, container, None, limit)
    assert len(file.data) <= limit
    image = opened(file)
    assert image.format == container
    assert getattr(image, "n_frames", 1) == 3
    assert image.info["loop"] == loop
    durations = []
    for place in range(3):
        image.seek(place)
        image.load()
        durations.append(image.info["duration"])
    assert durations == [50, 120, 200]
    assert file.width == 120 if limit == PLENTY else file.width <= 120


@pytest.mark.parametrize("container", ["PNG", "WEBP", "GIF"])
def test_frames_do_not_show_through_each_other(container: Container) -> None:
    """Where a later frame can be seen through, the earlier one is gone."""
    left, right = (Image.new("RGBA", (20, 10)) for _ in range(2))
    left.paste("red", (0, 0, 10, 10))
    right.paste("blue", (10, 0, 20, 10))
    file = encode.animation([left, right], Timing((100, 100), 0), container, None, PLENTY)
    image = opened(file)
    image.seek(1)
    alpha = image.convert("RGBA").getchannel("A")
    assert ImageChops.difference(alpha, right.getchannel("A")).getextrema() == (0, 0)
