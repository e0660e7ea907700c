"""The list of translations: one frozen record for every generator of a pair.

Owns names, checkpoints, licenses and what each pair expects to see. A plain name such as
`horse2zebra` is the file this project set out with, `horse2zebra:authors` the one that the authors
serve, and `horse2zebra_small` is our own, which comes with Bobby. It opens no file and builds
nothing when imported.

Source of names and addresses: Zhu, Park, Isola, Efros, "Unpaired Image-to-Image Translation using
Cycle-Consistent Adversarial Networks", ICCV 2017, github.com/junyanz/pytorch-CycleGAN-and-pix2pix.
"""

from collections.abc import Iterator
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from models.catalog.records import Paper, TranslationModel
from models.weights.checkpoint import Checkpoint, GitBlob, PinnedAtFirstUse, Sha256, StateDict

if TYPE_CHECKING:
    from torch import nn

HORSES = frozenset(
    {
        *("sorrel", "Arabian camel", "hartebeest", "ox", "bighorn", "warthog", "bison", "ram"),
        *("water buffalo", "ibex", "llama", "gazelle", "impala", "oxcart", "horse cart", "plow"),
    }
)
"""What classifiers call a horse, for which ImageNet has one label, sorrel: hoofed animals.

With sorrel alone 51 % of the horses that `models.tasks.translate.verdict` speaks of would be known.
The hounds that a few more are taken for are left out: with them a tenth of everyday photographs
would hold a horse.
"""

_STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked")

_ORIGIN = Paper(
    "cyclegan",
    2017,
    "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    "https://arxiv.org/abs/1703.10593",
)
_OWN = Paper("bobby", 2026)
_PARAMETERS = 11_378_179
_OUR_PARAMETERS = 919_204
_OURS = (  # the pair, the recipe, and what it made: its SHA-256 and size in bytes
    (
        "horse2zebra",
        "models.train.zebra",
        "27c7ca5b205baea3ec24f589be42c15b17f7f5412caea024f845b4bbf615e7ea",
        1_855_024,
    ),
    (
        "zebra2horse",
        "models.train.zebra_back",
        "cac3bca8fadbb7d6f1ce014ba81f5fbd084038815d7d4e6edabc1e3ae5281faf",
        1_855_000,
    ),
)
_AUTHORS = "http://efrosgans.eecs.berkeley.edu/cyclegan/pretrained_models"
_DLWPT = (
    "https://raw.githubusercontent.com/deep-learning-with-pytorch/dlwpt-code"
    "/d6c0210143daa133bbdeddaffc8993b1e17b5174/data/p1ch2"
)

_PHOTO = "any photograph"
_PAIRS: dict[str, dict[str, Any]] = {
    "horse2zebra": {"expects": "a horse in a field", "things": HORSES, "inverse": "zebra2horse"},
    "zebra2horse": {
        "expects": "a zebra in a field",
        "things": frozenset({"zebra"}),
        "inverse": "horse2zebra",
    },
    "apple2orange": {
        "expects": "an apple close up",
        "things": frozenset({"Granny Smith", "pomegranate"}),
        "inverse": "orange2apple",
    },
    "orange2apple": {
        "expects": "an orange close up",
        "things": frozenset({"orange", "lemon"}),
        "inverse": "apple2orange",
    },
    "summer2winter_yosemite": {
        "expects": "mountains in summer",
        "inverse": "winter2summer_yosemite",
    },
    "winter2summer_yosemite": {"expects": "snowy mountains", "inverse": "summer2winter_yosemite"},
    "monet2photo": {"expects": "a landscape painted by Monet", "inverse": "style_monet"},
    "style_monet": {"expects": _PHOTO, "inverse": "monet2photo"},
    "style_cezanne": {"expects": _PHOTO},
    "style_ukiyoe": {"expects": _PHOTO},
    "style_vangogh": {"expects": _PHOTO},
    "sat2map": {"expects": "a satellite picture of a city", "inverse": "map2sat"},
    "map2sat": {"expects": "a street map", "inverse": "sat2map"},
    "cityscapes_photo2label": {
        "expects": "a street seen from a car",
        "inverse": "cityscapes_label2photo",
    },
    "cityscapes_label2photo": {
        "expects": "a street as coloured labels",
        "inverse": "cityscapes_photo2label",
    },
    "facades_photo2label": {
        "expects": "the front of a building",
        "inverse": "facades_label2photo",
    },
    "facades_label2photo": {
        "expects": "the front of a building as coloured labels",
        "inverse": "facades_photo2label",
    },
    "iphone2dslr_flower": {"expects": "a flower, taken with a telephone"},
}
"""Every pair that the authors publish a generator for, by the name of their file."""


@cache
def pairs() -> MappingProxyType[str, TranslationModel]:
    """Return every record by its name; of one translation the better ones come first."""
    records = [_zebra(), *(_of_the_authors(name) for name in _PAIRS), *_our_own()]
    return MappingProxyType({record.name: record for record in records})


def _zebra() -> TranslationModel:
    """Return the generator that the book this project began with works through."""
    return TranslationModel(
        name="horse2zebra",
        purpose="horse2zebra",
        checkpoint=Checkpoint(
            name="horse2zebra 0.4.0",
            source=f"{_DLWPT}/horse2zebra_0.4.0.pth",
            file="horse2zebra_0.4.0.pth",
            proof=GitBlob("ce10268a67fba8227bd42a071e17eef1b358fa2b"),
            license="unstated",
        ),
        origin=_ORIGIN,
        build=_resnet_generator,
        adapt=without_statistics,
        parameters=_PARAMETERS,
        **_PAIRS["horse2zebra"],
    )


def _of_the_authors(name: str) -> TranslationModel:
    taken = name == "horse2zebra"
    return TranslationModel(
        name=f"{name}:authors" if taken else name,
        purpose=name,
        checkpoint=Checkpoint(
            name="CycleGAN, 2017",
            source=f"{_AUTHORS}/{name}.pth",
            file=f"{name}.pth",
            proof=PinnedAtFirstUse(),
            license="not stated (code: BSD)",
        ),
        origin=_ORIGIN,
        build=_resnet_generator,
        adapt=without_statistics,
        parameters=_PARAMETERS,
        **_PAIRS[name],
    )


def _our_own() -> Iterator[TranslationModel]:
    """Yield the small generators that `models.train.zebra` and `zebra_back` made."""
    for name, recipe, sha256, size in _OURS:
        yield TranslationModel(
            name=f"{name}_small",
            purpose=name,
            checkpoint=Checkpoint(
                name="Bobby, 2026",
                source=f"trained by {recipe}",
                file=f"{name}_small.safetensors",
                proof=Sha256(sha256),
                license="research and education only (ImageNet)",
                size_bytes=size,
                shipped=True,
            ),
            origin=_OWN,
            build=_matte_generator,
            rounds_sides=False,
            parameters=_OUR_PARAMETERS,
            **_PAIRS[name],
        )


def _resnet_generator() -> "nn.Module":
    from models.networks.cyclegan import ResNetGenerator

    return ResNetGenerator()


def without_statistics(state: StateDict) -> StateDict:
    """Return `state` without the running statistics that files of 2017 still carry.

    InstanceNorm kept them then and never used them; every other key stays, so that a strict load
    still refuses a file that is not this network.
    """
    return {key: value for key, value in state.items() if not key.endswith(_STATISTICS)}


def _matte_generator() -> "nn.Module":
    from models.networks.zebra_student import MatteGenerator

    return MatteGenerator()
