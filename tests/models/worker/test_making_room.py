"""Somebody's long job in the worker's loop: the others pass it, their own later ones don't."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import nn

from models.jobs.answers import Failure
from models.jobs.base import say
from models.jobs.control import CancelJob, Deferred, Finished, FromWorker, Run, Submit, Working
from models.jobs.requests import Caption
from models.tasks.base import Done, Prepared
from models.worker import loop, slices
from models.worker.loop import Worker
from tests.models.one_at_a_time import OneAtATime

ANN, BEN = 1, 2
SAD = Failure(code="model_failed", sentence=say("There is nothing to see."))


class Tasks(OneAtATime):
    """Jobs with several beams are long: they run until the test has seen enough."""

    def __init__(self) -> None:
        self.enough = threading.Event()

    def run(self, batch: Sequence[Prepared | Failure]) -> Iterator[Done]:
        """Call the one module of a network again and again."""
        (item,) = batch
        assert isinstance(item, Prepared)
        beams = item.item.beams
        nn.Identity()(torch.zeros(1))
        while beams > 1 and not self.enough.wait(0.001):
            nn.Identity()(torch.zeros(1))
        yield SAD


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> Tasks:
    """Return tasks each of which makes room once it has run for a moment."""
    monkeypatch.setattr(slices, "SLICE", 0.05)
    monkeypatch.setattr(loop, "makes_room", lambda _: True)
    monkeypatch.setattr(loop, "GRACE", 60)
    return Tasks()


def job(key: int, person: int, beams: int = 1) -> Submit:
    """Return the message that a job arrives."""
    return Submit(id=key, job=Caption(picture=b"", beams=beams, requester=person))


def told_by(
    tasks: Tasks, *submits: Submit, react: Callable[[Worker, FromWorker], None]
) -> list[FromWorker]:
    """Return what a worker tells of jobs, each a batch of its own; `react` hears it first.

    The others come once it is at work on the first one.
    """
    told: list[FromWorker] = []
    first, *others = submits

    def send(message: FromWorker) -> None:
        told.append(message)
        if message == Working(ids=(first.id,)) and others:
            for submit in others:
                ask(submit)
            others.clear()
            worker.close()
        react(worker, message)

    def ask(submit: Submit) -> None:
        worker.handle(submit)
        worker.handle(Run(batch=100 + submit.id, ids=(submit.id,)))

    worker = Worker(tasks, send)
    ask(first)
    worker.run_batches()
    return told


def finished(told: Sequence[FromWorker]) -> list[int]:
    """Return the numbers of the finished jobs, in their order."""
    return [one.id for one in told if isinstance(one, Finished)]


def deferred(told: Sequence[FromWorker]) -> list[int]:
    """Return the numbers of the jobs that left their batch, in their order."""
    return [one.id for one in told if isinstance(one, Deferred)]


def test_others_pass_a_long_job_and_ones_own_wait(tasks: Tasks) -> None:
    """It leaves its batch, whose place is free then, and goes on from where it was."""

    def react(_: Worker, message: FromWorker) -> None:
        if message == Finished(id=4, result=SAD):
            tasks.enough.set()

    told = told_by(tasks, job(1, ANN, 3), job(2, ANN), job(3, BEN), job(4, BEN), react=react)
    assert finished(told) == [3, 4, 1, 2]
    assert deferred(told) == [1, 2]


def test_a_long_job_comes_to_its_end_among_many_quick_ones(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a slice whenever the others had enough."""
    monkeypatch.setattr(loop, "SHARE", 1e-9)
    calls = iter(range(20))

    def react(_: Worker, message: FromWorker) -> None:
        if isinstance(message, Finished) and next(calls) == 3:
            tasks.enough.set()

    told = told_by(tasks, job(1, ANN, 3), *(job(n, BEN) for n in range(2, 12)), react=react)
    assert finished(told).index(1) < 6
    assert sorted(finished(told)) == list(range(1, 12))


def test_a_long_job_that_nobody_waits_for_any_more_ends(tasks: Tasks) -> None:
    """Its own next one is answered then."""

    def react(worker: Worker, message: FromWorker) -> None:
        if message == Finished(id=3, result=SAD):
            worker.handle(CancelJob(id=1))

    told = told_by(tasks, job(1, ANN, 3), job(2, ANN), job(3, BEN), job(4, BEN), react=react)
    assert 1 not in finished(told)
    assert sorted(finished(told)) == [2, 3, 4]


def test_only_so_many_are_set_aside(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may hold much memory: one more is run to its end."""
    monkeypatch.setattr(loop, "MOST_ASIDE", 1)

    def react(_: Worker, message: FromWorker) -> None:
        if message == Working(ids=(2,)):
            threading.Timer(0.3, tasks.enough.set).start()

    told = told_by(tasks, job(1, ANN, 3), job(2, BEN, 3), job(3, 3), react=react)
    assert deferred(told) == [1]
    assert sorted(finished(told)) == [1, 2, 3]
