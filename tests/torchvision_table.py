"""Writes what the catalog knows of torchvision's models: `python -m tests.torchvision_table`.

The catalog reads `models/catalog/torchvision.csv` and `imagenet.txt`, so that a worker need not
import torchvision to know a model. To be run again once torchvision has more of them.
"""

import csv
import io
from collections.abc import Iterator

from torchvision import models as torchvision_models
from torchvision.models import get_model_weights, list_models
from torchvision.models._api import WeightsEnum

from models.catalog.classifiers import COLUMNS, LABELS, TABLE


def checkpoints() -> Iterator[tuple[str, WeightsEnum]]:
    """Yield every checkpoint of a classifier that torchvision lists, behind its network's name."""
    for network in list_models(module=torchvision_models):
        for weights in get_model_weights(network):
            if weights.meta.get("categories"):
                yield network, weights


def table() -> str:
    """Return a line for each of `checkpoints`, below a line that names the columns."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(network, weights) for network, weights in checkpoints())
    return file.getvalue()


def labels() -> str:
    """Return the labels that all of `checkpoints` share, a line each."""
    (shared,) = {tuple(weights.meta["categories"]) for _, weights in checkpoints()}
    return "".join(f"{label}\n" for label in shared)


def _row(network: str, weights: WeightsEnum) -> tuple[object, ...]:
    meta, preset = weights.meta, weights.transforms()
    (resize,), (crop,) = preset.resize_size, preset.crop_size
    return (
        network,
        weights.name,
        weights.url,
        meta["_file_size"],
        meta["num_params"],
        meta["_metrics"]["ImageNet-1K"]["acc@1"],
        resize,
        crop,
        preset.interpolation.value,
        " ".join(map(str, preset.mean)),
        " ".join(map(str, preset.std)),
    )


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
    LABELS.write_text(labels(), encoding="utf-8")
