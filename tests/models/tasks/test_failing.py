"""Every task over pictures: what goes wrong is the answer to its own job, and says so."""

from collections.abc import Sequence

import pytest
import torch

from models.jobs.answers import Answer, Failure, Labels
from models.jobs.requests import Caption, Classify, Cycle, Explain, Job, Shake, Translate
from models.runtime.cache import NetworkCache
from models.tasks import shake
from models.worker.tasks import Tasks
from tests.models.pictures import encoded, scene

PLENTY = 10_000_000


def of_every_task(picture: bytes) -> list[Job]:
    """Return a job over `picture` for each task that runs a network over one."""
    return [
        Classify(picture=picture),
        Explain(picture=picture),
        Shake(picture=picture),
        Caption(picture=picture),
        Translate(picture=picture, max_bytes=PLENTY, size=16),
        Cycle(picture=picture, max_bytes=PLENTY, size=16),
    ]


def answers(tasks: Tasks, jobs: Sequence[Job]) -> list[Answer | Failure]:
    """Return the answers of `tasks` to `jobs`, as one batch."""
    return tasks.answer(*jobs)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let every network raise `error` when it is asked for."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(NetworkCache, "get", fail)


def test_a_bad_picture_has_the_same_refusal_everywhere(tasks: Tasks) -> None:
    """Its own code and sentence, before any network is asked."""
    for job in of_every_task(b"no picture"):
        refused = tasks.prepare(job)
        assert isinstance(refused, Failure), job
        assert refused.code == "not_a_picture"


def test_a_network_that_raises_is_named_and_its_text_is_not_shown(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job of the batch is answered by a sentence of ours that names the model."""
    failing(monkeypatch, RuntimeError("internal secrets"))
    for failed in answers(tasks, of_every_task(encoded(scene()))):
        assert isinstance(failed, Failure)
        assert failed.code == "model_failed"
        assert "hit an error" in str(failed.sentence)


def test_an_answer_that_can_not_be_put_together_fails_alone(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its network has run; the one beside it is answered, and the worker goes on."""

    def fail(*_: object) -> None:
        raise OSError("no room for a picture")

    monkeypatch.setattr(shake, "_strip", fail)
    picture = encoded(scene())
    failed, fine = answers(tasks, [Shake(picture=picture), Classify(picture=picture)])
    assert isinstance(failed, Failure)
    assert failed.code == "model_failed"
    assert isinstance(fine, Labels)


def test_too_little_memory_has_a_code_of_its_own(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is advised then is another size or model."""
    failing(monkeypatch, torch.OutOfMemoryError("no room"))
    for failed in answers(tasks, of_every_task(encoded(scene()))):
        assert isinstance(failed, Failure)
        assert failed.code == "out_of_memory"
        assert "ran out of memory" in str(failed.sentence)


def test_a_lost_device_is_no_answer(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    """No job can be answered on it any more: the error goes on to the worker, which ends."""
    failing(monkeypatch, torch.AcceleratorError("an illegal memory access"))
    for job in of_every_task(encoded(scene())):
        with pytest.raises(torch.AcceleratorError):
            answers(tasks, [job])
