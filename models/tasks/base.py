"""What every kind of job has in common: how it is prepared, run and answered, and how it fails."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from models.catalog.classifiers import Catalog
from models.catalog.selection import Selection
from models.images.perform import Perform, perform
from models.jobs.answers import Answer, Failure
from models.jobs.base import say
from models.jobs.errors import JobError
from models.jobs.requests import Job
from models.runtime.cache import NetworkCache
from models.runtime.failures import is_device_lost, is_out_of_memory
from models.weights.store import WeightsStore

_log = logging.getLogger(__name__)

NO_SUCH_MODEL = say("This repository has no such model.")
"""Only a hub's worker lacks a task."""

Present: TypeAlias = Callable[[], Answer]
"""Makes an answer that needs no network any more, on any thread.

Raises:
    JobError: It can't be made.
"""
Q_contra = TypeVar("Q_contra", contravariant=True)
P = TypeVar("P")
A = TypeVar("A", bound=Answer | Present)


class Task(Protocol[Q_contra, P]):
    """One kind of job. `makes_room` says that other work may be done in the middle of a run."""

    makes_room: bool

    def prepare(self, job: Q_contra) -> P:
        """Choose the model and decode the picture; safe on any thread.

        Raises:
            JobError: It can't be done.
        """

    def together(self, item: P) -> Hashable:
        """Return what the items have in common that `run` can take at once; None for one alone."""

    def run(self, batch: Sequence[P]) -> Sequence[Answer | Present]:
        """Return an answer for each of `batch`, in its order; for one thread at a time.

        Raises:
            JobError: None of them can be done.
            Exception: No job can be answered on this device any more, see `is_device_lost`.
        """


@dataclass(frozen=True)
class Prepared:
    """What `task` has made of a job."""

    task: Task[Any, Any]
    item: Any


Done: TypeAlias = Answer | Failure | Callable[[], Answer | Failure]


class TaskTable:
    """The task for each type of job."""

    def __init__(self, tasks: Mapping[type[Job], Task[Any, Any]]) -> None:
        self._tasks = tasks

    def prepare(self, job: Job) -> Prepared | Failure:
        """Decode the picture of `job`, if it has one; safe on any thread."""
        task = self._tasks.get(type(job))
        if task is None:
            return Failure(code="unknown_model", sentence=NO_SUCH_MODEL)
        try:
            return Prepared(task, task.prepare(job))
        except JobError as error:
            return error.failure

    def run(self, part: Sequence[Prepared | Failure]) -> Iterable[Done]:
        """Return what became of each of `part`, see `parts`, in its order."""
        if isinstance(part[0], Failure):
            return [one for one in part if isinstance(one, Failure)]
        items = [one.item for one in part if isinstance(one, Prepared)]
        try:
            answers = part[0].task.run(items)
        except JobError as error:
            return [error.failure] * len(items)
        return [_safely(one) if callable(one) else one for one in answers]

    def answer(self, *jobs: Job) -> list[Answer | Failure]:
        """Return an answer for each of `jobs`, in their order, all on this thread."""
        batch = [self.prepare(job) for job in jobs]
        answers: dict[int, Answer | Failure] = {}
        for places in parts(batch):
            for place, done in zip(places, self.run([batch[at] for at in places]), strict=True):
                answers[place] = done() if callable(done) else done
        return [answers[place] for place in range(len(batch))]


def parts(batch: Sequence[Prepared | Failure]) -> list[list[int]]:
    """Return the places in `batch` of those that a task takes at once, failures apart."""
    together: dict[Hashable, list[int]] = {}
    for place, one in enumerate(batch):
        common = Failure if isinstance(one, Failure) else one.task.together(one.item)
        together.setdefault(place if common is None else (common,), []).append(place)
    return list(together.values())


def makes_room(part: Sequence[Prepared | Failure]) -> bool:
    """Tell whether other work may be done in the middle of this."""
    return any(isinstance(one, Prepared) and one.task.makes_room for one in part)


def _safely(present: Present) -> Callable[[], Answer | Failure]:
    def presented() -> Answer | Failure:
        try:
            return present()
        except JobError as error:
            return error.failure

    return presented


@contextmanager
def running(model: str) -> Iterator[None]:
    """Tell the person what the network of `model` raised, and the log all of it.

    Raises:
        JobError: It raised anything.
        Exception: No job can be answered on this device any more, see `is_device_lost`.
    """
    try:
        yield
    except JobError:
        raise
    except Exception as error:
        if is_device_lost(error):
            raise
        if is_out_of_memory(error):
            _log.exception("%s ran out of memory", model)
            sentence = say(
                "{model} ran out of memory. Try a smaller model, or try again later.", model=model
            )
            raise JobError("out_of_memory", sentence) from None
        _log.exception("%s failed", model)
        sentence = say("{model} hit an error. Try another picture or another model.", model=model)
        raise JobError("model_failed", sentence) from None


class Alone(ABC, Generic[P, A]):
    """A task that takes one item at a time, and fails for it alone."""

    makes_room = False

    def together(self, _item: P) -> None:
        """Return None: each is alone."""

    def run(self, batch: Sequence[P]) -> list[A]:
        """See `Task`."""
        answers = []
        for item in batch:
            with running(self.model_of(item)):
                answers.append(self.answer(item))
        return answers

    @abstractmethod
    def model_of(self, item: P) -> str:
        """Return the name that people read where `item` fails."""

    @abstractmethod
    def answer(self, item: P) -> A:
        """Return the answer to `item`; whatever it raises becomes a `JobError`."""


class ClassifierTask:
    """What tasks about the classifiers of `catalog` share."""

    def __init__(
        self,
        catalog: Catalog,
        shelf: WeightsStore,
        networks: NetworkCache,
        default: str,
        do: Perform = perform,
    ) -> None:
        self._selection = Selection(catalog, shelf, default)
        self._networks = networks
        self._do = do
