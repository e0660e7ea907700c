"""What `models.images.decode` makes of every kind of file, whole and damaged."""

import io
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable

import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor

from models.bench.pictures import photograph
from models.images.decode import DecodeError, decode
from models.jobs.answers import FailureCode
from tests.models.pictures import ANIMATED, animation, damaged, encoded, every_kind, scene

UNREAD = {"JPEG2000", "ICO", "ICNS", "TGA", "PCX", "SGI", "DDS", "XBM"}
"""Formats that Pillow writes and Bobby does not read."""


def huge_png(side: int) -> bytes:
    """Return a PNG of a few kB that claims `side` by `side` pixels and truly holds its rows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    rows = b"".join(packer.compress(row) for _ in range(100)) + packer.flush()
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def bmp_rle(side: int, body: bytes) -> bytes:
    """Return a run-length encoded BMP of `side` by `side` pixels."""
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 1, 1, 256, 0)
    start = 14 + len(header) + 1024
    return (
        b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + bytes(1024) + body
    )


def png_with(chunks: bytes) -> bytes:
    """Return a tiny PNG with `chunks` behind its header."""
    whole = encoded(Image.new("L", (8, 8)))
    return whole[:33] + chunks + whole[33:]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def tiff_with(tag: int, kind: int, count: int) -> bytes:
    """Return a TIFF whose entry `tag` has `count` numbers of four bytes or more."""
    entries = {256: (4, 1, 2500), 257: (4, 1, 2500), 258: (3, 1, 8), 259: (3, 1, 1)}
    entries |= {262: (3, 1, 1), 273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 1), 279: (4, 1, 1)}
    body_at = 8 + 2 + 12 * len(entries | {tag: 0}) + 4
    entries[tag] = (kind, count, body_at)
    packed = b"".join(struct.pack("<HHII", t, *entry) for t, entry in sorted(entries.items()))
    body = b"\1\0\0\0" * (count * (2 if kind == 5 else 1))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4) + body


def refusal(data: bytes) -> tuple[FailureCode, str]:
    """Return the code and the sentence that `data` is refused with."""
    with pytest.raises(DecodeError) as caught:
        decode(data)
    return caught.value.failure.code, str(caught.value.failure.sentence)


def kind_of(data: bytes) -> str | None:
    """Return Pillow's name for the format of `data`."""
    with Image.open(io.BytesIO(data)) as told:
        return told.format


def near(pixel: object, expected: tuple[int, ...], by: int = 6) -> bool:
    """Tell whether an RGB pixel is `expected`, but for a lossy format's rounding."""
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, expected, strict=True))


@pytest.mark.parametrize("data", [data for data in every_kind() if kind_of(data) not in UNREAD])
def test_every_kind_becomes_rgb_of_its_size(data: bytes) -> None:
    """Whatever the format and the mode, the answer is RGB and as large as the file says."""
    with Image.open(io.BytesIO(data)) as told:
        size = told.size
    picture = decode(data)
    assert picture.image.mode == "RGB"
    assert picture.image.size == size


@pytest.mark.parametrize("kind", ["PNG", "BMP", "DIB", "TIFF", "PPM"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    """An RGB picture comes through a lossless format unchanged."""
    assert decode(encoded(scene(), kind)).image.tobytes() == scene().tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(kind: str, orientation: int) -> None:
    """A picture stored turned, with the orientation that says so, comes out upright."""
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    upright = scene((64, 48))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright if turned is None else upright.transpose(turned)
    image = decode(encoded(stored, kind, exif=exif)).image
    assert image.size == (64, 48)
    for at in ((4, 4), (60, 4), (4, 44), (60, 44)):
        expected = upright.getpixel(at)
        assert isinstance(expected, tuple)
        assert near(image.getpixel(at), expected, by=24)


@pytest.mark.parametrize("kind", ANIMATED)
def test_first_frame_of_an_animation(kind: str) -> None:
    """The first frame is the picture and the frames are counted."""
    picture = decode(animation(kind, 5))
    assert picture.frames == 5
    assert near(picture.image.getpixel((16, 16)), (255, 0, 0), by=12)


def photograph_turned(orientation: int) -> bytes:
    """Return a JPEG of 1000 by 600 pixels that says how it is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(Image.open(io.BytesIO(photograph(1000, 600))), "JPEG", quality=95, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_decoded_no_larger_than_it_is_wanted(orientation: int) -> None:
    """It stays upright and tells its own size; no side falls below what is wanted."""
    data = photograph_turned(orientation)
    full, half = decode(data), decode(data, 280)
    assert (half.width, half.height) == (full.width, full.height) == full.image.size
    assert half.image.size == (full.width // 2, full.height // 2)
    assert decode(data, 300).image.size == half.image.size
    assert decode(data, 301).image.size == full.image.size  # 600 has no two parts of it
    reduced = full.image.resize(half.image.size, Image.Resampling.BOX)
    assert difference(reduced, half.image).mean() < 3


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_jpeg_without_colors_of_the_screen_is_decoded_small_too(mode: str) -> None:
    """Its colors are the same as in full."""
    data = encoded(scene((800, 600), mode), "JPEG", quality=95)
    small = decode(data, 140).image
    assert (small.mode, small.size) == ("RGB", (200, 150))
    full = decode(data).image.resize(small.size, Image.Resampling.BOX)
    assert difference(full, small).mean() < 3


def test_a_jpeg_that_does_not_divide_is_decoded_in_full() -> None:
    """Its last pixels would be stretched, and all others moved."""
    for size in ((1001, 600), (600, 1001)):
        assert decode(photograph(*size), 100).image.size == size


def test_only_jpegs_are_decoded_smaller() -> None:
    """Other formats have no such way, and are what they were."""
    assert decode(encoded(scene((800, 600))), 100).image.size == (800, 600)


def difference(one: Image.Image, other: Image.Image) -> torch.Tensor:
    """Return by how many steps of 255 each value differs."""
    first, second = (pil_to_tensor(image).float() for image in (one, other))
    off: torch.Tensor = (first - second).abs()
    return off


def test_the_marks_of_a_jpegs_scans_mean_nothing_elsewhere() -> None:
    """Pixels may look like them."""
    pixels = Image.frombytes("RGB", (100, 100), b"\xff\xda" * 15_000)
    data = encoded(pixels, "TIFF")
    assert data.count(b"\xff\xda") > 10_000
    assert decode(data).image.tobytes() == pixels.tobytes()


def test_still_pictures_have_one_frame() -> None:
    """A gain map, a page or an icon's other size is no frame of an animation."""
    for kind in ("MPO", "TIFF"):
        two = encoded(scene(), kind, save_all=True, append_images=[scene((32, 32))])
        assert decode(two).frames == 1
    assert decode(encoded(scene(), "GIF")).frames == 1


def test_gif_that_breaks_off_after_its_first_frame_is_usable() -> None:
    """The frames that can be told apart are counted, and the first one is shown."""
    whole = animation("GIF", 4)
    picture = decode(whole[: len(whole) // 2])
    assert 1 <= picture.frames < 4
    assert near(picture.image.getpixel((16, 16)), (255, 0, 0))


@pytest.mark.parametrize(
    ("mode", "pixel", "options"),
    [
        ("RGBA", (0, 0, 255, 0), {}),
        ("LA", (0, 0), {}),
        ("RGB", (0, 0, 255), {"transparency": (0, 0, 255)}),
        ("L", 7, {"transparency": 7}),
        ("P", 5, {"transparency": 5}),
        ("P", 1, {"transparency": bytes([255, 0, 255])}),
    ],
)
def test_transparency_is_white(mode: str, pixel: object, options: dict[str, object]) -> None:
    """What can be seen through shows white paper, not the color hidden beneath."""
    image = Image.new(mode, (20, 20), pixel)  # type: ignore[arg-type]  # the mode's own pixels
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    assert decode(encoded(image, "PNG", **options)).image.getpixel((9, 9)) == (255, 255, 255)


def test_half_transparency_mixes_with_white() -> None:
    """Half-transparent blue over white paper is light blue."""
    image = Image.new("RGBA", (20, 20), (0, 0, 255, 128))
    assert near(decode(encoded(image)).image.getpixel((9, 9)), (127, 127, 255), by=1)


def test_cmyk_jpeg_keeps_its_colors() -> None:
    """Four inks become the colors they print, not their negative."""
    image = Image.new("RGB", (32, 32), (200, 40, 90)).convert("CMYK")
    assert near(decode(encoded(image, "JPEG", quality=95)).image.getpixel((16, 16)), (200, 40, 90))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_deep_gray_is_scaled_not_clipped(kind: str) -> None:
    """Sixteen bits of gray become eight: a middle gray stays in the middle."""
    image = Image.new("I;16", (16, 16), 32768)
    image.paste(65535, (0, 0, 4, 4))
    picture = decode(encoded(image, kind)).image
    assert picture.getpixel((10, 10)) == (128, 128, 128)
    assert picture.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("black", "middle", "white"), [(0.0, 0.5, 1.0), (0.0, 127.5, 255.0), (-300.0, 0.0, 300.0)]
)
def test_floating_point_gray_is_scaled(black: float, middle: float, white: float) -> None:
    """Floating-point gray comes out from black to white, whichever range it is kept in."""
    image = Image.new("F", (16, 16), middle)
    image.paste(black, (0, 0, 4, 4))
    image.paste(white, (12, 12, 16, 16))
    picture = decode(encoded(image, "TIFF")).image
    assert picture.getpixel((1, 1)) == (0, 0, 0)
    assert near(picture.getpixel((8, 8)), (127, 127, 127), by=1)
    assert picture.getpixel((14, 14)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("value", "gray"), [(0.0, 0), (0.5, 128), (128.0, 128), (32768.0, 128), (-5.0, 0)]
)
def test_flat_floating_point_gray_has_a_white(value: float, gray: int) -> None:
    """The least of 1, 255 and 65,535 that is not exceeded; what is below 0 has none."""
    image = decode(encoded(Image.new("F", (8, 8), value), "TIFF")).image
    assert near(image.getpixel((1, 1)), (gray,) * 3, by=1)


def test_sixteen_bit_color_png() -> None:
    """Color with sixteen bits a channel keeps its upper eight."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    row = b"\0" + struct.pack(">HHH", 0x8123, 0x4001, 0xFF00) * 4
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * 4))
        + chunk(b"IEND", b"")
    )
    assert decode(data).image.getpixel((2, 2)) == (0x81, 0x40, 0xFF)


@pytest.mark.parametrize(
    ("data", "code", "advice"),
    [
        (b"", "empty_file", "attach"),
        (b"hello, I am a text", "not_a_picture", "Use JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not_a_picture", "Use JPEG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "damaged_picture", "again"),
        (b"\xff\x0a" + bytes(99), "not_a_picture", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), "not_a_picture", "JPEG XL"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(99), "not_a_picture", "video"),
        (b"\x1aE\xdf\xa3" + bytes(99), "not_a_picture", "video"),
        (encoded(scene(), "JPEG")[:400], "damaged_picture", "again"),
        (encoded(scene((300, 300)), "PNG")[:200], "damaged_picture", "again"),
        (encoded(scene(), "PNG")[:20], "damaged_picture", "again"),
        (huge_png(30_000), "too_many_pixels", "Resize"),
        (huge_png(8_008), "too_many_pixels", "Resize"),
    ],
    ids=[
        "empty",
        "text",
        "eps",
        "heic",
        "jxl",
        "jxl-in-boxes",
        "mp4",
        "webm",
        "cut-jpeg",
        "cut-png",
        "cut-header",
        "bomb",
        "over-cap",
    ],
)
def test_refusals_name_the_cause_and_the_cure(data: bytes, code: str, advice: str) -> None:
    """Each unusable file has its code and one sentence that says what to do."""
    found, sentence = refusal(data)
    assert found == code
    assert advice in sentence
    assert sentence.endswith(".")


def test_a_lying_extension_does_not_matter() -> None:
    """Files are told apart by their bytes alone: a name is not even asked for."""
    assert decode(encoded(scene(), "WEBP")).image.size == (64, 48)


def test_sixty_four_million_pixels_are_taken() -> None:
    """The cap itself is allowed."""
    image = decode(encoded(Image.new("1", (8000, 8000)), "PNG")).image
    assert image.size == (8000, 8000)


def test_a_bomb_costs_no_memory() -> None:
    """30,000 by 30,000 pixels in a few kB are refused by their header, in a bounded process."""
    program = (
        "import resource, sys\n"
        "from models.images.decode import DecodeError, decode, guard_process\n"
        "guard_process()\n"
        "data = sys.stdin.buffer.read()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    decode(data)\n"
        "except DecodeError as error:\n    print(error.failure.code)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    bomb = huge_png(30_000)
    assert len(bomb) < 10_000
    done = subprocess.run(
        [sys.executable, "-c", program], input=bomb, capture_output=True, check=True
    )
    code, growth = done.stdout.split()
    assert code == b"too_many_pixels"
    assert int(growth) < 8 * 1024  # KiB; the pixels would be 110 MiB at one bit each
    assert done.stderr == b""


@pytest.mark.parametrize("kind", sorted(UNREAD))
def test_formats_that_block_the_worker_are_not_read(kind: str) -> None:
    """What holds the interpreter's lock, or decodes before it can be judged, is refused."""
    found, sentence = refusal(encoded(scene(mode="1" if kind == "XBM" else "RGB"), kind))
    assert found == "not_a_picture"
    assert "JPEG" in sentence


def test_a_million_frames_are_counted_in_a_moment() -> None:
    """A GIF of ever so many tiny frames delays nobody."""
    frame = b"\x2c\0\0\0\0\1\0\1\0\0" + b"\x02\x02\x44\x01\x00"
    data = b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + frame * 300_000 + b"\x3b"
    assert decode(data).frames == 300_000


def test_endless_scans_are_refused() -> None:
    """A progressive JPEG with hundreds of scans would be decoded for minutes."""
    whole = encoded(scene(), "JPEG", progressive=True)
    start = whole.rindex(b"\xff\xda")
    assert refusal(whole[:start] + whole[start:-2] * 300 + b"\xff\xd9")[0] == "damaged_picture"


def test_overgrown_exif_turns_nothing() -> None:
    """Of more bytes than a JPEG could hold, not even the orientation is read."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(encoded(scene(), "PNG", exif=exif)).image.size == (48, 64)
    exif[0x010E] = "x" * 70_000
    assert decode(encoded(scene(), "PNG", exif=exif)).image.size == (64, 48)


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
def test_long_lists_in_a_tiff_are_refused_in_either_order(order: str, big: bool) -> None:
    """Also in a BigTIFF; text, bytes and what a program keeps for itself may be long."""
    start = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}H", 43 if big else 42)
    for kind, slow in ((4, True), (5, True), (1, False), (2, False), (7, False)):
        if big:
            rest = struct.pack(f"{order}HHQQHHQQ", 8, 0, 16, 1, 65_000, kind, 500_000, 0)
        else:
            rest = struct.pack(f"{order}IHHHII", 8, 1, 65_000, kind, 500_000, 0)
        assert ("takes too long" in refusal(start + rest + bytes(20))[1]) == slow


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_broken_exif_leaves_the_picture() -> None:
    """Metadata that can't be read turns nothing and refuses nothing."""
    data = encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff garbage")
    assert decode(data).image.size == (64, 48)


@pytest.mark.filterwarnings("ignore:::PIL")
def test_damaged_pictures_never_raise_anything_else() -> None:
    """Of 1,000 randomly damaged pictures each is decoded or refused with a sentence."""
    refused = sum(_is_refused(data) for data in damaged(1000))
    assert 200 < refused < 1000  # both happen: the damage is neither always deadly nor never


def _is_refused(data: bytes) -> bool:
    try:
        decode(data)
    except DecodeError:
        return True
    return False


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\0" * 999, "not_a_picture"),
        (b"\xff\xd8\xff", "damaged_picture"),
        (b"\x89PNG\r\n\x1a\n", "damaged_picture"),
        (b"GIF89a", "damaged_picture"),
        (b"BM", "damaged_picture"),
        (b"II*\0", "damaged_picture"),
        (b"MM\0*", "damaged_picture"),
        *((b"\0\0\0\x18ftyp" + kind + bytes(99), "damaged_picture") for kind in (b"heix", b"hevc")),
    ],
)
def test_fragments_are_refused(data: bytes, code: str) -> None:
    """A few bytes of a header were a picture once, if they are a picture's."""
    assert refusal(data)[0] == code


def cpu_seconds(data: bytes) -> float:
    """Return the processor time, of all threads, that the file costs, whatever comes of it."""
    start = time.process_time()
    _is_refused(data)
    return time.process_time() - start


@pytest.fixture(scope="module")
def ordinary() -> float:
    """Return the processor time of an ordinary JPEG of 64 million pixels."""
    return cpu_seconds(encoded(scene((8000, 8000)), "JPEG"))


INTERPRETED = {
    "bmp-rle": lambda: bmp_rle(8000, b"\x01\x07\0\0" * 8000),
    "bmp-deltas": lambda: bmp_rle(9, b"\0\2\0\0" * 500_000),
    "ppm-maxval": lambda: b"P6 1000 1000 254\n" + bytes(3_000_000),
    "ppm-plain": lambda: b"P3 1000 1000 255\n" + b"1 " * 3_000_000,
    "tiff-strips": lambda: tiff_with(273, 4, 500_000),
    "tiff-fractions": lambda: tiff_with(282, 5, 250_000),
}
"""Files that Pillow would be busy with in Python."""


@pytest.mark.parametrize("name", INTERPRETED)
def test_what_python_would_decode_is_refused_unread(name: str, ordinary: float) -> None:
    """A decoder that would hold the interpreter's lock for seconds never starts."""
    data = INTERPRETED[name]()
    found, sentence = refusal(data)
    assert found == "not_a_picture"
    assert "JPEG or PNG" in sentence
    assert cpu_seconds(data) < ordinary / 4


def test_a_small_picture_may_be_decoded_in_python() -> None:
    """What costs little is read, whatever its decoder is written in."""
    assert decode(b"P6 4 4 254\n" + bytes(48)).image.size == (4, 4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: png_with(chunk(b"prVt") * 1_600_000),
        lambda: png_with(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1 << 20))) * 9_000),
        lambda: png_with(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20))) * 9_000),
        lambda: b"\xff\xd8" + b"\xff\xe5\0\2" * 5_000_000,
        lambda: b"\xff\xd8" + b"\xff" * 20_000_000,
        lambda: b"GIF89a\1\0\1\0\x80\0\0" + bytes(6) + b"\x21\xfe" + b"\1a" * 10_000_000,
    ],
    ids=["png-chunks", "png-profiles", "png-texts", "jpeg-markers", "jpeg-filling", "gif-comments"],
)
def test_endless_metadata_costs_little(make: Callable[[], bytes], ordinary: float) -> None:
    """Millions of blocks without a pixel cost less than a few ordinary pictures."""
    assert cpu_seconds(make()) < 5 * ordinary


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGBA", {"compress_level": 1}),
        ("WEBP", "RGB", {"method": 0}),
        ("GIF", "P", {}),
        ("BMP", "RGB", {}),
        ("AVIF", "RGB", {"speed": 10}),
        ("PPM", "RGB", {}),
        *(("TIFF", "RGB", {"compression": c}) for c in ("tiff_lzw", "packbits", "lzma", "jpeg")),
        ("TIFF", "F", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
    ],
)
def test_the_largest_picture_of_each_kind_costs_a_bounded_time(
    kind: str, mode: str, options: dict[str, object], ordinary: float
) -> None:
    """No format costs much more than another at the cap."""
    data = encoded(scene((8000, 8000), mode), kind, **options)
    assert cpu_seconds(data) < 8 * ordinary
