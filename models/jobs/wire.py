"""The frames in which the messages of `models.jobs` cross the pipes between the two processes.

A frame is a length and that many bytes: again a length, so many bytes of MessagePack, and the rest,
which is the picture of a `Submit` and else nothing. Lengths are 4 bytes, big-endian. Both halves
import this module and it imports neither. Never pickle: the worker may run strangers' code and the
bot holds the token.
"""

import struct
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from models.jobs.control import FromWorker, Submit, ToWorker

MAX_FRAME_BYTES = 256 * 1024 * 1024
"""A longer frame means that the stream is corrupt: no job comes near it."""

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def frame(message: ToWorker | FromWorker) -> bytes:
    """Return `message` as one frame, length first.

    Raises:
        ValueError: The message is longer than `MAX_FRAME_BYTES`.
    """
    return b"".join(pieces(message))


def pieces(message: ToWorker | FromWorker, size: int = 65536) -> Iterator[bytes]:
    """Yield the bytes of `frame(message)` in order, a picture in pieces of `size` bytes.

    No copy of a whole picture is made, so no step takes longer than its piece: encoding 25 MB at
    once would hold up an event loop for tens of milliseconds.

    Raises:
        ValueError: The message is longer than `MAX_FRAME_BYTES`; nothing was yielded.
    """
    picture = message.job.picture if isinstance(message, Submit) else b""
    if isinstance(message, Submit) and picture:
        message = replace(message, job=replace(message.job, picture=b""))
    head = _encoder.encode(message)
    length = LENGTH_BYTES + len(head) + len(picture)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"A frame of {length} bytes is over the {MAX_FRAME_BYTES} allowed")
    yield _LENGTH.pack(length) + _LENGTH.pack(len(head)) + head
    view = memoryview(picture)
    for at in range(0, len(picture), size):
        yield bytes(view[at : at + size])


def body_length(prefix: bytes) -> int:
    """Return the length in bytes of the body that follows the 4-byte `prefix`.

    Raises:
        ValueError: The length is over `MAX_FRAME_BYTES`: the stream is corrupt.
    """
    (length,) = _LENGTH.unpack(prefix)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"A frame of {length} bytes is over the {MAX_FRAME_BYTES} allowed")
    return int(length)


def split(frames: bytes) -> Iterator[bytes]:
    """Yield the body of each of `frames`, which follow one another.

    Raises:
        ValueError: The bytes are no whole frames.
    """
    at = 0
    while at < len(frames):
        if at + LENGTH_BYTES > len(frames):
            raise ValueError("A frame ends before its length does")
        begin = at + LENGTH_BYTES
        at = begin + body_length(frames[at:begin])
        if at > len(frames):
            raise ValueError("A frame is shorter than it says")
        yield frames[begin:at]


def messages(frames: bytes) -> Iterator[ToWorker]:
    """Decode each of `frames`, which follow one another and which the bot sent.

    Raises:
        ValueError: The bytes are no whole frames.
        msgspec.DecodeError: One of them is not one of the messages above.
    """
    return map(to_worker, split(frames))


def to_worker(body: bytes) -> ToWorker:
    """Decode a frame's body that the bot sent.

    Raises:
        msgspec.DecodeError: The bytes are not one of the messages above.
    """
    head, picture = _parted(body)
    message = _to_worker.decode(head)
    if isinstance(message, Submit) and picture:
        return replace(message, job=replace(message.job, picture=bytes(picture)))
    return message


def from_worker(body: bytes) -> FromWorker:
    """Decode a frame's body that the worker sent.

    Raises:
        msgspec.DecodeError: The bytes are not one of the messages above.
    """
    head, _ = _parted(body)
    return _from_worker.decode(head)


def _parted(body: bytes) -> tuple[memoryview, memoryview]:
    if len(body) < LENGTH_BYTES:
        raise msgspec.DecodeError("A frame is too short for what it holds")
    (length,) = _LENGTH.unpack_from(body)
    rest = memoryview(body)[LENGTH_BYTES:]
    if length > len(rest):
        raise msgspec.DecodeError("A frame is shorter than what it holds")
    return rest[:length], rest[length:]
