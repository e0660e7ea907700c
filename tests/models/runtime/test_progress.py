"""A worker at work gives signs of life, and names the jobs that it is busy with."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import nn

from models.jobs.answers import Failure
from models.jobs.base import say
from models.jobs.control import Finished, FromWorker, Run, Started, Submit, Working
from models.jobs.requests import Caption, Job
from models.runtime import inference, progress  # noqa: F401 - torch's modules tell by the former
from models.runtime.progress import heard_by, loading
from models.tasks.base import Done, Prepared
from models.worker import loop
from models.worker.loop import Worker
from tests.models.one_at_a_time import OneAtATime

SAD = Failure(code="model_failed", sentence=say("There is nothing to see."))


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a moment be a hundredth of a second."""
    for module in (progress, loop):
        monkeypatch.setattr(module, "INTERVAL", 0.01)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_every_module_that_is_called_is_heard() -> None:
    """Also within others; not once nobody listens."""
    heard: list[int] = []
    network = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    with heard_by(lambda: heard.append(1)):
        network(torch.ones(1, 2))
    assert len(heard) == 3
    network(torch.ones(1, 2))
    assert len(heard) == 3


@pytest.mark.usefixtures("often")
def test_what_is_read_from_disk_is_heard_as_long_as_it_takes() -> None:
    """It calls no module; afterwards there is silence again."""
    heard: list[int] = []
    with heard_by(lambda: heard.append(1)):
        with loading():
            until(lambda: len(heard) >= 3)
        before = len(heard)
        time.sleep(0.05)
        assert len(heard) == before


class Laborious(OneAtATime):
    """Tasks that decode and run their network as long as the test likes."""

    def __init__(self) -> None:
        self.may_decode = threading.Event()
        self.enough = threading.Event()

    def prepare(self, job: Job) -> Prepared | Failure:
        """Wait until the test lets it."""
        assert self.may_decode.wait(30)
        return super().prepare(job)

    def run(self, batch: Sequence[Prepared | Failure]) -> Iterator[Done]:
        """Call the one module of a network again and again."""
        assert len(batch) == 1
        while not self.enough.wait(0.001):
            nn.Identity()(torch.zeros(1))
        yield SAD


@pytest.mark.usefixtures("often")
def test_it_says_with_which_jobs_it_is_busy_while_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With none while a picture is decoded, then with one after the other, each time again."""
    monkeypatch.setattr(loop, "MOST_LATE", 0)  # so that it waits for the pictures
    told: list[FromWorker] = []
    tasks = Laborious()
    at_work = Worker(tasks, told.append)
    for number in (1, 2):
        at_work.handle(Submit(id=number, job=Caption(picture=b"")))
    at_work.handle(Run(batch=7, ids=(1, 2)))
    at_work.close()
    thread = threading.Thread(target=at_work.run_batches)
    thread.start()
    until(lambda: told.count(Working(ids=())) >= 2)
    assert told[0] == Started(batch=7)
    assert not any(isinstance(one, Working) and one.ids for one in told)
    tasks.may_decode.set()
    until(lambda: told.count(Working(ids=(1,))) >= 3)
    assert Working(ids=(2,)) not in told
    tasks.enough.set()
    thread.join()
    rest = told[told.index(Finished(id=1, result=SAD)) :]
    assert rest == [Finished(id=1, result=SAD), Working(ids=(2,)), Finished(id=2, result=SAD)]


def test_it_says_so_once_a_second_at_most() -> None:
    """However many modules a network has."""
    told: list[FromWorker] = []
    tasks = Laborious()
    tasks.may_decode.set()
    at_work = Worker(tasks, told.append)
    at_work.handle(Submit(id=1, job=Caption(picture=b"")))
    at_work.handle(Run(batch=7, ids=(1,)))
    at_work.close()
    begun = time.monotonic()
    thread = threading.Thread(target=at_work.run_batches)
    thread.start()
    time.sleep(0.2)
    tasks.enough.set()
    thread.join()
    assert told.count(Working(ids=(1,))) <= 1 + int(time.monotonic() - begun)
