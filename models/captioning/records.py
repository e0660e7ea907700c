"""The list of captioners: one frozen record each, beside those of the catalog.

Owns names, files and licenses. `models.catalog.selection` chooses among them as among all models,
and `models.captioning.own` or `neuraltalk_backend` runs them. It opens no file when imported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from PIL import Image

from models.captioning import published, small, views
from models.captioning.own import CaptionBackend, Compile, OwnBackend
from models.catalog.classifiers import catalog
from models.catalog.records import Paper, Record
from models.images.arrays import Array
from models.images.pixel_jobs import Exactly, View
from models.weights.checkpoint import Checkpoint, Sha256
from models.weights.store import WeightsStore

if TYPE_CHECKING:
    from torch import nn

DEFAULT = "caption_small"
PUBLISHED = "neuraltalk2"
WORDS = 9487
"""What the published vocabulary has, the end of a caption not counted."""


@dataclass(frozen=True, kw_only=True)
class Captioning(Record):
    """A captioner: `beams` is what it searches unless told.

    `view` is what it sees of a picture, and `see` makes of that, in mode RGB, what `load`'s result
    takes. `build` makes encoder and decoder.
    """

    task: Literal["caption"] = "caption"
    purpose: str = "caption"
    beams: int
    view: View
    see: Callable[[Image.Image], Array]
    load: Callable[[WeightsStore, str, Compile], CaptionBackend]


Captionings: TypeAlias = Mapping[str, Captioning]


def captioners(files: Sequence[Checkpoint] = published.FILES) -> Captionings:
    """Return every record by its name, the default first; `files` are NeuralTalk2's."""
    records = [_own(), _neuraltalk(tuple(files))]
    return MappingProxyType({record.name: record for record in records})


def _own() -> Captioning:
    return Captioning(
        name=DEFAULT,
        checkpoint=Checkpoint(
            name="trained for Bobby on Flickr8k and everyday photographs",
            source="models/pretrained, trained by models/train/caption.py",
            file=small.WEIGHTS.name,
            proof=Sha256("82f908dd18db48a0"),
            license="research and education only (its photographs)",
            size_bytes=4_762_918,
            shipped=True,
        ),
        more=(catalog()["efficientnet_lite0"].checkpoint,),
        origin=Paper("bobby", 2026),
        parameters=8_470_167,
        beams=small.DEFAULT_BEAMS,
        build=_own_networks,
        view=Exactly(
            width=views.DATA_SIDE, height=views.DATA_SIDE, resample=Image.Resampling.BICUBIC
        ),
        see=views.prepare,
        load=OwnBackend,
    )


def _neuraltalk(files: tuple[Checkpoint, ...]) -> Captioning:
    return Captioning(
        name=PUBLISHED,
        checkpoint=files[0],
        more=files[1:],
        converted=published.CONVERTED,
        origin=Paper("neuraltalk"),
        parameters=55_901_008,
        beams=2,
        build=_published_networks,
        view=published.OWN_SIZE,
        see=published.at_own_size,
        load=partial(_load_published, files),
    )


def _load_published(
    files: Sequence[Checkpoint], shelf: WeightsStore, device: str, _: object
) -> CaptionBackend:
    from models.captioning.neuraltalk_backend import NeuralTalkBackend

    return NeuralTalkBackend(shelf, device, files)


def _own_networks() -> "nn.Module":
    from torch import nn

    from models.networks.caption_transformer import CaptionTransformer
    from models.networks.efficientnet_lite import EfficientNetLite0

    decoder = CaptionTransformer(small.shape())
    return nn.ModuleDict({"encoder": EfficientNetLite0(), "decoder": decoder})


def _published_networks() -> "nn.Module":
    from torch import nn

    from models.networks.caffe_resnet import CaffeResNet101
    from models.networks.neuraltalk import FCDecoder

    return nn.ModuleDict({"encoder": CaffeResNet101(), "decoder": FCDecoder(WORDS)})
