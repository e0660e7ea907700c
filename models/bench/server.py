"""What Bobby is measured beside, in a process of its own: bare loop, naive bot, direct call.

`python -m models.bench.server FOLDER …` makes the pictures and, where they lack, the weights;
then each line of standard input names one thing to time, and is answered by a line of JSON. It
decides nothing: what is timed when, and what comes of it, is up to `bot.bench.report`.
"""

import argparse
import asyncio
import io
import json
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from models.bench.pictures import photograph, windows
from models.bench.random_weights import STAND_IN, listed, provide
from models.bench.tasks import Kind, Whole, in_torchvision
from models.catalog.classifiers import catalog
from models.catalog.selection import Choice, unknown
from models.images.decode import DecodeError, decode
from models.jobs.answers import Labels
from models.jobs.base import Precision
from models.jobs.requests import Classify
from models.runtime.cache import NetworkCache
from models.runtime.inference import DTYPES, Network, device_for, exact, is_fast, plain
from models.tasks.base import TaskTable
from models.tasks.classify import Classifier, device_name, sight
from models.weights.store import WeightsStore

PICTURE, LARGE = "picture.jpg", "large.jpg"
"""In the benchmark's folder: what is asked about, and 12 million pixels."""

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
        provide(catalog()[options.model], WeightsStore(options.cache), folder)
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
        self._networks = NetworkCache(self._shelf, self._device, precision=self._precision)
        self._classifier = Classifier(known, self._shelf, self._networks, options.model)
        self._naive = plain(self._record, self._shelf).to(self._device)
        self._preset = in_torchvision(self._record.preset)
        self._forms: dict[Precision, Network] = {}

    def facts(self) -> dict[str, object]:
        """Return what is measured with what."""
        return {
            "model": self._record.name,
            "weights": self._record.checkpoint.name,
            "stand_in": self._shelf.genuine(self._record.checkpoint).path.name == STAND_IN,
            "device": device_name(self._device),
            "threads": torch.get_num_threads(),
            "fast": [p for p in DTYPES if is_fast(p, self._device)],
        }

    def bare(self, count: int) -> float:
        """Decode and classify the picture `count` times in one loop; return ms a picture."""
        network = self._networks.classifier(self._record)
        begun = time.perf_counter()
        for at in range(0, count, TOGETHER):
            files = [self._picture] * min(TOGETHER, count - at)
            seen = [sight(decode(file).image, self._choice).tensor for file in files]
            self._labels(network.run(torch.stack(seen)).output)
        return _each(begun, count)

    def naive(self, count: int) -> float:
        """Answer as a first bot would: one thread at a time, eager, float32; return ms a picture.

        Several threads at once would only be in one another's way.
        """

        async def answer() -> None:
            for _ in range(count):
                await asyncio.to_thread(self._naively, self._picture)

        begun = time.perf_counter()
        asyncio.run(answer())
        return _each(begun, count)

    def direct(self, count: int) -> float:
        """Call the classifier without a queue or a process between; return ms a picture."""
        tasks = TaskTable({Classify: self._classifier})
        begun = time.perf_counter()
        for _ in range(count):
            (answer,) = tasks.answer(Classify(picture=self._picture))
            assert isinstance(answer, Labels), answer
        return _each(begun, count)

    def own(self, kind: Kind, count: int) -> float:
        """Answer with Bobby's own task, a zebra or a caption; return ms a picture."""
        return self._whole.own(kind, count)

    def naively(self, kind: Kind, count: int) -> float:
        """Answer as a first bot would, a zebra or a caption; return ms a picture."""
        return self._whole.naive(kind, count)

    @cached_property
    def _whole(self) -> Whole:
        return Whole(self._picture, self._shelf, self._device)

    def network(self, precision: Precision, count: int) -> float:
        """Run the network alone in `precision`, in full batches; return ms a picture."""
        network = self._form(precision)
        seen = sight(decode(self._picture).image, self._choice).tensor
        batch = torch.stack([seen] * TOGETHER)
        passes = -(-count // TOGETHER)
        return sum(network.run(batch).milliseconds for _ in range(passes)) / passes / TOGETHER

    def agreement(self, precision: Precision, folder: str, count: int) -> float:
        """Return the share of `count` windows whose best label is float32's in `precision`, too."""
        seen = [sight(window, self._choice).tensor for window in windows(Path(folder), count)]
        if not seen:
            raise SystemExit(f"There is no picture in {folder}.")
        best = [self._best(self._form(form), seen) for form in ("float32", precision)]
        return float((best[0] == best[1]).double().mean())

    def _form(self, precision: Precision) -> Network:
        if precision not in self._forms:
            self._forms[precision] = Network(self._record, self._shelf, self._device, precision)
        return self._forms[precision]

    def _best(self, network: Network, seen: Sequence[Tensor]) -> Tensor:
        parts = (seen[at : at + TOGETHER] for at in range(0, len(seen), TOGETHER))
        return torch.cat([network.run(torch.stack(list(p))).output.argmax(1) for p in parts])

    def _naively(self, file: bytes) -> None:
        image = Image.open(io.BytesIO(file)).convert("RGB")
        with torch.inference_mode(), exact():
            seen: Tensor = self._preset(image)[None]
            self._labels(self._naive(seen.to(self._device)).cpu())

    def _labels(self, logits: Tensor) -> list[list[str]]:
        places = logits.softmax(1).topk(5).indices.tolist()
        return [[self._record.labels[place] for place in row] for row in places]


def _each(begun: float, count: int) -> float:
    return (time.perf_counter() - begun) * 1000 / count


def main() -> None:
    """Answer line by line until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m models.bench.server", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="float32", choices=list(DTYPES))
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
