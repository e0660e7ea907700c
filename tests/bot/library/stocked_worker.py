"""The real worker, whose catalog has one more classifier, which the tests publish themselves.

    stocked_worker.py URL FILE SHA256 [worker's own options]

What it knows of the model `house_net` is its network, ShuffleNet, and the address, name and hash
of its file, as for any of torchvision's.
"""

import sys
from collections.abc import Mapping
from dataclasses import replace

from models.catalog.classifiers import catalog
from models.catalog.records import Classification
from models.weights.checkpoint import Sha256
from models.worker import process

NAME = "house_net"
NETWORK = "shufflenet_v2_x0_5"


def stocked(url: str, file: str, sha256: str) -> Mapping[str, Classification]:
    """Return the catalog with the model that is published at `url`."""
    known = catalog()[NETWORK]
    checkpoint = replace(
        known.checkpoint, source=url, file=file, proof=Sha256(sha256), size_bytes=None
    )
    return {**catalog(), NAME: replace(known, name=NAME, checkpoint=checkpoint)}


if __name__ == "__main__":
    shelf = stocked(*sys.argv[1:4])
    process.main(sys.argv[4:], classifiers=lambda: shelf)
