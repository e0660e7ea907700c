"""What stands behind transparency, and what comes of pictures with nothing in them at first."""

import struct

import pytest
from PIL import Image, ImageDraw

from models.images.animation import open_sequence
from models.images.decode import decode
from models.images.paper import BLANK, contrast
from tests.models.pictures import encoded, scene

FADING = ("GIF", "PNG", "WEBP")


def drawing(color: tuple[int, int, int], kind: str = "PNG") -> bytes:
    """Return a ring of one color on nothing."""
    image = Image.new("RGBA", (80, 60), (*color, 0))
    ImageDraw.Draw(image).ellipse((15, 5, 65, 55), outline=(*color, 255), width=8)
    return encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", [255, 240])
def test_a_white_drawing_is_shown_on_black(kind: str, value: int) -> None:
    """White on white shows nothing; the small print says what was done."""
    picture = decode(drawing((value, value, value), kind))
    (note,) = picture.notes
    assert "black" in str(note)
    assert picture.image.getpixel((0, 0)) == (0, 0, 0)
    assert picture.image.getpixel((19, 30)) == (value, value, value)
    (frame,) = open_sequence(drawing((value, value, value), kind)).frames()
    assert frame.seen()[0].tobytes() == picture.image.tobytes()
    assert frame.seen()[1] == picture.notes


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 0, 0), (200, 200, 200), (255, 255, 0)])
def test_what_can_be_seen_on_white_is_on_white(color: tuple[int, int, int]) -> None:
    """As ever, without a word."""
    picture = decode(drawing(color))
    assert picture.image.getpixel((0, 0)) == (255, 255, 255)
    assert picture.notes == ()


def bmp(image: Image.Image, alpha: int) -> bytes:
    """Return a BMP of 32 bits whose header speaks of alpha, which is the same everywhere."""
    pixels = image.convert("RGBA")
    pixels.putalpha(alpha)
    body = pixels.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes("raw", "BGRA")
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, *image.size, 1, 32, 3, len(body), 1, 1, 0, 0)
    header += masks + b"BGRs" + bytes(48)
    start = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + body


@pytest.mark.parametrize("alpha", [0, 255])
def test_an_alpha_that_hides_everything_is_ignored(alpha: int) -> None:
    """Programs that write 32 bits leave the fourth byte empty; the answer can be seen, too."""
    data = bmp(scene(), alpha)
    assert decode(data).image.tobytes() == scene().tobytes()
    (frame,) = open_sequence(data).frames()
    assert frame.alpha is None


def fading(kind: str, first: str, count: int = 12) -> bytes:
    """Return an animation that goes from a plain color to a scene."""
    begin, end = Image.new("RGB", (64, 48), first), scene()
    frames = [Image.blend(begin, end, number / (count - 1)) for number in range(count)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 50}
    return encoded(frames[0], kind, **options)


@pytest.mark.parametrize("kind", FADING)
@pytest.mark.parametrize("first", ["black", "white"])
def test_an_animation_that_fades_in_is_judged_by_what_comes(kind: str, first: str) -> None:
    """The first frame that can be seen well; the small print says which."""
    picture = decode(fading(kind, first))
    (note,) = picture.notes
    assert contrast(picture.image) >= 30
    assert 2 < int(str(note.values["frame"])) <= picture.frames == 12


def test_an_animation_that_appears_from_nothing() -> None:
    """Its first frame can be seen through everywhere."""
    frames = [Image.new("RGBA", (64, 48)), scene(mode="RGBA")]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    picture = decode(data)
    assert picture.image.tobytes() == scene().tobytes()
    assert [str(note) for note in picture.notes] == [
        "frame 2 of 2, because the animation begins blank"
    ]


def test_a_first_frame_with_something_in_it_is_the_one() -> None:
    """However much clearer later ones are."""
    frames = [Image.blend(Image.new("RGB", (64, 48)), scene(), share) for share in (0.2, 1.0)]
    picture = decode(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    assert picture.image.tobytes() == frames[0].tobytes()
    assert [str(note) for note in picture.notes] == ["frame 1 of 2"]


def test_an_animation_of_nothing_is_its_first_frame() -> None:
    """Also one whose later frames are cut off."""
    blank = [Image.new("RGB", (64, 48), color) for color in ("black", "white", "gray")]
    data = encoded(blank[0], "PNG", save_all=True, append_images=blank[1:])
    picture = decode(data)
    assert contrast(picture.image) < BLANK
    assert [str(note) for note in picture.notes] == ["frame 1 of 3"]
    cut = fading("PNG", "black")
    assert decode(cut[: len(cut) // 8]).image.size == (64, 48)
