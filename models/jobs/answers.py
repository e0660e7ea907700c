"""What a worker may answer: one type a kind of job, or a `Failure` by its code."""

from typing import Literal, TypeAlias

from models.jobs.base import Message, Precision, Said

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


class Label(Message, frozen=True):
    """One class of the model's label set, with its softmax probability in [0, 1]."""

    label: str
    probability: float


class PictureAnswer(Message, frozen=True):
    """What every answer about a picture tells of how it came about.

    `model` has answered, with `weights`, on `device`, in `precision`; `substitution`, when set, is
    one sentence saying why another model than the one asked for has. `milliseconds` is the time
    the networks took for the batch this picture was part of. `notes` say what was done to see
    something in the file: another frame, another paper, the rest of what broke off.
    """

    model: str
    weights: str
    device: str
    milliseconds: float
    substitution: Said | None = None
    notes: tuple[Said, ...] = ()
    precision: Precision = "float32"


class Labels(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Classify`.

    `top` holds five labels, or as many as were taught, most likely first. `crop` is a
    JPEG of the pixels the network saw, at its input size and before normalization. `width` and
    `height` are the picture's own, upright.
    `frames` is 1 for a still picture; `notes` say which one of an animation was used. `sure` is
    False when the distribution is too flat to mean much. `batch_size` says how many pictures shared
    the batch.
    """

    top: tuple[Label, ...]
    crop: bytes
    width: int
    height: int
    frames: int
    sure: bool
    batch_size: int


class Image(Message, frozen=True):
    """An encoded picture: its file's bytes, extension ("png", "jpg", "gif", "webp") and size."""

    data: bytes
    extension: str
    width: int
    height: int


class BeforeAfter(Message, frozen=True):
    """What a classifier makes of a picture before and after its translation.

    `expected` is False when nothing in the picture looks like what the pair was trained on.
    """

    before: Label
    after: Label
    expected: bool
    model: str


class Translated(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Translate`.

    `image` has the size of the picture as it was sent, upright. `working_width` and
    `working_height` are what the generator saw. Of an animation `frames` were translated, out of
    `frames_in_all`. `expects` says what the pair was trained on ("a horse in a field").
    """

    image: Image
    verdict: BeforeAfter
    expects: str
    working_width: int
    working_height: int
    frames: int
    frames_in_all: int


class Cycled(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Cycle`: the picture, the picture there, and back again.

    `difference` is the mean absolute difference between original and back, of a range of 1.
    """

    original: Image
    there: Image
    back: Image
    difference: float
    verdict: BeforeAfter
    inverse: str
    expects: str


class TextLine(Message, frozen=True):
    """A line of text in a picture.

    `corners` are its four, x and y by turns, in the picture's own pixels, from the upper left of
    the first letter on, clockwise. `score` in [0, 1] is the mean over its characters. `unsure` has
    the places of the words, parted by blanks, that may be wrong. `paragraph` counts from 0;
    `wrapped` says that the next line goes on with the same sentence.
    """

    text: str
    score: float
    corners: tuple[int, ...]
    paragraph: int
    wrapped: bool
    unsure: tuple[int, ...] = ()


class Captioned(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Caption`: one sentence without a full stop, and up to three others.

    `log_probability` is the mean over the caption's tokens. `sure` is False when it is so low that
    the caption is a guess. `width`, `height` and `frames` are the picture's, as in `Labels`.
    `words` are the lines of text in the picture, where they cover so much of it that they are seen
    at a glance.
    """

    caption: str
    log_probability: float
    sure: bool
    alternatives: tuple[str, ...]
    width: int
    height: int
    frames: int
    words: tuple[TextLine, ...] = ()


class ReadText(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Read`: the lines in reading order.

    `illegible` lines were seen, but no reader that is here was sure how to spell them; `unread`
    ones were too many. `width`, `height` and `frames` are the picture's, as in `Labels`.
    """

    lines: tuple[TextLine, ...]
    illegible: int
    unread: int
    width: int
    height: int
    frames: int


class Located(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Locate`: the picture with a numbered box around each line of `text`."""

    image: Image
    text: ReadText


class Explained(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Explain`.

    `image` shows the pixels the network saw and, beside them, the same in gray with what spoke for
    `label`, whose softmax probability is `probability`, in color. `top` are the five most likely.
    """

    image: Image
    label: str
    probability: float
    top: tuple[Label, ...]


class RobustnessStep(Message, frozen=True):
    """The most likely label of a picture after a `change`, and its softmax probability."""

    change: str
    label: str
    probability: float


class RobustnessResult(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `Shake`: a strip of the pictures, and the best label of each, as they come.

    The first is the picture as it is.
    """

    image: Image
    changes: tuple[RobustnessStep, ...]


class Features(PictureAnswer, frozen=True, kw_only=True):
    """The answer to `ExtractFeatures`.

    `features` is a vector of unit length, of 2-byte floats, little-endian: what the last layer of
    the network is given.
    """

    features: bytes


class CrossValidation(Message, frozen=True):
    """The answer to `CrossValidate`: how many examples got the right label from the others alone.

    `asked` counts those whose label has other examples.
    """

    right: int
    asked: int


class LayerCount(Message, frozen=True):
    """How many layers of one kind ("Conv2d") a network has, and their parameters together."""

    kind: str
    layers: int
    parameters: int


class Preprocessing(Message, frozen=True):
    """What becomes of a picture before a classifier sees it.

    It is resized so that its short side has `resize` pixels, cut to `crop` by `crop` in the
    middle, scaled to [0, 1], and of each color `mean` is taken off and `std` divided out.
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
    preparation: Preprocessing | None = None
    script: str | None = None


class Failure(Message, frozen=True):
    """A job that could not be done: one code of the error tree and a sentence for the person."""

    code: FailureCode
    sentence: Said


Answer: TypeAlias = (
    Labels
    | Translated
    | Cycled
    | Captioned
    | ReadText
    | Located
    | Inspected
    | Features
    | CrossValidation
    | Explained
    | RobustnessResult
)
