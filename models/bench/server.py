"""What Bobby is measured beside, in a process of its own: bare loop, naive bot, direct call.

`python -m models.bench.server FOLDER …` makes the pictures and, where they lack, the weights;
then each line of standard input names one thing to time, and is answered by a line of JSON. It
decides nothing: what is timed when, and what comes of it, is up to `bot.bench.report`.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.bench import naive
from models.bench.naive import Kind
from models.bench.peers import openvino_alone
from models.bench.pictures import photograph, windows
from models.bench.random_weights import STAND_IN, ensure, listed
from models.catalog.classifiers import catalog
from models.catalog.selection import Choice, unknown
from models.images.arrays import Array
from models.images.decode import DecodeError, decode
from models.jobs.answers import Failure
from models.jobs.base import Precision
from models.jobs.requests import Caption, Classify, Job, Translate
from models.runtime.cache import NetworkCache
from models.runtime.compiled import Runnable, unusable
from models.runtime.device import device_for, device_name
from models.runtime.inference import (
    DTYPES,
    Network,
    is_fast,
    load_network,
)
from models.tasks.classify import prepare_input
from models.weights.store import WeightsStore
from models.worker.process import runtime_for
from models.worker.tasks import Tasks

PICTURE, LARGE = "picture.jpg", "large.jpg"
"""In the benchmark's folder: what is asked about, and 12 million pixels."""

ROOM = 32 * 2**20
TOGETHER = 8
"""Pictures in one pass of the bare loop."""


class Contenders:
    """The model's network in every form that is timed; `options` are those of the process."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._device = device_for(options.device)
        self._precision: Precision = options.precision
        folder: Path = options.folder
        if options.model not in catalog():
            raise SystemExit(str(unknown(options.model, catalog())))
        ensure(catalog()[options.model], WeightsStore(options.cache), folder)
        known = listed(options.model, folder)
        self._record = known[options.model]
        self._choice = Choice(self._record)
        self._shelf = WeightsStore(folder if (folder / STAND_IN).is_file() else options.cache)
        if not (folder / PICTURE).is_file():
            (folder / PICTURE).write_bytes(photograph(1024, 768))
        (folder / LARGE).write_bytes(photograph(4000, 3000))
        self._picture = (folder / PICTURE).read_bytes()
        try:
            decode(self._picture)
        except DecodeError as error:
            raise SystemExit(error.failure.sentence) from None
        runtime = runtime_for(options.runtime, self._device)
        shared = (self._shelf, self._device)
        self._networks = NetworkCache(*shared, precision=self._precision, runtime=runtime)
        self._tasks = Tasks(*shared, options.model, self._precision, known, runtime=runtime)
        self._peer: Callable[[Array], Array] | None = None
        self._forms: dict[Precision, Network] = {}
        self._naive: dict[Kind, Callable[[bytes], object]] = {}

    def facts(self) -> dict[str, object]:
        """Return what is measured with what."""
        return {
            "model": self._record.name,
            "weights": self._record.checkpoint.name,
            "stand_in": self._shelf.genuine(self._record.checkpoint).path.name == STAND_IN,
            "device": device_name(self._device),
            "threads": torch.get_num_threads(),
            "peers": [] if unusable() else ["openvino"],
            "fast": [p for p in DTYPES if is_fast(p, self._device)],
        }

    def bare(self, count: int) -> float:
        """Decode and classify the picture `count` times in one loop; return ms a picture."""
        network = self._networks.classifier(self._record)
        return self._loop(lambda batch: network.run(batch).output, count)

    def openvino(self, count: int) -> float:
        """Do the same as `bare` with OpenVINO as an expert would set it up for such batches."""
        self._peer = self._peer or openvino_alone(
            load_network(self._record, self._shelf), self._example()
        )
        return self._loop(self._peer, count)

    def _loop(self, logits: Callable[[Array], Array], count: int) -> float:
        begun = time.perf_counter()
        for _ in range(0, count, TOGETHER):
            files = [self._picture] * TOGETHER
            seen = [prepare_input(decode(file).image, self._choice).pixels for file in files]
            naive.labels(self._record, torch.from_numpy(logits(np.stack(seen))))
        return (time.perf_counter() - begun) * 1000 / (-(-count // TOGETHER) * TOGETHER)

    def _example(self) -> Array:
        return np.stack(
            [prepare_input(decode(self._picture).image, self._choice).pixels] * TOGETHER
        )

    def direct(self, kind: Kind, count: int) -> float:
        """Call Bobby's own task without a queue or a process between; return ms a picture."""
        jobs: dict[Kind, Job] = {
            "classify": Classify(picture=self._picture),
            "zebra": Translate(picture=self._picture, max_bytes=ROOM, size=naive.SIDE),
            "caption": Caption(picture=self._picture),
        }
        begun = time.perf_counter()
        for _ in range(count):
            (answer,) = self._tasks.answer(jobs[kind])
            assert not isinstance(answer, Failure), answer.sentence
        return (time.perf_counter() - begun) * 1000 / count

    def naive(self, kind: Kind, count: int) -> float:
        """Answer as a first bot would: one thread at a time, eager, float32; return ms a picture.

        Several threads at once would only be in one another's way.
        """
        if kind not in self._naive:
            self._naive[kind] = naive.answering(kind, self._record, self._shelf, self._device)
        work = self._naive[kind]

        async def answer() -> None:
            for _ in range(count):
                await asyncio.to_thread(work, self._picture)

        begun = time.perf_counter()
        asyncio.run(answer())
        return (time.perf_counter() - begun) * 1000 / count

    def network(self, precision: Precision, count: int) -> float:
        """Run the network alone in `precision`, in full batches; return ms a picture."""
        network = self._form(precision)
        seen = prepare_input(decode(self._picture).image, self._choice).pixels
        batch = np.stack([seen] * TOGETHER)
        passes = -(-count // TOGETHER)
        return sum(network.run(batch).milliseconds for _ in range(passes)) / passes / TOGETHER

    def agreement(self, precision: Precision, folder: str, count: int) -> float:
        """Return the share of `count` windows whose best label is float32's in `precision`, too."""
        seen = [
            prepare_input(window, self._choice).pixels for window in windows(Path(folder), count)
        ]
        if not seen:
            raise SystemExit(f"There is no picture in {folder}.")
        best = [self._best(self._form(form), seen) for form in ("float32", precision)]
        return float((best[0] == best[1]).mean())

    def _form(self, precision: Precision) -> Runnable:
        if precision == self._precision:
            return self._networks.classifier(self._record)
        if precision not in self._forms:
            self._forms[precision] = Network(self._record, self._shelf, self._device, precision)
        return self._forms[precision]

    def _best(self, network: Runnable, seen: Sequence[Array]) -> NDArray[np.int64]:
        parts = (seen[at : at + TOGETHER] for at in range(0, len(seen), TOGETHER))
        return np.concatenate([network.run(np.stack(p)).output.argmax(1) for p in parts])


def main() -> None:
    """Answer line by line until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m models.bench.server", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="float32", choices=list(DTYPES))
    parser.add_argument("--runtime", default="torch")
    parser.add_argument("--cache", type=Path)
    contenders = Contenders(parser.parse_args())
    _say(contenders.facts())
    for line in sys.stdin:
        asked = json.loads(line)
        _say(getattr(contenders, asked.pop("what"))(**asked))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
