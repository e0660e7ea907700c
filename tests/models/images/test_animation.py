"""Films: every frame upright, in time, with what can be seen through, and never too many."""

import pytest
from PIL import Image

from models.images.animation import MAX_FRAMES, open_sequence
from models.images.decode import DecodeError
from tests.models.pictures import animation, encoded, scene


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
@pytest.mark.parametrize("loop", [0, 2])
def test_frames_come_in_order_and_in_time(kind: str, loop: int) -> None:
    """Their number, colors, durations and loops, 0 being forever, are the file's."""
    hues = [Image.new("RGB", (20, 10), hue) for hue in ("red", "lime", "blue")]
    times = [50, 120, 200]
    data = encoded(hues[0], kind, save_all=True, append_images=hues[1:], duration=times, loop=loop)
    opened = open_sequence(data)
    shown = list(opened.frames())
    assert (opened.container, opened.frames_in_all, opened.loop) == (kind, 3, loop)
    assert [frame.duration for frame in shown] == times
    for frame, hue in zip(shown, hues, strict=True):
        (low, high), *_ = zip(frame.colors.getpixel((5, 5)), hue.getpixel((5, 5)), strict=True)  # type: ignore[arg-type]  # RGB, so tuples
        assert abs(low - high) < 8


@pytest.mark.parametrize(("kind", "container"), [("AVIF", "WEBP"), ("GIF", "GIF")])
def test_every_animation_has_a_container(kind: str, container: str) -> None:
    """One that takes long to write is answered in another."""
    assert open_sequence(animation(kind, 3)).container == container


def test_a_still_picture_is_one_frame() -> None:
    """Pages and layers are no animation."""
    pages = encoded(scene(), "TIFF", save_all=True, append_images=[scene()])
    for data in (encoded(scene()), pages):
        opened = open_sequence(data)
        assert (opened.container, opened.frames_in_all) == (None, 1)
        assert len(list(opened.frames())) == 1


def test_no_more_frames_than_the_cap() -> None:
    """The rest is counted and left."""
    grays = [Image.new("L", (8, 8), 5 * i) for i in range(MAX_FRAMES + 5)]
    opened = open_sequence(encoded(grays[0], "GIF", save_all=True, append_images=grays[1:]))
    assert opened.frames_in_all == MAX_FRAMES + 5
    assert len(list(opened.frames())) == MAX_FRAMES


def test_fewer_frames_where_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """All together have no more pixels than one picture may have."""
    monkeypatch.setattr("models.images.animation.MAX_PIXELS", 3 * 32 * 32 + 1)
    assert len(list(open_sequence(animation("GIF", 9)).frames())) == 3


def test_an_animation_ends_where_it_is_damaged() -> None:
    """What comes before is shown; a damaged beginning is refused."""
    noise = [Image.effect_noise((64, 64), 90 + i) for i in range(5)]
    data = encoded(noise[0], "GIF", save_all=True, append_images=noise[1:])
    cut = open_sequence(data[: len(data) // 2])
    assert 1 <= len(list(cut.frames())) < 5
    with pytest.raises(DecodeError):
        list(open_sequence(data[:900]).frames())


def test_the_picture_for_programs_without_animation_is_left_out() -> None:
    """An animated PNG may begin with a picture that is no part of the animation."""
    first, *rest = (Image.new("RGB", (8, 8), hue) for hue in ("red", "lime", "blue"))
    data = encoded(first, "PNG", save_all=True, append_images=rest, default_image=True)
    opened = open_sequence(data)
    assert opened.frames_in_all == 2
    assert [f.colors.getpixel((0, 0)) for f in opened.frames()] == [(0, 255, 0), (0, 0, 255)]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_frames_are_upright(kind: str) -> None:
    """EXIF's orientation holds for every frame."""
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = [scene((64, 32)), scene((64, 32)).rotate(180)]
    data = encoded(wide[0], kind, save_all=True, append_images=wide[1:], exif=exif)
    assert [frame.colors.size for frame in open_sequence(data).frames()] == [(32, 64)] * 2


def test_transparency_is_kept_apart() -> None:
    """The colors under it stay as they are; what is seen has white paper behind it."""
    image = scene((16, 16), "RGBA")
    image.putalpha(Image.linear_gradient("L").resize((16, 16)))
    (frame,) = open_sequence(encoded(image)).frames()
    assert frame.colors.tobytes() == scene((16, 16)).tobytes()
    assert frame.alpha is not None
    assert frame.alpha.tobytes() == image.getchannel("A").tobytes()
    assert min(frame.seen()[0].crop((0, 0, 16, 1)).tobytes()) > 230


def test_what_nothing_shines_through_has_no_alpha() -> None:
    """An alpha channel that says nothing is left out."""
    (frame,) = open_sequence(encoded(scene((16, 16), "RGBA"))).frames()
    assert frame.alpha is None


@pytest.mark.parametrize(("space", "kept"), [(b"RGB ", True), (b"GRAY", False), (b"CMYK", False)])
def test_only_profiles_for_rgb_are_kept(space: bytes, kept: bool) -> None:
    """The answer is RGB, whatever the picture was."""
    profile = bytes(16) + space + bytes(112)
    assert (open_sequence(encoded(scene(), icc_profile=profile)).profile == profile) == kept
