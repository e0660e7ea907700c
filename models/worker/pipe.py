"""The stream to the bot, as a process on the models' side holds it: frames in, frames out.

Owns standard input and output of the process, which whatever else prints never reaches. What the
messages mean is up to `models.worker.process` and `models.worker.ray.relay`.
"""

import logging
import os
import threading
from typing import BinaryIO

from models.jobs.control import FromWorker, ToWorker
from models.jobs.wire import LENGTH_BYTES, body_length, frame, to_worker


class Pipe:
    """The two ends of the stream to the bot. Sending is safe from several threads."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def send(self, message: FromWorker) -> None:
        """Write `message` as one frame.

        Raises:
            BrokenPipeError: The bot is gone.
        """
        self.write(frame(message))

    def write(self, framed: bytes) -> None:
        """Write what is a frame already.

        Raises:
            BrokenPipeError: The bot is gone.
        """
        with self._lock:
            self._outgoing.write(framed)
            self._outgoing.flush()

    def silence(self) -> None:
        """Cut this process off from the stream, for a fork that must not answer as well."""
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self._incoming.fileno())
        os.dup2(nothing, self._outgoing.fileno())
        os.close(nothing)

    def receive(self) -> ToWorker | None:
        """Return the next message, or None when the stream has ended."""
        prefix = self._incoming.read(LENGTH_BYTES)
        if len(prefix) < LENGTH_BYTES:
            return None
        length = body_length(prefix)
        body = self._incoming.read(length)
        return to_worker(body) if len(body) == length else None


def claim_pipe() -> Pipe:
    """Take standard input and output for frames; whatever else prints goes to standard error."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return Pipe(incoming, outgoing)


def leave(status: int) -> None:
    """End at once: threads inside a decoder or a network can't be asked to stop."""
    logging.shutdown()
    os._exit(status)
