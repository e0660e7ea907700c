"""The list of captioners, one frozen record each, and which of them answers.

Owns names, files, licences, and the choice: the captioner asked for if its files are here, else
the one that is, with the sentence that says so. `models.captioning.backends` loads and runs them;
nothing is opened when this is imported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import torch
from PIL import Image
from torch import Tensor, nn

from models.captioning import backends, neuraltalk2, small
from models.captioning.backends import CaptionBackend, NeuralTalkBackend, OwnBackend
from models.catalog.classifiers import catalog
from models.catalog.selection import nobody_stands_in, stands_in, unknown
from models.images.pixel_jobs import Exactly, View
from models.jobs.base import Said
from models.jobs.model_info import ModelInfo
from models.networks.caffe_resnet import CaffeResNet101
from models.networks.caption_transformer import CaptionTransformer
from models.networks.efficientnet_lite import EfficientNetLite0
from models.networks.neuraltalk import FCDecoder
from models.weights.checkpoint import Checkpoint, Sha256
from models.weights.store import WeightsError, WeightsStore

DEFAULT = "caption_small"
PUBLISHED = "neuraltalk2"
WORDS = 9487
"""What the published vocabulary has, the end of a caption not counted."""


@dataclass(frozen=True, kw_only=True)
class Captioning:
    """A captioner: `files` are all that it needs; `beams` is what it searches unless told.

    `checkpoint` is what people read, `source` says where the files are from. `view` is what it sees
    of a picture, and `see` makes of that, in mode RGB, what `load`'s result takes. `build` makes
    encoder and decoder without their weights.
    """

    name: str
    checkpoint: str
    source: str
    license: str
    parameters: int
    files: tuple[Checkpoint, ...]
    beams: int
    build: Callable[[], nn.Module]
    view: View
    see: Callable[[Image.Image], Tensor]
    load: Callable[[WeightsStore, torch.device], CaptionBackend]


Captionings: TypeAlias = Mapping[str, Captioning]


def captioners(published: Sequence[Checkpoint] = neuraltalk2.FILES) -> Captionings:
    """Return every record by its name, the default first; `published` are NeuralTalk2's files."""
    records = [_own(), _neuraltalk(tuple(published))]
    return MappingProxyType({record.name: record for record in records})


def _own() -> Captioning:
    license_ = "research and education only (Flickr8k)"
    shipped = Checkpoint(
        name="trained for Bobby on Flickr8k",
        source="models/pretrained, trained by models/train/caption.py",
        file=small.WEIGHTS.name,
        proof=Sha256("c915afea88ba3df7"),
        license=license_,
        size_bytes=3_243_698,
        shipped=True,
    )
    return Captioning(
        name=DEFAULT,
        checkpoint=shipped.name,
        source=shipped.source,
        license=license_,
        parameters=7_653_417,
        files=(shipped, catalog()["efficientnet_lite0"].checkpoint),
        beams=small.DEFAULT_BEAMS,
        build=_own_networks,
        view=Exactly(
            width=small.DATA_SIDE,
            height=small.DATA_SIDE,
            resample=Image.Resampling.BICUBIC,
        ),
        see=small.prepare,
        load=OwnBackend,
    )


def _neuraltalk(files: tuple[Checkpoint, ...]) -> Captioning:
    return Captioning(
        name=PUBLISHED,
        checkpoint=files[0].name,
        source=files[0].source,
        license=files[0].license,
        parameters=55_901_008,
        files=files,
        beams=2,
        build=_published_networks,
        view=backends.VIEW,
        see=backends.at_own_size,
        load=partial(NeuralTalkBackend, files=files),
    )


def _own_networks() -> nn.Module:
    decoder = CaptionTransformer(small.shape())
    return nn.ModuleDict({"encoder": EfficientNetLite0(), "decoder": decoder})


def _published_networks() -> nn.Module:
    return nn.ModuleDict({"encoder": CaffeResNet101(), "decoder": FCDecoder(WORDS)})


@dataclass(frozen=True)
class Chosen:
    """The captioner that answers, and why it is not the one asked for, when it isn't."""

    record: Captioning
    substitution: Said | None = None


class Captioners:
    """Chooses among `records` by what `shelf` holds. Safe to use from several threads."""

    def __init__(self, shelf: WeightsStore, records: Captionings) -> None:
        self._shelf = shelf
        self._records = records

    def choose(self, name: str | None) -> Chosen:
        """Return the captioner for `name`, or who stands in for it.

        Raises:
            JobError: There is neither.
        """
        asked = DEFAULT if name is None else name
        if (wanted := self._records.get(asked.strip().lower())) is None:
            raise unknown(asked, self._records)
        if (lack := self._lack(wanted)) is None:
            return Chosen(wanted)
        for other in self._records.values():
            if self._lack(other) is None:
                return Chosen(other, stands_in(wanted.name, lack, other.name))
        raise nobody_stands_in(wanted.name, lack)

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every captioner, in the list's order."""
        return tuple(self._card(record) for record in self._records.values())

    def _lack(self, record: Captioning) -> WeightsError | None:
        """Return why `record` can't answer; None if it can."""
        if self._is_converted(record):
            return None
        try:
            for file in record.files:
                self._shelf.genuine(file)
        except WeightsError as error:
            return error
        return None

    def _is_converted(self, record: Captioning) -> bool:
        return record.name == PUBLISHED and backends.converted(self._shelf).is_dir()

    def _location(self, record: Captioning) -> str | None:
        if self._is_converted(record):
            return "Bobby cache"
        found = [self._shelf.find(file) for file in record.files]
        return found[0].location if all(found) and found[0] else None

    def _card(self, record: Captioning) -> ModelInfo:
        location = self._location(record)
        return ModelInfo(
            name=record.name,
            task="caption",
            parameters=record.parameters,
            weights=record.checkpoint,
            source=record.source,
            license=record.license,
            ready=location is not None,
            location=location,
            size_bytes=record.files[0].size_bytes,
            files=tuple(f.file_to_fetch() for f in record.files if not (f.shipped or f.package)),
        )
