"""JPEGs without their end: answered from the rows that are there, which the small print counts."""

import io

import pytest
from PIL import Image

from models.bench.pictures import photograph
from models.images.animation import open_sequence
from models.images.decode import DecodeError, decode
from models.images.jpeg import ended
from tests.models.pictures import encoded

KINDS = ("baseline", "progressive", "gray", "CMYK")


def jpeg(kind: str) -> bytes:
    """Return a photograph as a JPEG of this kind."""
    with Image.open(io.BytesIO(photograph(480, 320))) as whole:
        image = whole.convert({"gray": "L", "CMYK": "CMYK"}.get(kind, "RGB"))
    return encoded(image, "JPEG", quality=92, progressive=kind == "progressive")


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_marker_alone_makes_no_difference(kind: str) -> None:
    """Every pixel is there; so it is if another program's bytes follow, or a half marker."""
    whole = jpeg(kind)
    assert ended(whole) is whole
    for data in (whole[:-2], whole[:-1], whole + b"trailing \xff\xda bytes"):
        picture = decode(data)
        assert picture.image.tobytes() == decode(whole).image.tobytes()
        assert picture.notes == ()


@pytest.mark.parametrize("kind", KINDS)
def test_wherever_the_last_hundredth_is_cut_it_is_answered(kind: str) -> None:
    """Also within a marker, a table or a scan's header; at most a row of blocks is missing."""
    data = jpeg(kind)
    for cut in range(3, len(data) // 100, 2 if kind == "progressive" else 9):
        picture = decode(data[:-cut])
        assert picture.image.size == (480, 320)


def test_missing_rows_are_told_until_they_are_the_most() -> None:
    """The share is that of the rows; a file with less than half of them is refused."""
    data = jpeg("baseline")
    shares = []
    for kept in (0.9, 0.75, 0.6):
        part = data[: int(kept * len(data))]
        (note,) = decode(part).notes
        (frame,) = open_sequence(part).frames()
        assert (note,) == frame.seen()[1]
        shares.append(float(note.values["share"].removesuffix(" %")))  # type: ignore[union-attr]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 12 < shares[1] < 30 < shares[2] < 50
    for kept in (0.3, 0.1):
        part = data[: int(kept * len(data))]
        with pytest.raises(DecodeError) as caught:
            decode(part)
        assert caught.value.failure.code == "damaged_picture"
        with pytest.raises(DecodeError):
            list(open_sequence(part).frames())


def test_the_rows_that_are_there_are_those_of_the_file() -> None:
    """And what is missing is gray, also where it is decoded smaller."""
    data = jpeg("baseline")
    cut = data[: int(0.7 * len(data))]
    whole, part = decode(data).image, decode(cut).image
    top = (0, 0, 480, 160)
    assert part.crop(top).tobytes() == whole.crop(top).tobytes()
    assert part.getpixel((240, 319)) == (128, 128, 128)
    assert decode(cut, 40).image.size == (60, 40)
    assert decode(cut, 40).notes


def test_a_gray_bottom_is_no_missing_one() -> None:
    """A whole file says nothing of missing rows, whatever is in them."""
    image = Image.new("RGB", (64, 64), (128, 128, 128))
    image.paste("red", (0, 0, 64, 16))
    assert decode(encoded(image, "JPEG")).notes == ()
