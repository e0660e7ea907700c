"""What a job costs: the seconds that it keeps the worker busy, guessed first and then measured.

Owns the relative costs of the kinds of jobs and the measured speed of each model, an exponentially
weighted mean. The queue weighs turns by it and people are told how long they wait. It never looks
at a clock nor decodes anything: of an animation it counts the marks that stand before each frame.
"""

from collections.abc import Hashable, Iterable

from models.jobs.requests import Caption, Cycle, Explain, Job, Shake, Translate

FIRST_GUESS = 0.07
"""Seconds for one unit before anything was measured: ResNet-101 on two cores."""
WEIGHT = 0.3
"""How much of a rate the newest measurement makes up."""
MOST_AT_ONCE = 4.0
"""One measurement counts as at most so many times the present rate: it may have loaded a model."""
TRAINED_SIZE = 256
MOST_FRAMES = 40
"""The worker translates no more frames of an animation."""

_FRAME_MARKS = {b"GIF8": b"\x00\x21\xf9\x04", b"RIFF": b"ANMF", b"\x89PNG": b"fcTL"}
_LOOKED_AT = 1024 * 1024
"""Bytes in which marks are counted, so that a long file does not hold up the event loop."""


def frames(picture: bytes) -> int:
    """Estimate how many frames of the file `picture` the worker would translate, at least 1."""
    mark = _FRAME_MARKS.get(picture[:4])
    if mark is None:
        return 1
    counted = picture.count(mark, 0, _LOOKED_AT)
    in_all = counted * max(1.0, len(picture) / _LOOKED_AT)
    return max(1, min(MOST_FRAMES, round(in_all)))


def units(job: Job) -> float:
    """Return what `job` costs, in classifications by a network of ResNet-101's size."""
    match job:
        case Translate(size=size, picture=picture):
            return 8.0 * ((size or TRAINED_SIZE) / TRAINED_SIZE) ** 2 * frames(picture)
        case Cycle(size=size):
            return 16.0 * ((size or TRAINED_SIZE) / TRAINED_SIZE) ** 2
        case Shake():
            return 7.0
        case Explain():
            return 3.0
        case Caption(beams=beams):
            return 2.0 + 0.5 * (beams or 5)
        case _:
            return 1.0


class Costs:
    """Seconds a unit, by the kind of the job, which is its task and model."""

    def __init__(self) -> None:
        self._rates: dict[Hashable, float] = {}

    def seconds(self, kind: Hashable, job: Job) -> float:
        """Return how long `job`, which is of `kind`, is expected to keep the worker busy."""
        return units(job) * self._rates.get(kind, FIRST_GUESS)

    def observe(self, kind: Hashable, jobs: Iterable[Job], seconds: float) -> None:
        """Learn that `jobs`, at least one and all of `kind`, kept the worker busy for `seconds`."""
        rate = self._rates.get(kind, FIRST_GUESS)
        measured = min(seconds / sum(map(units, jobs)), MOST_AT_ONCE * rate)
        self._rates[kind] = rate + WEIGHT * (measured - rate)
