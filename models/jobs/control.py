"""What goes over the pipes: jobs on their way to a worker, their answers, and how it is."""

from typing import TypeAlias

from models.jobs.answers import Answer, Failure
from models.jobs.base import Message
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Job


class Submit(Message, frozen=True):
    """Job `id` arrives; the worker may decode its picture at once but runs nothing yet."""

    id: int
    job: Job


class Run(Message, frozen=True):
    """Run the submitted jobs `ids` (at least one, all for one task and model) as batch `batch`."""

    batch: int
    ids: tuple[int, ...]


class CancelJob(Message, frozen=True):
    """Nobody waits for submitted job `id` any more; its picture can be dropped."""

    id: int


class Recount(Message, frozen=True):
    """Weights may have come: look what is on this machine now and say `Ready` again."""


class Ready(Message, frozen=True):
    """The worker is warm and answers. `default` is the model that `model=None` means now.

    It is sent once at the start, and again in answer to `Recount`.
    """

    device: str
    default: str
    models: tuple[ModelInfo, ...]


class StartFailed(Message, frozen=True):
    """The worker can't start; `reason` is a sentence for the operator. It exits after this."""

    reason: str


class Started(Message, frozen=True):
    """Batch `batch` has begun. Which of its jobs have, `Working` tells; without it, all of them."""

    batch: int


class Working(Message, frozen=True):
    """The worker has begun with the jobs `ids` of a batch, or goes on with them.

    It is sent when they begin, and then about once a second as long as there is progress. Those of
    their batch that were never named had not begun.
    """

    ids: tuple[int, ...]


class Lost(Message, frozen=True):
    """Batch `batch` got lost with the replica that had it; its jobs get no `Finished` any more."""

    batch: int


class Deferred(Message, frozen=True):
    """Job `id` leaves its batch, since its file takes long to read; its `Finished` comes later."""

    id: int


class Finished(Message, frozen=True):
    """Job `id` is done; every job of a batch gets exactly one of these."""

    id: int
    result: Answer | Failure


ToWorker: TypeAlias = Submit | Run | CancelJob | Recount

FromWorker: TypeAlias = Ready | StartFailed | Started | Working | Deferred | Finished | Lost
