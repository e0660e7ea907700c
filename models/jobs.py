"""The seam between the two processes: what may be asked of a worker and what it may answer.

Owns the frozen message types and their framing, and nothing else. A frame is a 4-byte big-endian
length and that many bytes of MessagePack; the types below are told apart by their tag. Both
halves import this module and it imports neither, so it knows neither torch nor Discord. Never
pickle: the worker may run strangers' code and the bot holds the token.

    bot → worker    Submit (a job and its picture), Run (submitted jobs, as a batch), Forget
    worker → bot    Ready or Unready (once, first), Started (a batch), Finished (one job)

The worker ends when its standard input ends.
"""

import struct
from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec

MAX_FRAME_BYTES = 256 * 1024 * 1024
"""A longer frame means that the stream is corrupt: no job comes near it."""

_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size

_LONGEST_BIN16 = 0xFFFF
_EMPTY_PICTURE = b"\xa7picture\xc4\x00"
"""MessagePack of a field called "picture" that holds no bytes."""
_PICTURE_BIN32 = b"\xa7picture\xc6"
"""MessagePack of the same field up to the 4-byte length of a long value."""

Precision: TypeAlias = Literal["float32", "bfloat16", "float16"]
"""What a network computes in; float32 is what the published weights mean, the others round."""

FailureCode: TypeAlias = Literal[
    "empty_file",
    "not_a_picture",
    "damaged_picture",
    "too_many_pixels",
    "unknown_model",
    "no_weights",
    "out_of_memory",
    "model_failed",
]


class Message(msgspec.Struct, frozen=True, tag=str.lower, kw_only=True):
    """Base of everything that crosses the seam: immutable, told apart by its tag."""


# --- what may be asked ----------------------------------------------------------------------------


class Classify(Message, frozen=True):
    """The five most likely labels of a picture. `model` None means the worker's default."""

    picture: bytes
    model: str | None = None


class Translate(Message, frozen=True):
    """A picture through a generator that turns one kind of thing into another.

    `model` names the pair, such as "horse2zebra", and None means that one. `size` is the short
    side in pixels at which the generator works, None for the size it was trained at. The answer's
    file has at most `max_bytes`. `as_in_book` follows the chapter's notebook, which resizes the
    short side to 256 and forgets to scale the input to [-1, 1].
    """

    picture: bytes
    max_bytes: int
    model: str | None = None
    size: int | None = None
    as_in_book: bool = False


class Cycle(Message, frozen=True):
    """A picture there and back: through the generator of `model`, then through its inverse."""

    picture: bytes
    max_bytes: int
    model: str | None = None
    size: int | None = None


class Caption(Message, frozen=True):
    """A question what a picture shows, in English.

    `beams`, from 1 to 10, is how many captions are searched side by side; None leaves it to the
    model.
    """

    picture: bytes
    model: str | None = None
    beams: int | None = None


class Untrained(Message, frozen=True):
    """The labels that a classifier gives whose weights are random numbers: garbage, on purpose.

    The numbers are the same each time. Answered by `Labels` that say so in place of the weights.
    """

    picture: bytes
    model: str


class Inspect(Message, frozen=True):
    """A look inside the network of `model`, whether or not its weights are here."""

    model: str

    @property
    def picture(self) -> bytes:
        """Nothing: a look needs no picture."""
        return b""


Job: TypeAlias = Classify | Translate | Cycle | Caption | Untrained | Inspect
"""Everything a worker can be asked to do."""


class Submit(Message, frozen=True):
    """Job `id` arrives; the worker may decode its picture at once but runs nothing yet."""

    id: int
    job: Job


class Run(Message, frozen=True):
    """Run the submitted jobs `ids` (at least one, all for one task and model) as batch `batch`."""

    batch: int
    ids: tuple[int, ...]


class Forget(Message, frozen=True):
    """Nobody waits for submitted job `id` any more; its picture can be dropped."""

    id: int


# --- what may be answered -------------------------------------------------------------------------


class Label(Message, frozen=True):
    """One class of the model's label set, with its softmax probability in [0, 1]."""

    label: str
    probability: float


class Labels(Message, frozen=True):
    """The answer to `Classify`.

    `top` holds five labels, most likely first. `crop` is a PNG of the pixels the network saw, at
    its input size and before normalisation. `width` and `height` are the picture's own, upright.
    `frames` is 1 for a still picture; of an animation the first frame was used. `substitution`,
    when set, is one sentence saying why another model than the one asked for has answered.
    `sure` is False when the distribution is too flat to mean much. `milliseconds` is the time the
    network took for the batch this picture was part of, `batch_size` how many shared it.
    """

    top: tuple[Label, ...]
    crop: bytes
    model: str
    weights: str
    width: int
    height: int
    frames: int
    sure: bool
    device: str
    milliseconds: float
    batch_size: int
    substitution: str | None = None
    precision: Precision = "float32"


class Image(Message, frozen=True):
    """An encoded picture: its file's bytes, extension ("png", "jpg", "gif", "webp") and size."""

    data: bytes
    extension: str
    width: int
    height: int


class Verdict(Message, frozen=True):
    """What a classifier makes of a picture before and after its translation.

    `expected` is False when nothing in the picture looks like what the pair was trained on.
    """

    before: Label
    after: Label
    expected: bool
    model: str


class Translated(Message, frozen=True):
    """The answer to `Translate`.

    `image` has the size of the picture as it was sent, upright. `working_width` and
    `working_height` are what the generator saw. Of an animation `frames` were translated, out of
    `frames_in_all`. `expects` says what the pair was trained on ("a horse in a field").
    """

    image: Image
    verdict: Verdict
    model: str
    weights: str
    expects: str
    working_width: int
    working_height: int
    frames: int
    frames_in_all: int
    device: str
    milliseconds: float
    substitution: str | None = None
    precision: Precision = "float32"


class Cycled(Message, frozen=True):
    """The answer to `Cycle`: the picture, the picture there, and back again.

    `difference` is the mean absolute difference between original and back, of a range of 1.
    """

    original: Image
    there: Image
    back: Image
    difference: float
    verdict: Verdict
    model: str
    weights: str
    inverse: str
    expects: str
    device: str
    milliseconds: float
    substitution: str | None = None
    precision: Precision = "float32"


class Captioned(Message, frozen=True):
    """The answer to `Caption`: one sentence without a full stop, and up to three others.

    `log_probability` is the mean over the caption's tokens. `sure` is False when it is so low that
    the caption is a guess. `width`, `height` and `frames` are the picture's, as in `Labels`.
    """

    caption: str
    log_probability: float
    sure: bool
    alternatives: tuple[str, ...]
    model: str
    weights: str
    width: int
    height: int
    frames: int
    device: str
    milliseconds: float
    substitution: str | None = None
    precision: Precision = "float32"


class LayerCount(Message, frozen=True):
    """How many layers of one kind ("Conv2d") a network has, and their parameters together."""

    kind: str
    layers: int
    parameters: int


class Preparation(Message, frozen=True):
    """What becomes of a picture before a classifier sees it.

    It is resized so that its short side has `resize` pixels, cut to `crop` by `crop` in the
    middle, scaled to [0, 1], and of each colour `mean` is taken off and `std` divided out.
    """

    resize: int
    crop: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Inspected(Message, frozen=True):
    """The answer to `Inspect`.

    `tree` has a line a module, two spaces deeper than the one it is part of, repeats folded.
    `multiply_adds` are those of one picture of `side` by `side` pixels, None where neither
    is fixed. `bytes` are those of the parameters as they run, in float32. `labels`,
    `preparation` and `script`, which gives the same answer without Bobby, are a classifier's.
    """

    model: str
    weights: str
    tree: str
    layers: tuple[LayerCount, ...]
    parameters: int
    bytes: int
    side: int | None = None
    multiply_adds: int | None = None
    paper: str | None = None
    paper_url: str | None = None
    labels: tuple[str, ...] = ()
    preparation: Preparation | None = None
    script: str | None = None


class Failure(Message, frozen=True):
    """A job that could not be done: one code of the error tree and a sentence for the person."""

    code: FailureCode
    sentence: str


Pictured: TypeAlias = Labels | Translated | Cycled | Captioned
"""What is answered about a picture: each names its model, weights, device, precision and time."""

Answer: TypeAlias = Pictured | Inspected


class ModelCard(Message, frozen=True):
    """What the bot knows of one catalogue record, for autocomplete, help and listings.

    `weights` names the checkpoint ("IMAGENET1K_V1"), `source` is its URL or package, `size_bytes`
    its file's size where the publisher states it. `ready` says that the weights are on this
    machine, `location` where ("bobby cache", "torch cache", "package …"). `accuracy` is the
    publisher's ImageNet top-1 in percent, `expects` what a translation was trained on. `family`
    and `year` are those of the paper that introduced the network, where there is one.
    """

    name: str
    task: Literal["classify", "translate", "caption"]
    parameters: int
    weights: str
    source: str
    license: str
    ready: bool
    location: str | None = None
    size_bytes: int | None = None
    accuracy: float | None = None
    expects: str | None = None
    family: str | None = None
    year: int | None = None


class Ready(Message, frozen=True):
    """The worker is warm and answers. `default` is the model that `model=None` means now."""

    device: str
    default: str
    models: tuple[ModelCard, ...]


class Unready(Message, frozen=True):
    """The worker can't start; `reason` is a sentence for the operator. It exits after this."""

    reason: str


class Started(Message, frozen=True):
    """Batch `batch` has begun: its jobs may have had effects and are not to be tried again."""

    batch: int


class Finished(Message, frozen=True):
    """Job `id` is done; every job of a batch gets exactly one of these."""

    id: int
    result: Answer | Failure


ToWorker: TypeAlias = Submit | Run | Forget
FromWorker: TypeAlias = Ready | Unready | Started | Finished

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
