"""Files as the CDN knows them: content type by name, size by header bytes, and drawn avatars.

Reads a few bytes of a picture's header and never decodes a pixel; what it can't read has no size,
as on Discord.
"""

import hashlib
import mimetypes
import re
import struct
import zlib

_TYPES = mimetypes.MimeTypes()

SHOWN_INLINE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}
)
"""What browsers may show; everything else is handed out as a download."""

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def content_type(filename: str) -> str | None:
    """Return the content type that goes with the name's ending, or None."""
    kind, packed = _TYPES.guess_type(filename, strict=False)
    if kind is None or packed:
        return None
    is_text = kind.startswith("text/") or kind == "application/json"
    return f"{kind}; charset=utf-8" if is_text else kind


def safe_name(name: str) -> str:
    """Return `name` as Discord stores it: no folders, no spaces, few odd characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1].replace(" ", "_")
    return re.sub(r"[^A-Za-z0-9._-]", "", last)[-260:].strip(".") or "unknown"


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels from a PNG, JPEG, GIF or WebP header, or None."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return _positive(*struct.unpack(">II", data[16:24]))
        if data[:6] in {b"GIF87a", b"GIF89a"}:
            return _positive(*struct.unpack("<HH", data[6:10]))
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        return None
    return None


def _positive(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if width > 0 and height > 0 else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while True:
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        elif marker in _SOF:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return _positive(width, height)
        elif marker in {0xD9, 0xDA}:
            return None
        else:
            at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return _positive(width & 0x3FFF, height & 0x3FFF)
    return None


def png(width: int, height: int, rgb_rows: list[bytes]) -> bytes:
    """Return an 8-bit RGB PNG; each of the `height` rows has 3 × `width` bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rgb_rows), 9)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def avatar(name: str) -> bytes:
    """Return a 128×128 PNG drawn from the name: a mirrored 5×5 pattern, the same every time."""
    digest = hashlib.sha256(name.encode()).digest()
    ink = bytes(64 + value // 2 for value in digest[:3])
    paper = b"\xf2\xf3\xf5"
    cell, margin = 22, 9
    blank = paper * 128
    rows = [blank] * margin
    for line in range(5):
        row = paper * margin
        for column in range(5):
            filled = digest[3 + line * 3 + min(column, 4 - column)] & 1
            row += (ink if filled else paper) * cell
        rows += [row + paper * margin] * cell
    rows += [blank] * margin
    return png(128, 128, rows)


def avatar_hash(data: bytes) -> str:
    """Return the 32 hexadecimal digits that name this avatar."""
    return hashlib.sha256(data).hexdigest()[:32]
