"""One published file of weights, and how it is told from any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from models.jobs.model_info import WeightsFile

if TYPE_CHECKING:
    from torch import Tensor

StateDict: TypeAlias = "Mapping[str, Tensor]"


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
        """Return what a downloader of the file has to know."""
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
