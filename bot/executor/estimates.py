"""What people are told of the queue: their place in it, how long it takes, how things stand."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.executor.call import Call
from bot.executor.engines.base import EngineState
from bot.executor.queue import FairQueue
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Job


@dataclass(frozen=True)
class QueueEstimate:
    """How a question stands whose jobs are not all answered.

    `place` is that of its next job in the queue, from 1; None when all of them run. `seconds` is
    the estimate until the last of them is answered.
    """

    place: int | None
    seconds: float


@dataclass(frozen=True)
class Snapshot:
    """What `!status` shows: the engine's state, and the jobs `waiting`, `running`, `answered`."""

    state: EngineState
    reason: str | None
    waiting: int
    running: int
    answered: int
    restarts: int
    device: str | None
    default: str | None
    models: tuple[ModelInfo, ...]


def estimate(
    queue: FairQueue[Call], question: int, cost: Callable[[Job], float], busy: float
) -> QueueEstimate | None:
    """Return how the question of id `question` stands; None when it waits for no job.

    `cost` returns the seconds that a job is expected to take, `busy` are those since the worker
    began with what it does now.
    """
    mine = [
        call
        for call in queue.held
        if call.requester.request_id == question and not call.answer.done()
    ]
    if not mine:
        return None
    places = queue.places()
    waiting = [places[call] for call in mine if call in places]
    flying = sum(cost(call.job) for call in queue.held if call not in places)
    begun = any(call.started for call in queue.held)
    left = max(0.0, flying - busy) if begun else flying
    if not waiting:
        return QueueEstimate(place=None, seconds=left)
    return QueueEstimate(
        place=min(place for place, _ in waiting),
        seconds=left + max(seconds for _, seconds in waiting),
    )
