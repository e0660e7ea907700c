"""PNGs with more text than pixels: what no pixel depends on is skipped, and the rest kept."""

import os
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from models.images.animation import open_sequence
from models.images.decode import DecodeError, decode
from models.images.png import without_ballast
from tests.models.pictures import animation, encoded, scene

PLAIN = encoded(scene())


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(*chunks: bytes, at: int = 33) -> bytes:
    """Return the scene with `chunks` behind its header, or at its end."""
    return PLAIN[:at] + b"".join(chunks) + PLAIN[at:]


WORKFLOW = zlib.compress(b'{"nodes": 1} ' * 500_000)
BALLAST = {
    "zTXt": chunk(b"zTXt", b"workflow\0\0" + WORKFLOW),
    "iTXt": chunk(b"iTXt", b"workflow\0\1\0\0\0" + WORKFLOW),
    "tEXt": chunk(b"tEXt", b"prompt\0" + b"a horse, " * 500_000),
    "profile of 2 MB": chunk(b"iCCP", b"wide\0\0" + zlib.compress(os.urandom(2 << 20))),
    "broken profile": chunk(b"iCCP", b"wide\0\0no zlib"),
    "unknown kind": chunk(b"caBX", bytes(3 << 20)),
    "wrong checksum": chunk(b"tIME", bytes(7))[:-1] + b"?",
    "many profiles": chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 20))) * 50,
}


@pytest.mark.parametrize("name", BALLAST)
@pytest.mark.parametrize("at", [33, len(PLAIN) - 12], ids=["before", "behind"])
def test_large_chunks_are_skipped(name: str, at: int) -> None:
    """Before the pixels or behind them; for a look as for a film."""
    data = with_chunks(BALLAST[name], at=at)
    assert decode(data).image.tobytes() == scene().tobytes()
    (frame,) = open_sequence(data).frames()
    assert frame.colors.tobytes() == scene().tobytes()


def test_a_profile_of_usual_size_is_kept() -> None:
    """It is handed on with a translated picture."""
    profile = bytes(16) + b"RGB " + bytes(3000)
    data = encoded(scene(), icc_profile=profile)
    assert open_sequence(data).profile == profile
    assert without_ballast(data) == data


@pytest.mark.parametrize("form", ["eXIf", "zTXt", "iTXt"])
def test_which_way_is_up_is_kept(form: str) -> None:
    """Wherever programs write it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    if form == "eXIf":
        data = encoded(scene(), exif=exif)
    else:
        text = PngImagePlugin.PngInfo()
        if form == "zTXt":
            raw = exif.tobytes()
            text.add_text("Raw profile type exif", f"\nexif\n{len(raw)}\n{raw.hex()}\n", zip=True)
        else:
            text.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
        data = encoded(scene(), pnginfo=text)
    assert decode(data).image.size == (48, 64)


def test_animations_and_palettes_stay_as_they_are() -> None:
    """Nothing is dropped that says what the picture looks like."""
    moving = animation("PNG", 4)
    see_through = encoded(scene(mode="P"), transparency=3)
    assert without_ballast(moving) == moving
    assert without_ballast(see_through) == see_through


def test_endless_chunks_are_refused() -> None:
    """A file of nothing but chunks is not walked through to its end."""
    with pytest.raises(DecodeError) as caught:
        decode(with_chunks(chunk(b"prVt", b"") * 200_000))
    assert caught.value.failure.code == "damaged_picture"
