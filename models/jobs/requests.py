"""What may be asked of a worker: one type a job, each with all that it needs."""

from typing import Generic, TypeAlias, TypeVar

from models.jobs.answers import (
    Answer,
    Captioned,
    CrossValidation,
    Cycled,
    Explained,
    Features,
    Inspected,
    Labels,
    Located,
    ReadText,
    RobustnessResult,
    Translated,
)
from models.jobs.base import Message

A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Request(Message, Generic[A_co], frozen=True, kw_only=True):
    """Base of all jobs; `A_co` is the type of the answer.

    `question` is the id that log lines about it have, in both processes.
    `requester` is the same for all jobs of one person, who can't be told from it; it decides whose
    turn it is.
    """

    question: int | None = None
    requester: int | None = None


class Classify(Request[Labels], frozen=True):
    """The five most likely labels of a picture. `model` None means the worker's default."""

    picture: bytes
    model: str | None = None


class Translate(Request[Translated], frozen=True):
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


class Cycle(Request[Cycled], frozen=True):
    """A picture there and back: through the generator of `model`, then through its inverse."""

    picture: bytes
    max_bytes: int
    model: str | None = None
    size: int | None = None


class Caption(Request[Captioned], frozen=True):
    """A question what a picture shows, in English.

    `beams`, from 1 to 10, is how many captions are searched side by side; None leaves it to the
    model.
    """

    picture: bytes
    model: str | None = None
    beams: int | None = None


class Read(Request[ReadText], frozen=True):
    """A question what is written in a picture.

    `model` None means the default reader; the others that are here help with lines that it can't
    spell.
    """

    picture: bytes
    model: str | None = None


class Locate(Request[Located], frozen=True):
    """A question where in a picture the lines are that `Read` finds."""

    picture: bytes
    model: str | None = None


class Untrained(Request[Labels], frozen=True):
    """The labels that a classifier gives whose weights are random numbers: garbage, on purpose.

    The numbers are the same each time. Answered by `Labels` that say so in place of the weights.
    """

    picture: bytes
    model: str


class Inspect(Request[Inspected], frozen=True):
    """A look inside the network of `model`, whether or not its weights are here."""

    model: str

    @property
    def picture(self) -> bytes:
        """Nothing: a look needs no picture."""
        return b""


class Explain(Request[Explained], frozen=True):
    """What in a picture made `label`, one of the model's; None means the most likely one."""

    picture: bytes
    model: str | None = None
    label: str | None = None


class Shake(Request[RobustnessResult], frozen=True):
    """What becomes of a picture's label when the picture is changed a little."""

    picture: bytes
    model: str | None = None


class ExtractFeatures(Request[Features], frozen=True):
    """What a classifier makes of a picture before it names it. `model` None means the default."""

    picture: bytes
    model: str | None = None


class Example(Message, frozen=True):
    """A label that somebody taught, and the features of one picture that it was taught with.

    `features` are those of `Features`.
    """

    label: str
    features: bytes


class ClassifyCustom(Request[Labels], frozen=True):
    """Which of the taught labels a picture has.

    `examples`, of two labels at least, have the features of `model` with `weights`.
    """

    picture: bytes
    model: str
    weights: str
    examples: tuple[Example, ...]


class CrossValidate(Request[CrossValidation], frozen=True):
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
    | Read
    | Locate
    | Untrained
    | Inspect
    | ExtractFeatures
    | ClassifyCustom
    | CrossValidate
    | Explain
    | Shake
)
"""Everything a worker can be asked to do."""
