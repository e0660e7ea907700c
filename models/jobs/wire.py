"""The frames in which the messages of `models.jobs` cross the pipes between the two processes.

A frame is a 4-byte big-endian length and that many bytes of MessagePack. Both halves import this
module and it imports neither. Never pickle: the worker may run strangers' code and the bot holds
the token.
"""

import struct
from collections.abc import Iterator

import msgspec

from models.jobs.control import FromWorker, Submit, ToWorker

MAX_FRAME_BYTES = 256 * 1024 * 1024
"""A longer frame means that the stream is corrupt: no job comes near it."""

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size

_LONGEST_BIN16 = 0xFFFF
_EMPTY_PICTURE = b"\xa7picture\xc4\x00"
"""MessagePack of a field called "picture" that holds no bytes."""
_PICTURE_BIN32 = b"\xa7picture\xc6"
"""MessagePack of the same field up to the 4-byte length of a long value."""

_encoder = msgspec.msgpack.Encoder()
_to_worker: msgspec.msgpack.Decoder[ToWorker] = msgspec.msgpack.Decoder(ToWorker)
_from_worker: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def frame(message: ToWorker | FromWorker) -> bytes:
    """Return `message` as one frame, length first.

    Raises:
        ValueError: The message is longer than `MAX_FRAME_BYTES`.
    """
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ValueError(f"A frame of {len(body)} bytes is over the {MAX_FRAME_BYTES} allowed")
    return _LENGTH.pack(len(body)) + body


def pieces(message: ToWorker, size: int = 65536) -> Iterator[bytes]:
    """Yield the bytes of `frame(message)` in order, a big picture in pieces of `size` bytes.

    No copy of a whole picture is made, so no step takes longer than its piece: encoding 25 MB at
    once would hold up an event loop for tens of milliseconds.

    Raises:
        ValueError: The message is longer than `MAX_FRAME_BYTES`; nothing was yielded.
    """
    if not isinstance(message, Submit) or len(message.job.picture) <= _LONGEST_BIN16:
        yield frame(message)
        return
    picture = message.job.picture
    hollow = msgspec.structs.replace(message.job, picture=b"")
    body = _encoder.encode(msgspec.structs.replace(message, job=hollow))
    # No UTF-8 text holds these bytes, so the first place they are found is the field itself.
    head, tail = body.split(_EMPTY_PICTURE, maxsplit=1)
    head += _PICTURE_BIN32 + _LENGTH.pack(len(picture))
    length = len(head) + len(picture) + len(tail)
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"A frame of {length} bytes is over the {MAX_FRAME_BYTES} allowed")
    yield _LENGTH.pack(length) + head
    view = memoryview(picture)
    for at in range(0, len(picture), size):
        yield bytes(view[at : at + size])
    yield tail


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
    return _to_worker.decode(body)


def from_worker(body: bytes) -> FromWorker:
    """Decode a frame's body that the worker sent.

    Raises:
        msgspec.DecodeError: The bytes are not one of the messages above.
    """
    return _from_worker.decode(body)
