"""A decoder's process: pixel jobs in on standard input, their answers out on standard output.

Started by `models.images.decoder_pool`. A file may do its worst here: the process has a bound on
its address space and no torch, and is ended when it takes too long.
"""

import argparse
import contextlib
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from typing import IO

import msgspec

from models.images.decode import MAX_PIXELS, DecodeError, guard_process, reading
from models.images.memory import give_back
from models.images.perform import perform
from models.images.pixel_jobs import PixelAnswer, PixelJob
from models.jobs.answers import Failure
from models.jobs.base import Message

NICE = 10
"""How far a decoder stands back behind the networks, of 19. On two busy cores 48 jobs of ResNet-101
took 0.97 of the time (five rounds in turns); alone it has all of the processor."""


class TooMuch(Message, frozen=True):
    """The file needs more than this decoder has; `said` where its header says so already."""

    said: bool


_LONG = 0.3
"""After so many seconds a picture was a large one."""

Outcome = PixelAnswer | Failure | TooMuch

_jobs: msgspec.msgpack.Decoder[PixelJob] = msgspec.msgpack.Decoder(PixelJob)
_encode = msgspec.msgpack.Encoder().encode


def outcome(job: PixelJob, most_pixels: int = MAX_PIXELS) -> Outcome:
    """Return what becomes of `job`, whatever its bytes are."""
    try:
        with reading(job.picture) as image:
            if image.width * image.height > most_pixels:
                return TooMuch(said=True)
        return perform(job)
    except MemoryError:
        return TooMuch(said=False)
    except DecodeError as error:
        if isinstance(error.__cause__, MemoryError):
            return TooMuch(said=False)
        return error.failure
    except Exception:  # noqa: BLE001 - this file gets an answer, and the decoder goes on
        traceback.print_exc()
        return DecodeError("damaged_picture").failure


def write(stream: IO[bytes], body: bytes) -> None:
    """Write `body` behind its length."""
    stream.write(len(body).to_bytes(4, "big"))
    stream.write(body)
    stream.flush()


def bound(memory_mib: int) -> None:
    """Bound the address space of this process for good, and let it leave no core behind."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(ValueError, OSError):  # macOS bounds no address space
            resource.setrlimit(resource.RLIMIT_AS, (memory_mib << 20, memory_mib << 20))


def _follow(parent: int) -> None:
    """End with the worker, in the middle of a file as well; Pillow decodes without the lock."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer jobs until there are no more."""
    parser = argparse.ArgumentParser(prog="python -m models.images.decoder", description=__doc__)
    parser.add_argument("--memory-mib", type=int, required=True)
    parser.add_argument("--most-pixels", type=int, default=MAX_PIXELS)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the bot decides
    if sys.platform != "win32":
        with contextlib.suppress(PermissionError):  # in a strict sandbox
            os.setpriority(os.PRIO_PROCESS, 0, NICE)  # its parent thread may stand back already
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    guard_process()
    bound(options.memory_mib)
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing else gets into the stream
    while len(prefix := incoming.read(4)) == 4:
        job, begun = _jobs.decode(incoming.read(int.from_bytes(prefix, "big"))), time.monotonic()
        write(outgoing, _encode(outcome(job, options.most_pixels)))
        if time.monotonic() - begun > _LONG:
            gc.collect()  # what of it refers to itself
            give_back()


if __name__ == "__main__":
    main()
