"""What the catalogue says of a model: the frozen record, its checkpoint and how that is verified.

Owns the types alone. `models.catalog.classifiers` fills them for classifiers and
`models.catalog.generators` for translations; `models.weights.store` finds and checks the
checkpoints.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from msgspec.structs import replace
from torch import Tensor, nn
from torchvision.transforms._presets import ImageClassification

from models.jobs import WeightsFile

StateDict: TypeAlias = Mapping[str, Tensor]


@dataclass(frozen=True)
class Sha256:
    """The hexadecimal beginning of a file's SHA-256, as published."""

    prefix: str


@dataclass(frozen=True)
class GitBlob:
    """The id git gives a file: the SHA-1 of `blob`, its size, a zero byte and its content."""

    id: str


@dataclass(frozen=True)
class PinnedAtFirstUse:
    """The publisher gives no hash: what is first used here is written down and held to."""


Proof: TypeAlias = Sha256 | GitBlob | PinnedAtFirstUse
"""How a checkpoint's file is told from any other."""


@dataclass(frozen=True)
class Checkpoint:
    """One published file of weights.

    `name` is what people read ("IMAGENET1K_V1"), `source` its URL or package, `file` its name on
    disk, `proof` how it is verified. `package` is set when an installed distribution carries the
    file, `shipped` when it lies in our own `models/pretrained`.
    """

    name: str
    source: str
    file: str
    proof: Proof
    license: str
    size_bytes: int | None = None
    package: str | None = None
    shipped: bool = False

    def file_to_fetch(self) -> WeightsFile:
        """Return what whoever downloads the file has to know."""
        hollow = WeightsFile(
            name=self.file,
            url=self.source if self.source.startswith(("http://", "https://")) else None,
            proof="pinned",
            size_bytes=self.size_bytes,
        )
        match self.proof:
            case Sha256(prefix):
                return replace(hollow, proof="sha256", digest=prefix)
            case GitBlob(blob):
                return replace(hollow, proof="git", digest=blob)
            case PinnedAtFirstUse():
                return hollow


@dataclass(frozen=True)
class Origin:
    """Where a network comes from: its family, and the year and paper of its introduction."""

    family: str
    year: int | None = None
    paper: str | None = None
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """What every model has, whatever its task.

    `build` makes the network without its weights. `adapt` changes a checkpoint's keys where they
    are older than the code. `parameters` and `accuracy` (ImageNet top-1 in percent) are the
    publisher's figures; `expects` is what a translation was trained on. `purpose` is what a
    substitute must share: any classifier stands in for another, but no Monet for a zebra.
    """

    name: str
    task: Literal["classify", "translate"]
    purpose: str
    checkpoint: Checkpoint
    origin: Origin
    build: Callable[[], nn.Module]
    parameters: int
    accuracy: float | None = None
    expects: str | None = None
    adapt: Callable[[StateDict], StateDict] = dict


@dataclass(frozen=True, kw_only=True)
class Classification(Record):
    """A classifier: `preprocessing` makes torchvision's preset, `labels` names the outputs."""

    task: Literal["classify"] = "classify"
    purpose: str = "classify"
    preprocessing: Callable[[], ImageClassification]
    labels: tuple[str, ...]
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Pair(Record):
    """A generator that turns one kind of thing into another, "horse2zebra".

    `purpose` is the translation itself; `inverse` that of the way back, if anybody trained one.
    `things` are the ImageNet labels of what it expects; empty where ImageNet has no word for it.
    """

    task: Literal["translate"] = "translate"
    expects: str
    things: frozenset[str] = frozenset()
    inverse: str | None = None
