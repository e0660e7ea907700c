"""The task of answering with a network that has learned nothing: the same layers, random weights.

Owns the answer to `Untrained`, which shows that the weights are what knows. Such a network is made
for one batch and dropped; it can't be reached under a model's name, and never stands in for one.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from models.catalog.classifiers import Catalog
from models.catalog.records import Classification
from models.catalog.selection import Choice, Selection
from models.images.perform import Perform, perform
from models.jobs.answers import Labels
from models.jobs.base import say
from models.jobs.errors import JobError
from models.jobs.requests import Untrained
from models.runtime.device import device_name
from models.tasks.base import Alone
from models.tasks.classify import Prepared, prepare, present
from models.weights.store import WeightsStore

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SEED = 0
WEIGHTS = f"random numbers, seed {SEED}"

MOST_PARAMETERS = 150_000_000
"""VGG's 144 million still go; filling a billion with random numbers would take minutes and GBs."""


class UntrainedTask(Alone[Prepared, Labels]):
    """Answers `Untrained` jobs with the networks of `catalog`, in float32 on `device`."""

    def __init__(
        self,
        catalog: Catalog,
        shelf: WeightsStore,
        device: str,
        default: str,
        do: Perform = perform,
    ) -> None:
        self._selection = Selection(catalog, shelf, default)
        self._device = device
        self._do = do

    def prepare(self, job: Untrained) -> Prepared:
        """See `Task`."""
        record = self._selection.find(job.model)
        if record.parameters > MOST_PARAMETERS:
            sentence = say(
                "{model} has {millions} million parameters, which is too big for this "
                "demo. Try a smaller model.",
                model=record.name,
                millions=f"{record.parameters / 1e6:.0f}",
            )
            raise JobError("model_failed", sentence)
        nothing = replace(record.checkpoint, name=WEIGHTS)
        choice = Choice(replace(record, checkpoint=nothing))
        return prepare(job.picture, choice, self._do)

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return f"untrained {item.choice.record.name}"

    def answer(self, item: Prepared) -> Labels:
        """See `Alone`."""
        from models.runtime.inference import timed

        network = beginning(item.choice.record).to(self._device)

        def run(pictures: "Tensor") -> "Tensor":
            logits: Tensor = network(pictures.to(self._device))
            return logits.float().cpu()

        done = timed(run, item.pixels[None])
        name = device_name(self._device)
        return present(item, done.output[0], name, done.milliseconds, batch_size=1)


def beginning(record: Classification) -> "Module":
    """Return the network of `record` as its training began, the same each time, in eval mode."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return record.build().eval().requires_grad_(requires_grad=False)
