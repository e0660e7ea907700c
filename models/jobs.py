"""The seam between the two processes: what may be asked of a worker and what it may answer.

Owns the frozen message types, which are told apart by their tag, and nothing else; `models.wire`
puts them on the pipes. Both halves import this module and it imports neither, so it knows neither
torch nor Discord.

    bot → worker    Submit (a job and its picture), Run (submitted jobs, as a batch), Forget,
                    Recount
    worker → bot    Ready or Unready (first), Started (a batch), Finished (one job),
                    Lost (a batch; a relay's alone, whose replicas may end before it does)

The worker ends when its standard input ends.
"""

from typing import Literal, TypeAlias

import msgspec

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


# --- what people read -----------------------------------------------------------------------------


class Said(Message, frozen=True):
    """A sentence for people: `template`, in English, and the `values` for the {names} in it.

    So the bot can say it in the language of whoever asked; `str()` is the English sentence.
    """

    template: str
    values: dict[str, "str | Said"] = {}

    def __str__(self) -> str:
        """Return the sentence in English."""
        return self.template.format_map(self.values)


def say(template: str, **values: "str | Said") -> Said:
    """Return the sentence `template` with `values`; `template` is for the bot's catalogues."""
    return Said(template=template, values=values)


# --- what may be asked ----------------------------------------------------------------------------


class Request(Message, frozen=True, kw_only=True):
    """Base of all jobs. `question` is the id that log lines about it have, in both processes."""

    question: int | None = None


class Classify(Request, frozen=True):
    """The five most likely labels of a picture. `model` None means the worker's default."""

    picture: bytes
    model: str | None = None


class Translate(Request, frozen=True):
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


class Cycle(Request, frozen=True):
    """A picture there and back: through the generator of `model`, then through its inverse."""

    picture: bytes
    max_bytes: int
    model: str | None = None
    size: int | None = None


class Caption(Request, frozen=True):
    """A question what a picture shows, in English.

    `beams`, from 1 to 10, is how many captions are searched side by side; None leaves it to the
    model.
    """

    picture: bytes
    model: str | None = None
    beams: int | None = None


class Untrained(Request, frozen=True):
    """The labels that a classifier gives whose weights are random numbers: garbage, on purpose.

    The numbers are the same each time. Answered by `Labels` that say so in place of the weights.
    """

    picture: bytes
    model: str


class Inspect(Request, frozen=True):
    """A look inside the network of `model`, whether or not its weights are here."""

    model: str

    @property
    def picture(self) -> bytes:
        """Nothing: a look needs no picture."""
        return b""


class Explain(Request, frozen=True):
    """What in a picture made `label`, one of the model's; None means the most likely one."""

    picture: bytes
    model: str | None = None
    label: str | None = None


class Shake(Request, frozen=True):
    """What becomes of a picture's label when the picture is changed a little."""

    picture: bytes
    model: str | None = None


class Featurise(Request, frozen=True):
    """What a classifier makes of a picture before it names it. `model` None means the default."""

    picture: bytes
    model: str | None = None


class Example(Message, frozen=True):
    """A label that somebody taught, and the features of one picture that it was taught with.

    `features` are those of `Features`.
    """

    label: str
    features: bytes


class Recognise(Request, frozen=True):
    """Which of the taught labels a picture has.

    `examples`, of two labels at least, have the features of `model` with `weights`.
    """

    picture: bytes
    model: str
    weights: str
    examples: tuple[Example, ...]


class Assess(Request, frozen=True):
    """How well `examples` can be told apart, each by all the others. `model` is theirs."""

    model: str
    examples: tuple[Example, ...]

    @property
    def picture(self) -> bytes:
        """Nothing: the pictures were not kept."""
        return b""


Job: TypeAlias = (
    Classify
    | Translate
    | Cycle
    | Caption
    | Untrained
    | Inspect
    | Featurise
    | Recognise
    | Assess
    | Explain
    | Shake
)
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


class Recount(Message, frozen=True):
    """Weights may have come: look what is on this machine now and say `Ready` again."""


# --- what may be answered -------------------------------------------------------------------------


class Label(Message, frozen=True):
    """One class of the model's label set, with its softmax probability in [0, 1]."""

    label: str
    probability: float


class Pictured(Message, frozen=True):
    """What every answer about a picture tells of how it came about.

    `model` has answered, with `weights`, on `device`, in `precision`; `substitution`, when set, is
    one sentence saying why another model than the one asked for has. `milliseconds` is the time
    the networks took for the batch this picture was part of.
    """

    model: str
    weights: str
    device: str
    milliseconds: float
    substitution: Said | None = None
    precision: Precision = "float32"


class Labels(Pictured, frozen=True, kw_only=True):
    """The answer to `Classify`.

    `top` holds five labels, or as many as were taught, most likely first. `crop` is a
    JPEG of the pixels the network saw, at its input size and before normalisation. `width` and
    `height` are the picture's own, upright.
    `frames` is 1 for a still picture; of an animation the first frame was used. `sure` is False
    when the distribution is too flat to mean much. `batch_size` says how many pictures shared the
    batch.
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


class Verdict(Message, frozen=True):
    """What a classifier makes of a picture before and after its translation.

    `expected` is False when nothing in the picture looks like what the pair was trained on.
    """

    before: Label
    after: Label
    expected: bool
    model: str


class Translated(Pictured, frozen=True, kw_only=True):
    """The answer to `Translate`.

    `image` has the size of the picture as it was sent, upright. `working_width` and
    `working_height` are what the generator saw. Of an animation `frames` were translated, out of
    `frames_in_all`. `expects` says what the pair was trained on ("a horse in a field").
    """

    image: Image
    verdict: Verdict
    expects: str
    working_width: int
    working_height: int
    frames: int
    frames_in_all: int


class Cycled(Pictured, frozen=True, kw_only=True):
    """The answer to `Cycle`: the picture, the picture there, and back again.

    `difference` is the mean absolute difference between original and back, of a range of 1.
    """

    original: Image
    there: Image
    back: Image
    difference: float
    verdict: Verdict
    inverse: str
    expects: str


class Captioned(Pictured, frozen=True, kw_only=True):
    """The answer to `Caption`: one sentence without a full stop, and up to three others.

    `log_probability` is the mean over the caption's tokens. `sure` is False when it is so low that
    the caption is a guess. `width`, `height` and `frames` are the picture's, as in `Labels`.
    """

    caption: str
    log_probability: float
    sure: bool
    alternatives: tuple[str, ...]
    width: int
    height: int
    frames: int


class Explained(Pictured, frozen=True, kw_only=True):
    """The answer to `Explain`.

    `image` shows the pixels the network saw and, beside them, the same in grey with what spoke for
    `label`, whose softmax probability is `probability`, in colour. `top` are the five most likely.
    """

    image: Image
    label: str
    probability: float
    top: tuple[Label, ...]


class Shook(Message, frozen=True):
    """The most likely label of a picture after a `change`, and its softmax probability."""

    change: str
    label: str
    probability: float


class Shaken(Pictured, frozen=True, kw_only=True):
    """The answer to `Shake`: a strip of the pictures, and the best label of each, as they come.

    The first is the picture as it is.
    """

    image: Image
    changes: tuple[Shook, ...]


class Features(Pictured, frozen=True, kw_only=True):
    """The answer to `Featurise`.

    `features` is a vector of unit length, of 2-byte floats, little-endian: what the last layer of
    the network is given.
    """

    features: bytes


class Assessed(Message, frozen=True):
    """The answer to `Assess`: how many examples the others, without them, gave the right label.

    `asked` counts those whose label has other examples.
    """

    right: int
    asked: int


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
    sentence: Said


Answer: TypeAlias = (
    Labels | Translated | Cycled | Captioned | Inspected | Features | Assessed | Explained | Shaken
)


class WeightsFile(Message, frozen=True):
    """One file of a model's weights, as its publisher offers it.

    `name` is its name on disk and `url` where it is downloaded from; None where it comes with a
    package. `proof` says what tells it from any other: "sha256", of which `digest` is the
    beginning in hexadecimal; "git", whose `digest` is the id that git gives the content; "pinned",
    without a digest, where none is published and the first one seen is held to. `size_bytes` is
    the publisher's figure, which may be rounded.
    """

    name: str
    url: str | None
    proof: Literal["sha256", "git", "pinned"]
    digest: str | None = None
    size_bytes: int | None = None


class HubModel(Message, frozen=True):
    """A classifier of a Torch Hub repository, as the operator's list has it.

    `name` is what people ask for after "hub/". `entry` is the entry point and `arguments` what it
    is called with. `labels` None means ImageNet's. A picture's short side becomes `resize` pixels,
    of which the middle `crop` by `crop` are taken; `mean` and `std` are those of pixels in [0, 1].
    """

    name: str
    entry: str
    arguments: dict[str, str | int | float | bool] = {}
    labels: tuple[str, ...] | None = None
    resize: int = 256
    crop: int = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


class ModelCard(Message, frozen=True):
    """What the bot knows of one catalogue record, for autocomplete, help and listings.

    `weights` names the checkpoint ("IMAGENET1K_V1"), `source` is its URL or package, `size_bytes`
    its file's size where the publisher states it. `ready` says that the weights are on this
    machine, `location` where ("bobby cache", "torch cache", "package …"). `accuracy` is the
    publisher's ImageNet top-1 in percent, `expects` what a translation was trained on. `family`
    and `year` are those of the paper that introduced the network, where there is one. `files` are
    the files of its weights; empty where they are part of Bobby.
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
    files: tuple[WeightsFile, ...] = ()


class Checked(Message, frozen=True):
    """What the check of one file of weights came to; `wrong` is None where it is right.

    `file` of `model` is at `location`, as in `ModelCard`; reading it took `seconds`.
    """

    model: str
    file: str
    location: str
    seconds: float
    wrong: str | None = None


class Ready(Message, frozen=True):
    """The worker is warm and answers. `default` is the model that `model=None` means now.

    It is sent once at the start, and again in answer to `Recount`.
    """

    device: str
    default: str
    models: tuple[ModelCard, ...]


class Unready(Message, frozen=True):
    """The worker can't start; `reason` is a sentence for the operator. It exits after this."""

    reason: str


class Started(Message, frozen=True):
    """Batch `batch` has begun: its jobs may have had effects and are not to be tried again."""

    batch: int


class Lost(Message, frozen=True):
    """Batch `batch` got lost with the replica that had it; its jobs get no `Finished` any more."""

    batch: int


class Finished(Message, frozen=True):
    """Job `id` is done; every job of a batch gets exactly one of these."""

    id: int
    result: Answer | Failure


ToWorker: TypeAlias = Submit | Run | Forget | Recount
FromWorker: TypeAlias = Ready | Unready | Started | Finished | Lost
