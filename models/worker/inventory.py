"""`python -m models.worker.inventory`: what there is and whether it is right, without networks.

Prints JSON lines to standard output for the command line's sake, which never imports torch: a
`ModelInfo` a line, or with `--verify` a verdict on every file of weights that is on this machine.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from models.captioning.records import captioners
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import Record
from models.jobs.base import Message
from models.jobs.model_info import ModelInfo, VerifyResult
from models.reading.records import readers
from models.weights.checkpoint import Checkpoint
from models.weights.store import WeightsError, WeightsStore
from models.worker.tasks import Tasks


def cards(shelf: WeightsStore) -> tuple[ModelInfo, ...]:
    """Return every model of every task; nothing is loaded."""
    return Tasks(shelf, "cpu", "resnet101").cards()


def verdicts(shelf: WeightsStore) -> Iterator[VerifyResult]:
    """Read all weights that are on this machine and yield whether they are what was published."""
    for model, checkpoint in _checkpoints():
        if (found := shelf.find(checkpoint)) is None:
            continue
        begun, wrong = time.perf_counter(), None
        try:
            found = shelf.genuine(checkpoint)
        except WeightsError as error:
            wrong = str(error)
        yield VerifyResult(
            model=model,
            file=checkpoint.file,
            location=found.location,
            seconds=time.perf_counter() - begun,
            wrong=wrong,
        )


def _checkpoints() -> Iterator[tuple[str, Checkpoint]]:
    """Yield the files of every model, with its name."""
    records: list[Record] = [*catalog().values(), *pairs().values()]
    records += [*captioners().values(), *readers().values()]
    for record in records:
        yield from ((record.name, file) for file in record.files)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m models.worker.inventory", description=__doc__)
    parser.add_argument("--cache", type=Path, metavar="DIR")
    parser.add_argument("--verify", action="store_true")
    options = parser.parse_args(arguments)
    shelf = WeightsStore(options.cache)
    lines: Iterator[Message] = verdicts(shelf) if options.verify else iter(cards(shelf))
    for line in lines:
        os.write(sys.stdout.fileno(), msgspec.json.encode(line) + b"\n")


if __name__ == "__main__":
    main()
