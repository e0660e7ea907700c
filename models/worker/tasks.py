"""Every task that a worker can do, behind one door: prepare on any thread, run on one.

Owns which task a job is for and the pieces that tasks share. `run` yields for each job either its
answer or a callable that still has to make it, which any thread may call. The worker and tests
hand jobs in; what is done to a picture is the affair of `models.tasks.classify` and its siblings.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import torch

from models.captioning.records import captioners
from models.catalog.classifiers import Catalog, catalog
from models.catalog.generators import pairs
from models.images.perform import Perform, perform
from models.jobs.answers import Answer, Failure
from models.jobs.base import Precision
from models.jobs.control import Ready
from models.jobs.model_info import ModelCard
from models.jobs.requests import (
    Assess,
    Caption,
    Classify,
    Explain,
    Featurise,
    Inspect,
    Job,
    Recognise,
    Shake,
    Untrained,
)
from models.runtime.cache import NetworkCache
from models.tasks import caption, classify, shake, untrained
from models.tasks.caption import Describer
from models.tasks.classify import Classifier, device_name
from models.tasks.explain import task as explain
from models.tasks.explain.task import Explainer
from models.tasks.few_shot import task as few_shot
from models.tasks.few_shot.task import Learner
from models.tasks.inspection import task as inspection
from models.tasks.inspection.task import Inspector
from models.tasks.shake import Shaker
from models.tasks.translate import task as translate
from models.tasks.translate.task import Translator
from models.tasks.untrained import Beginner
from models.weights.store import Shelf

Prepared: TypeAlias = (
    classify.Prepared
    | translate.Prepared
    | caption.Prepared
    | untrained.Prepared
    | inspection.Prepared
    | explain.Prepared
    | few_shot.Prepared
    | shake.Prepared
)
Done: TypeAlias = Answer | Failure | Callable[[], Answer | Failure]


def at_once(batch: Sequence[Prepared | Failure]) -> list[Sequence[Prepared | Failure]]:
    """Return the parts of `batch` that a network sees at once: only classifiers take several."""
    if all(isinstance(item, classify.Prepared | Failure) for item in batch):
        return [batch] if batch else []
    return [[item] for item in batch]


def makes_room(batch: Sequence[Prepared | Failure]) -> bool:
    """Tell whether other work may be done in the middle of this.

    A generator may take long, and what it has to do with others is only that it can be asked.
    """
    return any(isinstance(item, translate.Prepared) for item in batch)


class Tasks:
    """The tasks of one worker, which share its networks; `classifiers` are the catalogue's.

    `do` does what needs no network: decoding, cropping, painting over.
    """

    def __init__(
        self,
        shelf: Shelf,
        device: torch.device,
        default: str,
        precision: Precision = "float32",
        classifiers: Catalog | None = None,
        *,
        do: Perform = perform,
    ) -> None:
        self._device = device
        networks = NetworkCache(shelf, device, precision=precision)
        classifiers = classifiers or catalog()
        self._classifier = Classifier(classifiers, shelf, networks, default, do)
        self._translator = Translator(pairs(), shelf, networks, self._classifier, do)
        self._describer = Describer(captioners(), networks, do)
        self._beginner = Beginner(classifiers, shelf, device, default, do)
        self._inspector = Inspector()
        self._explainer = Explainer(classifiers, shelf, networks, default, do)
        self._shaker = Shaker(classifiers, shelf, networks, default, do)
        self._learner = Learner(classifiers, shelf, networks, default, do)

    def ready(self) -> Ready | Failure:
        """Warm the default classifier up and tell what there is.

        Raises:
            Exception: Whatever loading or running the default model raised.
        """
        choice = self._classifier.warm_up()
        return choice if isinstance(choice, Failure) else self._stock(choice.record.name)

    def recount(self) -> Ready | Failure:
        """Tell what there is now, without loading anything; safe on any thread."""
        choice = self._classifier.default()
        return choice if isinstance(choice, Failure) else self._stock(choice.record.name)

    def cards(self) -> tuple[ModelCard, ...]:
        """Return what there is to know of every model of every task."""
        return (
            *self._classifier.cards(),
            *self._translator.cards(),
            *self._describer.cards(),
        )

    def _stock(self, default: str) -> Ready:
        return Ready(device=device_name(self._device), default=default, models=self.cards())

    def prepare(self, job: Job) -> Prepared | Failure:
        """Decode the picture of `job`, if it has one; safe on any thread."""
        match job:
            case Classify():
                return self._classifier.prepare(job)
            case Caption():
                return self._describer.prepare(job)
            case Untrained():
                return self._beginner.prepare(job)
            case Inspect():
                return self._inspector.prepare(job)
            case Explain():
                return self._explainer.prepare(job)
            case Shake():
                return self._shaker.prepare(job)
            case Featurise() | Recognise() | Assess():
                return self._learner.prepare(job)
            case _:
                return self._translator.prepare(job)

    def run(self, batch: Sequence[Prepared | Failure]) -> Iterator[Done]:
        """Yield what became of each of `batch`, in its order, as soon as it is known."""
        looks = [item for item in batch if isinstance(item, classify.Prepared)]
        seen = iter(self._classifier.run(looks))
        for item in batch:
            match item:
                case classify.Prepared():
                    yield next(seen)
                case translate.Prepared():
                    yield from self._translator.run([item])
                case caption.Prepared():
                    yield from self._describer.run([item])
                case untrained.Prepared():
                    yield from self._beginner.run([item])
                case inspection.Prepared():
                    yield from self._inspector.run([item])
                case explain.Prepared():
                    yield from self._explainer.run([item])
                case shake.Prepared():
                    yield from self._shaker.run([item])
                case few_shot.Prepared():
                    yield from self._learner.run([item])
                case Failure():
                    yield item
