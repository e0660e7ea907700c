"""What a decoder may be asked, and what it answers: plain messages, since it is its own process."""

from typing import Self, TypeAlias

from PIL import Image

from models.jobs import answers
from models.jobs.base import Message, Said


class Pixels(Message, frozen=True):
    """A picture in memory: `data` has its rows, top first, in Pillow's `mode` RGB or L."""

    mode: str
    width: int
    height: int
    data: bytes

    @classmethod
    def of(cls, image: Image.Image) -> Self:
        """Return what is in `image`."""
        return cls(mode=image.mode, width=image.width, height=image.height, data=image.tobytes())

    def image(self) -> Image.Image:
        """Return it as a picture."""
        return Image.frombytes(self.mode, (self.width, self.height), self.data)


class Crop(Message, frozen=True):
    """The center, as a classifier's preprocessing has it: resized by the short side, then cut.

    `resample` is one of `PIL.Image.Resampling`.
    """

    resize: int
    crop: int
    resample: int


class Exactly(Message, frozen=True):
    """The whole picture at `width` by `height` pixels, whatever its own ratio."""

    width: int
    height: int
    resample: int


class AtMost(Message, frozen=True):
    """The whole picture with neither side longer than `longest` pixels, its ratio kept."""

    longest: int


class Within(Message, frozen=True):
    """The whole picture at its own size, if it has at most `most` pixels, no side below `least`."""

    most: int
    least: int


View: TypeAlias = Crop | Exactly | AtMost | Within


class Look(Message, frozen=True):
    """Decode a picture and show `views` of it, of an animation's first frame that isn't blank.

    With `least`, a JPEG may be decoded smaller, see `models.images.decode.decode`.
    """

    picture: bytes
    views: tuple[View, ...]
    least: int | None = None


class Looked(Message, frozen=True):
    """`images` are the views, in their order, `notes` their small print; the rest is the file's."""

    images: tuple[Pixels, ...]
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...] = ()


class Sample(Message, frozen=True):
    """Decode a file's first frames, `most` at most, each at the size at which a generator works.

    `short` is that size's short side, see `models.images.sizes`; `view` is shown of the first.
    """

    picture: bytes
    most: int
    view: Crop
    short: int | None = None


class Sampled(Message, frozen=True):
    """The frames at their working size, on paper, and the view of the first one.

    `moves` is whether the file is an animation, of `frames_in_all` frames. `notes` is the first
    one's small print.
    """

    frames: tuple[Pixels, ...]
    view: Pixels
    moves: bool
    frames_in_all: int
    notes: tuple[Said, ...] = ()


class Overlay(Message, frozen=True):
    """What was painted, at the working size: `color` RGB, and where it belongs, `matte` L.

    A matte of None means everywhere.
    """

    color: Pixels
    matte: Pixels | None


class Paint(Message, frozen=True):
    """Lay `layers` over a file's first frames, one each, and write a file of at most `max_bytes`.

    `as_it_is` writes the first layer alone, at its own size, as the notebook does.
    """

    picture: bytes
    layers: tuple[Overlay, ...]
    max_bytes: int
    as_it_is: bool = False


class PaintTwice(Message, frozen=True):
    """Lay `there` over a picture, then `back` over that; three files of at most `max_bytes`."""

    picture: bytes
    there: Overlay
    back: Overlay
    max_bytes: int


class Painted(Message, frozen=True):
    """The file that `Paint` asked for."""

    image: answers.Image


class PaintedTwice(Message, frozen=True):
    """The files that `PaintTwice` asked for.

    `difference` is the mean absolute difference of the last from the first, of a range of 1.
    """

    original: answers.Image
    there: answers.Image
    back: answers.Image
    difference: float


PixelJob: TypeAlias = Look | Sample | Paint | PaintTwice
PixelAnswer: TypeAlias = Looked | Sampled | Painted | PaintedTwice
