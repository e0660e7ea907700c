"""Memory that is free, but not yet the system's again."""

import contextlib
import ctypes
import sys


def give_back() -> None:
    """Return to the system what large things had that are gone: others may need it now.

    The GNU C library keeps it otherwise.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
