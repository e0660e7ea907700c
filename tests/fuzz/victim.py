"""The process that reads damaged pictures, as the worker would, with its memory limited.

Reads files from standard input, each behind its length, and writes what became of each as a line
of JSON: the outcome of `decode` and of `film`, the processor seconds, and the peak memory so far.
Started by `tests.fuzz.pictures`.
"""

import json
import resource
import struct
import sys
import time
from collections.abc import Callable

from models.images.animation import open_sequence
from models.images.decode import DecodeError, decode, guard_process

MEMORY = 2 * 2**30
"""Bytes of address space: the largest picture that is taken needs about half, in all its forms."""


def outcome(act: Callable[[], object]) -> str:
    """Return "picture", the code of the refusal, or what else it was, which should not be."""
    try:
        act()
    except DecodeError as error:
        cause = error.__cause__
        return "out of memory" if isinstance(cause, MemoryError) else error.failure.code
    except Exception as error:  # noqa: BLE001 - what is looked for
        return f"raised {type(error).__name__}: {error}"
    return "picture"


def main() -> None:
    """Read pictures until there are no more."""
    guard_process()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while header := sys.stdin.buffer.read(4):
        data = sys.stdin.buffer.read(*struct.unpack("<I", header))
        began = time.process_time()
        told = {
            "decode": outcome(lambda data=data: decode(data)),  # type: ignore[misc]  # its default
            "film": outcome(lambda data=data: list(open_sequence(data).frames())),  # type: ignore[misc]
            "seconds": time.process_time() - began,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
