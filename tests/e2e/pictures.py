"""Pictures made on the spot, for tests that need a file rather than a motif."""

import io
import struct
import zlib

from PIL import Image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return `image` as a file of that kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(color: str = "teal", size: tuple[int, int] = (64, 48), kind: str = "PNG") -> bytes:
    """Return a picture of one color."""
    return encoded(Image.new("RGB", size, color), kind)


def striped() -> bytes:
    """Return a picture in which there is something to see."""
    image = Image.new("RGB", (64, 48), "teal")
    image.paste("orange", (16, 8, 40, 40))
    return encoded(image)


def animation(frames: int) -> bytes:
    """Return a GIF with that many frames."""
    images = [Image.new("RGB", (40, 40), (5 * number, 0, 200)) for number in range(frames)]
    return encoded(images[0], "GIF", save_all=True, append_images=images[1:])


def huge(side: int = 30_000) -> bytes:
    """Return a PNG of a few kB whose header promises `side` × `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )
