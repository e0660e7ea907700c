"""What the catalog says of a model: a frozen record for each.

Owns the types alone. `models.catalog.classifiers` fills them for classifiers,
`models.catalog.generators` for translations, and, with types of their own,
`models.captioning.records` for captioners and `models.reading.records` for readers;
`models.weights.store` finds and checks the checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from models.weights.checkpoint import Checkpoint, StateDict

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Paper:
    """Where a network comes from: its family, and the year and paper of its introduction."""

    family: str
    year: int | None = None
    paper: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What becomes of a picture before a classifier sees it, as torchvision's presets do it.

    Its short side becomes `resize` pixels, and of the middle `crop` by `crop` are taken. `mean` and
    `std` are those of pixels in [0, 1].
    """

    resize: int
    crop: int
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What every model has, whatever its task.

    `build` makes the network without its weights. `adapt` changes a checkpoint's keys where they
    are older than the code. `parameters` and `accuracy` (ImageNet top-1 in percent) are the
    publisher's figures; `expects` is what a translation was trained on. `purpose` is what a
    substitute must share: any classifier stands in for another, but no Monet for a zebra.

    `checkpoint` is what people read of; a network that is in several files has the rest in `more`.
    `converted` names the folder in the cache that serves instead of them all once it is there.
    """

    name: str
    task: Literal["classify", "translate", "caption", "read"]
    purpose: str
    checkpoint: Checkpoint
    more: tuple[Checkpoint, ...] = ()
    converted: str | None = None
    origin: Paper
    build: "Callable[[], nn.Module]"
    parameters: int
    accuracy: float | None = None
    expects: str | None = None
    adapt: Callable[[StateDict], StateDict] = dict

    @property
    def files(self) -> tuple[Checkpoint, ...]:
        """All that the network needs."""
        return (self.checkpoint, *self.more)


@dataclass(frozen=True, kw_only=True)
class Classification(Record):
    """A classifier: `preset` prepares pictures, `labels` names the outputs.

    An answer counts as sure from the probability `sure_from` of its best label on. With
    EfficientNet-Lite0, noise, plain colors and gradients stay below 0.1.
    """

    task: Literal["classify"] = "classify"
    purpose: str = "classify"
    preset: Preset
    labels: tuple[str, ...]
    accuracy: float
    sure_from: float = 0.2


@dataclass(frozen=True, kw_only=True)
class TranslationModel(Record):
    """A generator that turns one kind of thing into another, "horse2zebra".

    `purpose` is the translation itself; `inverse` that of the way back, if anybody trained one.
    `things` are the ImageNet labels of what it expects; empty where ImageNet has no word for it.
    `rounds_sides` says that it takes sides that are no multiples of 4, and rounds them up.
    """

    task: Literal["translate"] = "translate"
    expects: str
    things: frozenset[str] = frozenset()
    inverse: str | None = None
    rounds_sides: bool = True
