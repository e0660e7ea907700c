"""From posting a picture to its answer, beside the same worker's code called directly."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.bench.figures import progress
from bot.playground.server import Playground
from models.bench.pictures import photograph
from models.jobs.answers import Labels
from models.jobs.requests import Classify
from models.weights.store import WeightsStore
from models.worker.tasks import Tasks
from tests.benchmarks.figures import Figure, milliseconds
from tests.benchmarks.stage import user, watched_bot
from tests.e2e.chat_user import ChatUser, said

WARM_UP = 5
ROUNDS = 60
PAUSE = 0.15
"""Seconds between two measurements, in which what the last one left behind comes to rest."""

GOAL = 15.0
"""Milliseconds that Bobby, Discord's part included, may add to the bare call."""


@dataclass(frozen=True)
class Asked:
    """One question: when it was posted and answered, and where the time went, in seconds."""

    posted: float
    answered: float
    stages: dict[str, tuple[float, float]]

    def took(self, name: str) -> float:
        """Return how long stage `name` took."""
        begun, ended = self.stages[name]
        return ended - begun


async def measure() -> list[Figure]:
    """Ask and call in turns, with the same picture."""
    picture = photograph(1024, 768)
    job = Classify(picture=picture)
    tasks = Tasks(WeightsStore(None), "cpu", "efficientnet_lite0")
    tasks.ready()
    asked: list[Asked] = []
    called: list[float] = []
    networks: list[float] = []
    async with (
        Playground() as playground,
        watched_bot(playground) as bot,
        user(playground, "ann") as ann,
    ):
        for number in range(-WARM_UP, ROUNDS):
            if number % 20 == 0:
                progress(f"posting: {number} of {ROUNDS}")
            await asyncio.sleep(PAUSE)
            begun = time.perf_counter()
            (labels,) = tasks.run([tasks.prepare(job)])
            call = time.perf_counter() - begun
            assert isinstance(labels, Labels)
            await asyncio.sleep(PAUSE)
            question = await _ask(ann, picture)
            report = await bot.report()
            if number >= 0:
                asked.append(Asked(*question, _first_of_each(report["stages"])))
                called.append(call)
                networks.append(labels.milliseconds / 1000)
    return _figures(asked, called, networks)


async def _ask(ann: ChatUser, picture: bytes) -> tuple[float, float]:
    """Post the picture; return when it was posted and when the answer was there."""
    posted = time.monotonic()
    reply = await ann.ask("!classify", ("a.jpg", picture))
    answered = time.monotonic()
    assert "efficientnet_lite0" in said(reply)
    await asyncio.sleep(0.05)  # until the bot has noted that it has answered
    return posted, answered


def _first_of_each(stages: Sequence[tuple[str, float, float]]) -> dict[str, tuple[float, float]]:
    """Return when each stage first began and ended; the bot hears of its own reply too."""
    latest_first = sorted(stages, key=lambda stage: stage[1], reverse=True)
    return {name: (begun, ended) for name, begun, ended in latest_first}


def _figures(
    asked: Sequence[Asked], called: Sequence[float], networks: Sequence[float]
) -> list[Figure]:
    totals = [one.answered - one.posted for one in asked]
    more = [total - call for total, call in zip(totals, called, strict=True)]
    typical = statistics.median(totals) - statistics.median(called)
    return [
        milliseconds("from posting to the answer", totals),
        milliseconds("the bare call: decode and network", called),
        milliseconds("    of which the network", networks),
        milliseconds("more than the bare call, round by round", more, GOAL),
        milliseconds("more than the bare call, median less median", [typical], GOAL),
        milliseconds(
            "  Discord's part: from posting until the bot has heard",
            [one.stages["all"][0] - one.posted for one in asked],
        ),
        milliseconds(
            "  from hearing to fetching",
            [one.stages["fetch"][0] - one.stages["all"][0] for one in asked],
        ),
        milliseconds("  fetching the picture", [one.took("fetch") for one in asked]),
        milliseconds("  the executor, the pipes and the worker", [o.took("submit") for o in asked]),
        milliseconds("    of which the network", [one.took("network") for one in asked]),
        milliseconds(
            "    and the rest, less the bare call's decoding",
            [
                one.took("submit") - one.took("network") - (call - network)
                for one, call, network in zip(asked, called, networks, strict=True)
            ],
        ),
        milliseconds(
            "  writing the reply",
            [one.stages["answer"][0] - one.stages["submit"][1] for one in asked],
        ),
        milliseconds(
            "  Discord's part: from sending the reply until it is there",
            [one.answered - one.stages["answer"][0] for one in asked],
        ),
    ]
