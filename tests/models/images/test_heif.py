"""HEIC, as phones write it: upright, in color and gray, see-through, damaged, within the limits."""

import pytest
from PIL import Image

from models.images.animation import open_sequence
from models.images.decode import DecodeError, decode
from models.images.decoder_pool import SLOW, DecoderPool, in_lane
from models.images.pixel_jobs import AtMost, Look, Looked
from tests.models.images.test_decode import near
from tests.models.pictures import animation, heic, scene


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_heic_is_a_picture(mode: str) -> None:
    """Of its size, with its colors."""
    image = scene((320, 240), mode)
    picture = decode(heic(image))
    assert (picture.image.mode, picture.image.size, picture.frames) == ("RGB", (320, 240), 1)
    for at in ((20, 20), (300, 20), (20, 220), (300, 220)):
        expected = image.convert("RGB").getpixel(at)
        assert isinstance(expected, tuple)
        assert near(picture.image.getpixel(at), expected, by=24)


def test_a_phone_held_upright_is_upright() -> None:
    """The container says so, and EXIF as well: it is turned once."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = scene((320, 240))
    picture = decode(heic(image, exif=exif.tobytes()))
    assert picture.image.size == (picture.width, picture.height) == (240, 320)
    corner = image.getpixel((20, 20))
    assert isinstance(corner, tuple)
    assert near(picture.image.getpixel((220, 20)), corner, by=24)


def test_transparency_and_films() -> None:
    """What can be seen through is on white, and a translation gets it apart."""
    image = scene((64, 64), "RGBA")
    image.putalpha(Image.linear_gradient("L").resize((64, 64)))
    assert near(decode(heic(image)).image.getpixel((32, 1)), (255, 255, 255), by=24)
    (frame,) = open_sequence(heic(image)).frames()
    assert frame.alpha is not None


def test_an_avif_of_the_same_family_is_still_one() -> None:
    """Its brand may be the one that HEICs have, too."""
    data = animation("AVIF", 1).replace(b"ftypavif", b"ftypmif1", 1)
    assert decode(data).image.size == (32, 32)


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
def test_a_heic_that_breaks_off_is_damaged(share: float) -> None:
    """Its pixels come last; nothing else is raised."""
    data = heic(scene((320, 240)))
    with pytest.raises(DecodeError) as caught:
        decode(data[: int(share * len(data))])
    assert caught.value.failure.code == "damaged_picture"


def test_decoders_read_it_within_their_limits() -> None:
    """Twelve million pixels, as phones take them, with bounded memory and time."""
    data = heic(Image.effect_noise((504, 378), 60).convert("RGB").resize((4032, 3024)))
    pool = DecoderPool()
    try:
        with in_lane(SLOW):
            looked = pool(Look(picture=data, views=(AtMost(longest=64),)))
        assert isinstance(looked, Looked)
        assert (looked.width, looked.height) == (4032, 3024)
    finally:
        pool.close()


def test_too_many_pixels_are_refused_by_the_header() -> None:
    """The size in the header counts before a pixel is decoded."""
    data = heic(scene((320, 240)))
    at = data.index(b"ispe") + 8
    huge = data[:at] + (30_000).to_bytes(4) * 2 + data[at + 8 :]
    with pytest.raises(DecodeError) as caught:
        decode(huge)
    assert caught.value.failure.code in {"too_many_pixels", "damaged_picture"}
