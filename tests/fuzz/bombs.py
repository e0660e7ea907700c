"""Small files that cost much: memory, time, or both, in every container that is read.

Each breaks no limit of a header: its dimensions, its bytes and its counts are those of a picture.
Owns how they are made; what becomes of them is tested in `tests.e2e.test_bombs`.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from PIL import Image

from tests.models.pictures import encoded, scene

_MIB = 1 << 20


@cache
def zeros(count: int) -> bytes:
    """Return so many zero bytes as a zlib stream, a thousandth of their size."""
    squeezer = zlib.compressobj(9)
    parts = [squeezer.compress(bytes(min(_MIB, count - at))) for at in range(0, count, _MIB)]
    return b"".join([*parts, squeezer.flush()])


def tiff(size: tuple[int, int], pieces: Sequence[tuple[int, Sequence[int]]], data: bytes) -> bytes:
    """Return a gray deflated TIFF of `size` whose further entries are `pieces`, tag and numbers.

    A number that is negative is an offset into `data`, counted from minus one.
    """
    entries: list[tuple[int, Sequence[int]]] = [
        (256, [size[0]]),
        (257, [size[1]]),
        (258, [8]),
        (259, [8]),  # deflate
        (262, [1]),
        (277, [1]),
        *pieces,
    ]
    entries.sort()
    tables_at = 8 + len(data)
    ifd, tables = b"", b""
    for tag, numbers in entries:
        placed = [number if number >= 0 else 7 - number for number in numbers]
        if len(placed) == 1:
            value = struct.pack("<I", placed[0])
        else:
            value = struct.pack("<I", tables_at + len(tables))
            tables += struct.pack(f"<{len(placed)}I", *placed)
        ifd += struct.pack("<HHI", tag, 4, len(placed)) + value
    head = struct.pack("<4sI", b"II*\0", tables_at + len(tables))
    return head + data + tables + struct.pack("<H", len(entries)) + ifd + bytes(4)


def many_tiles() -> bytes:
    """Return 62,500 tiles of 256 million pixels, which all are the same 250 kB."""
    data, count = zeros(16 * 16_000_000), 62_500
    tiles = [(322, [16]), (323, [16_000_000]), (324, [-1] * count), (325, [len(data)] * count)]
    return tiff((1_000_000, 1), tiles, data)


def one_tile() -> bytes:
    """Return 16 by 16 pixels in a tile of 1.9 billion."""
    data = zeros(16 * 118_750_000)
    return tiff(
        (16, 16), [(322, [16]), (323, [118_750_000]), (324, [-1]), (325, [len(data)])], data
    )


def many_strips() -> bytes:
    """Return 60,000 strips of a row of a thousand pixels, each of which unpacks to 64 million."""
    data, count = zeros(64_000_000), 60_000
    strips = [(273, [-1] * count), (278, [1]), (279, [len(data)] * count)]
    return tiff((1_000, count), strips, data)


def thin(width: int, height: int) -> bytes:
    """Return a gray PNG of a single row or column."""
    return encoded(Image.new("L", (width, height)), "PNG")


def many_scans(count: int = 180) -> bytes:
    """Return a progressive JPEG of 64 million pixels whose last scan is there `count` times."""
    data = encoded(Image.new("L", (8000, 8000), 9), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def slow_film() -> bytes:
    """Return a WebP of 40 small frames, each shown for four and a half hours."""
    frames = [Image.new("RGB", (100, 100), (number, 0, 0)) for number in range(40)]
    options = {"save_all": True, "append_images": frames[1:], "duration": 16_000_000}
    return encoded(frames[0], "WEBP", **options)


def endless_film(kind: str, frames: int) -> bytes:
    """Return an animation of so many frames of a few pixels."""
    pictures = [Image.new("L", (64, 64), number % 2 * 255) for number in range(frames)]
    return encoded(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=1)


def large_film() -> bytes:
    """Return a GIF of few bytes whose frames are 16 million pixels each."""
    frames = [Image.new("P", (4000, 4000), number % 2) for number in range(12)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def chunks(kind: bytes, count: int) -> bytes:
    """Return a PNG with `count` chunks of text or profile that each unpack to a megabyte."""
    body = b"a\0\0" + zlib.compress(bytes(_MIB), 9)
    chunk = struct.pack(">I", len(body)) + kind + body
    chunk += struct.pack(">I", zlib.crc32(kind + body))
    whole = encoded(scene(), "PNG")
    return whole[:33] + chunk * count + whole[33:]


def palette() -> bytes:
    """Return 64 million pixels of a palette that can be seen through."""
    return encoded(Image.new("P", (8000, 8000)), "PNG", transparency=0)


def deep() -> bytes:
    """Return 60 million pixels of four bytes each: as floating point, and as nothing."""
    return encoded(Image.new("F", (7700, 7700)), "TIFF", compression="tiff_adobe_deflate")


BOMBS: Mapping[str, Callable[[], bytes]] = {
    "tiles.tif": many_tiles,
    "onetile.tif": one_tile,
    "strips.tif": many_strips,
    "row.png": lambda: thin(64_000_000, 1),
    "column.png": lambda: thin(1, 64_000_000),
    "scans.jpg": many_scans,
    "slow.webp": slow_film,
    "endless.png": lambda: endless_film("PNG", 5_000),
    "endless.gif": lambda: endless_film("GIF", 5_000),
    "large.gif": large_film,
    "texts.png": lambda: chunks(b"zTXt", 2_000),
    "profiles.png": lambda: chunks(b"iCCP", 3),
    "palette.png": palette,
    "deep.tif": deep,
}
"""Every one of them by a file name."""


def bombs() -> Iterator[tuple[str, bytes]]:
    """Yield every file with its name, made as it is asked for."""
    for name, make in BOMBS.items():
        yield name, make()
