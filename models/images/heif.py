"""HEIC, as phones write it: read by libheif, once a file is one.

pi-heif has no encoder and so none of x265's license; without threads and thumbnails it decodes the
picture that is meant, and nothing else. libheif turns it upright itself.
"""

from functools import cache

_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
"""The last two may hold an AVIF as well."""


def is_heif(data: bytes) -> bool:
    """Tell whether the file begins as a HEIC does."""
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


@cache
def register() -> None:
    """Have Pillow know the format."""
    import pi_heif

    pi_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
