"""The very worker that answers people, over weights for timing where no others are here.

`python -m models.bench.worker FOLDER …` takes the worker's own arguments behind a folder of the
benchmark's. It leaves its process id there, so that its memory can be read.
"""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from models.bench.random_weights import listed
from models.worker import process

PROCESS_ID = "worker.pid"


def main(arguments: Sequence[str]) -> None:
    """Be the worker; does not return."""
    folder, *rest = arguments
    (Path(folder) / PROCESS_ID).write_text(str(os.getpid()), encoding="ascii")
    name = rest[rest.index("--default-model") + 1]
    process.main(rest, classifiers=partial(listed, name, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
