"""JPEGs that break off: the end is put back, and what is missing is measured.

A phone or a chat that loses the end of a file leaves most of its rows. libjpeg reads on behind a
missing part only where it finds an end marker, and paints what it lacks gray.
"""

import re

from PIL import Image

_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""What may not stand among a scan's own bytes."""

_FILLING = {127, 128}
"""Of every band, ink included, where there was no data."""


def ended(data: bytes) -> bytes:
    """Return the JPEG `data` with an end marker, behind its last scan; itself if it has one."""
    if data.endswith(_END) or (scan := data.rfind(_SCAN)) < 0 or data.find(_END, scan) >= 0:
        return data
    if len(data) < scan + 4 or len(data) < scan + 2 + int.from_bytes(data[scan + 2 : scan + 4]):
        return ended(data[:scan])  # cut in the scan's header
    marker = _MARKER.search(data, scan + 2)
    return data[: marker.start() if marker else len(data)] + _END


def missing(image: Image.Image) -> float:
    """Return which share of the rows of a JPEG that broke off, as it was loaded, has no data."""
    bands = len(image.getbands())
    known = image.point([0 if value in _FILLING else 255 for value in range(256)] * bands)
    boxes = [band.getbbox() for band in known.split()]
    return 1 - max(box[3] if box else 0 for box in boxes) / image.height
