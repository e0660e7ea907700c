"""PNGs without what no pixel depends on: text, large profiles, what programs keep for themselves.

Picture generators write whole workflows there, editors their history. Pillow would unpack it all,
and refuses a file for a text or profile of more than a megabyte.
"""

import struct
import zlib
from collections.abc import Iterator

BEGINNING = b"\x89PNG\r\n\x1a\n"

_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"acTL", b"fcTL", b"fdAT", b"eXIf"}
"""The chunks that say what the picture looks like, and which way is up."""

_UPRIGHT = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")
"""Texts that may say as well which way is up."""

_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_MOST = 1 << 20
"""Bytes of a text or profile, unpacked."""

_MAX_CHUNKS = 100_000
"""Of 25 MB in chunks of 256 bytes, which no program makes smaller."""


def without_ballast(data: bytes) -> bytes:
    """Return the PNG `data` with the chunks alone that its pixels depend on, and one profile.

    What comes behind a chunk that is cut off is left as it is.

    Raises:
        ValueError: There are more chunks than a picture needs.
    """
    parts, seen = [data[:8]], set[bytes]()
    for kind, start, end in _chunks(data):
        if kind in _PIXELS:
            parts.append(data[start:end])
        elif (name := _kept(kind, data[start + 8 : end - 4])) and name not in seen:
            seen.add(name)
            parts.append(data[start:end])
    return b"".join(parts)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind, start and end of each chunk."""
    at, count = 8, 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at, min(at + 12 + length, len(data))
        at += 12 + length
        count += 1
        if count > _MAX_CHUNKS:
            raise ValueError("Walking through all chunks would take long")


def _kept(kind: bytes, body: bytes) -> bytes:
    """Return the name under which the chunk is needed once, nothing where it isn't."""
    if kind == b"iCCP":
        return kind if _unpacked(body.partition(b"\0")[2][1:]) else b""
    if kind not in _TEXTS:
        return b""
    name = next((name for name in _UPRIGHT if body.startswith(name)), b"")
    if not name or len(body) > _MOST:
        return b""
    rest = body[len(name) :]
    if kind == b"tEXt":
        return name
    if kind == b"zTXt":
        return name if _unpacked(rest[1:]) else b""
    if rest[:1] == b"\0":
        return name
    packed = rest[2:].split(b"\0", 2)
    return name if len(packed) == 3 and _unpacked(packed[2]) else b""


def _unpacked(packed: bytes) -> bool:
    """Tell whether `packed` is sound and has no more than `_MOST` bytes in it."""
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed, _MOST)
    except zlib.error:
        return False
    return not unpacking.unconsumed_tail
