"""The worker process of one Torch Hub repository: a stranger's code, kept to itself.

Owns the way from a classifier of a repository to labels; what the stranger's code may do is set by
`models.worker.sandbox`, which starts this module. Pictures are decoded, and frames sent, by the
same code as in `models.worker.process`.
"""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from models.catalog.classifiers import imagenet_labels
from models.catalog.records import Classification, Paper, Preset
from models.catalog.selection import Choice
from models.images.arrays import Array
from models.images.decode import guard_process
from models.jobs.answers import Labels
from models.jobs.base import say
from models.jobs.control import Ready
from models.jobs.errors import JobError
from models.jobs.model_info import HubModel, ModelInfo
from models.jobs.requests import Classify
from models.runtime.inference import full_precision
from models.runtime.progress import loading
from models.tasks import classify
from models.tasks.base import NO_SUCH_MODEL, TaskTable
from models.tasks.classify import present
from models.weights.checkpoint import Checkpoint, PinnedAtFirstUse
from models.worker.pipe import claim_pipe, leave
from models.worker.process import serve

_log = logging.getLogger(__name__)

PREFIX = "hub/"
_OURS = {"bot", "cogs", "models", "tests"}
_hidden: list[ModuleType] = []
"""Bobby's own modules, which run on although a repository may have others of their names."""


class HubTasks(TaskTable):
    """The classifiers of one repository."""

    def __init__(self, code: Path, repository: str, models: Sequence[HubModel]) -> None:
        self._classifier = HubClassifier(code, repository, models)
        super().__init__({Classify: self._classifier})

    def ready(self) -> Ready:
        """Tell what there is; no stranger's code has run yet."""
        return self.recount()

    def recount(self) -> Ready:
        """Tell what there is."""
        cards = tuple(_card(record) for record in self._classifier.records.values())
        return Ready(device="cpu", default=cards[0].name, models=cards)


class HubClassifier:
    """Answers `Classify` with the classifiers of one repository; loads each when first asked."""

    makes_room = False

    def __init__(self, code: Path, repository: str, models: Sequence[HubModel]) -> None:
        self._code = code
        self._models = {PREFIX + model.name: model for model in models}
        self.records = {name: _record(m, repository) for name, m in self._models.items()}
        self._networks: dict[str, nn.Module] = {}

    def prepare(self, job: Classify) -> classify.Prepared:
        """See `Task`."""
        record = self.records.get((job.model or "").strip().lower())
        if record is None:
            raise JobError("unknown_model", NO_SUCH_MODEL)
        return classify.prepare(job.picture, Choice(record))

    def together(self, item: classify.Prepared) -> Hashable:
        """Return the model: pictures for one are one pass of its network."""
        return item.choice.record.name

    def run(self, batch: Sequence[classify.Prepared]) -> Sequence[Labels]:
        """See `Task`; all of `batch` are for one model."""
        record = batch[0].choice.record
        began = time.perf_counter()
        try:
            logits = self._logits(record, np.stack([item.pixels for item in batch]))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code
            _log.exception("%s failed", record.name)
            sentence = (
                say("{model} ran out of memory. Try another model.", model=record.name)
                if is_out_of_memory(error)
                else say("{model} hit an error. Try another model.", model=record.name)
            )
            raise JobError("model_failed", sentence) from None
        took = (time.perf_counter() - began) * 1000
        return [
            present(item, row, "cpu", took, len(batch))
            for item, row in zip(batch, logits, strict=True)
        ]

    def _logits(self, record: Classification, batch: Array) -> Array:
        """Return what the network makes of `batch`, of shape (N, labels).

        Raises:
            Exception, SystemExit: Whatever a stranger's code raises.
            ValueError: What it gave are no logits for the labels.
        """
        network = self._networks.get(record.name) or self._load(record.name)
        with torch.inference_mode(), full_precision():
            logits = network(torch.from_numpy(batch))
        wanted = (len(batch), len(record.labels))
        if not isinstance(logits, Tensor) or logits.shape != wanted:
            found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits)
            raise ValueError(f"{record.name} should give {wanted}, but gave {found}")
        if not logits.isfinite().all():
            raise ValueError(f"{record.name} gave numbers that are none")
        return logits.float().numpy()

    def _load(self, name: str) -> nn.Module:
        model = self._models[name]
        load: Callable[..., nn.Module] = torch.hub.load  # which is untyped
        with loading():
            network = load(str(self._code), model.entry, source="local", **model.arguments).eval()
        self._networks[name] = network
        return network


def _record(model: HubModel, repository: str) -> Classification:
    """Return `model` in the form that the catalog's classifiers have."""
    return Classification(
        name=PREFIX + model.name,
        checkpoint=Checkpoint(
            name=repository,
            source=repository,
            file="",
            proof=PinnedAtFirstUse(),
            license="unstated",
        ),
        build=nn.Identity,
        preset=Preset(resize=model.resize, crop=model.crop, mean=model.mean, std=model.std),
        labels=model.labels or imagenet_labels(),
        parameters=0,
        accuracy=0.0,
        origin=Paper("Torch Hub"),
    )


def _card(record: Classification) -> ModelInfo:
    checkpoint = record.checkpoint
    return ModelInfo(
        name=record.name,
        task="classify",
        parameters=record.parameters,
        weights=checkpoint.name,
        source=checkpoint.source,
        license=checkpoint.license,
        ready=True,
        location="Torch Hub",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether `error`, which a network has raised, is for want of memory."""
    # PyTorch's allocator for the CPU has no exception of its own.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(
        error
    )


def allow_shadowing() -> None:
    """Let a repository have packages that are called as Bobby's are."""
    ours = [name for name in sys.modules if name.partition(".")[0] in _OURS]
    _hidden.extend(sys.modules.pop(name) for name in ours)
    sys.meta_path.insert(0, _RepositoryFinder())


class _RepositoryFinder(MetaPathFinder):
    """Finds packages that are called as ours everywhere but beside Bobby.

    The folder that Bobby lies in may be the one that all packages are installed in.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if path is not None or fullname not in _OURS:
            return None
        home = Path(__file__).resolve().parents[2]
        elsewhere = [entry for entry in sys.path if Path(entry).resolve() != home]
        spec = PathFinder.find_spec(fullname, elsewhere, target)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return spec


def main(arguments: Sequence[str] | None = None) -> None:
    """Be the worker process; does not return."""
    pipe = claim_pipe()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(
        prog="python -m models.worker.sandbox … models.worker.hub", description=__doc__
    )
    parser.add_argument("--code", type=Path, required=True, help="the repository's folder")
    parser.add_argument("--home", type=Path, required=True, help="the worker's own folder")
    parser.add_argument("--repository", required=True, help="OWNER/REPO@COMMIT")
    parser.add_argument("--models", required=True, help="a JSON list of `HubModel`")
    parser.add_argument("--log-level", default="INFO")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=options.log_level, format="%(name)s: %(message)s")
    guard_process()
    import_module("torchvision")  # which nearly every repository imports, from its cache as yet
    torch.set_num_threads(1)
    models = msgspec.json.decode(options.models, type=tuple[HubModel, ...])
    tasks = HubTasks(options.code, options.repository, models)
    if sys.platform != "win32":  # which has no fork
        os.register_at_fork(after_in_child=pipe.silence)
    allow_shadowing()
    # What was fetched stays as it was, and nothing compiled that lies beside it is run for the
    # source. Not set earlier: what is imported up to here is read from its cache, in a third of
    # the time.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = str(options.home / "pycache")
    sys.path.insert(0, str(options.code))
    leave(serve(pipe, lambda: tasks))


if __name__ == "__main__":
    main()
