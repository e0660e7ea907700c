"""`bobby bench soak`: thousands of mixed jobs while the worker is killed and people leave.

Owns the load, the killing, and the verdict on every single job: answered with its own answer,
refused by a named error, or left by its requester; anything else is wrong. It runs the very
executor and worker that answer people, on small pictures: it is about order, not about speed.
"""

import asyncio
import os
import random
import statistics
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bot.bench.figures import Figure, progress
from bot.core.errors import BadPicture, BobbyError, Overloaded, SetupError, WorkerLost
from bot.core.processes import child, kill
from bot.core.settings import Settings
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.supervisor import WorkerCommand
from bot.executor.executor import Executor
from bot.executor.factory import warm, worker_command, worker_environment
from bot.executor.queue import Limits, Requester
from models.jobs.answers import Captioned, Cycled, Labels, Translated
from models.jobs.requests import Caption, Classify, Cycle, Translate

MODEL = "efficientnet_lite0"
"""The one classifier whose weights are installed with Bobby."""

REQUESTERS, SERVERS = 30, 5
GREEDY = 0.3
"""Share of the jobs that one person asks for, who goes over the limit by it."""
AT_ONCE = 64
LEAVING = 0.05
"""Share of the requesters who leave before they are answered."""
SMALL = 64
"""Short side at which pictures are translated, in pixels."""
ROOM = 32 * 2**20

_MIX = {"classify": 74, "zebra": 9, "cycle": 3, "caption": 4, "bad": 10}
LIMITS = Limits(all=200, bytes=2**28, per_server=150, per_person=15)


@dataclass
class Tally:
    """What has become of the jobs, by `answered`, `lost`, `refused` and so on; and memory."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    kills: int = 0
    bot: list[float] = field(default_factory=list)
    workers: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def done(self) -> int:
        """How many jobs have an outcome."""
        return sum(self.outcomes.values())


async def soak(settings: Settings, jobs: int, kills: int, seed: int = 0) -> Tally:
    """Run `jobs` jobs, kill the worker `kills` times meanwhile, and return what became of them.

    Raises:
        SetupError: The worker can't be started.
    """
    settings = settings.model_copy(update={"default_model": MODEL})
    with tempfile.TemporaryDirectory() as name:
        files = await _files(Path(name))
        engine = LocalEngine(
            WorkerCommand(
                worker_command(settings, settings.devices[0]), worker_environment(os.environ)
            ),
            hang_after=max(settings.timeout, 30.0),
        )
        async with Executor(
            engine, limits=LIMITS, batch_size=settings.batch_size, timeout=840.0
        ) as executor:
            await warm(executor)
            load = _Load(executor, engine, files, jobs, kills, seed)
            return await load.run()


async def _files(folder: Path) -> Mapping[str, bytes]:
    command = [sys.executable, "-m", "models.bench.soak_files", str(folder)]
    async with child(command, worker_environment(os.environ)) as maker:
        if await maker.wait():
            raise SetupError("The pictures could not be made; see above why.")
    return await asyncio.to_thread(
        lambda: {file.stem: file.read_bytes() for file in sorted(folder.iterdir())}
    )


class _Load:
    def __init__(  # noqa: PLR0917 - the two halves of a soak: who is asked, and what for
        self,
        executor: Executor,
        engine: LocalEngine,
        files: Mapping[str, bytes],
        jobs: int,
        kills: int,
        seed: int,
    ) -> None:
        self._executor = executor
        self._engine = engine
        self._files = files
        self._jobs = jobs
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        first = max(1, jobs // 50)
        self._deaths = sorted(self._chance.sample(range(first, jobs), min(kills, jobs - first)))
        self._tally = Tally()

    async def run(self) -> Tally:
        """Ask for everything, `AT_ONCE` at a time."""
        places = asyncio.Semaphore(AT_ONCE)
        step = max(1, self._jobs // 100)
        async with asyncio.TaskGroup() as group:
            for number in range(self._jobs):
                await places.acquire()
                task = group.create_task(self._ask())
                task.add_done_callback(lambda _: places.release())
                if number % step == 0:
                    self._note_memory()
                if number % (10 * step) == 0:
                    progress(f"soak: {number} of {self._jobs} jobs, {self._tally.kills} kills")
                await self._kill_if_due()
        held = self._executor.snapshot()
        if held.waiting or held.running:
            self._tally.wrong.append(f"{held.waiting} wait and {held.running} run at the end")
        return self._tally

    async def _kill_if_due(self) -> None:
        while self._deaths and self._tally.done >= self._deaths[0]:
            self._deaths.pop(0)
            await self._executor.ready()
            await asyncio.sleep(self._chance.uniform(0, 0.5))  # at whatever stage it is then
            if (pid := self._engine.worker_pid) is not None:
                kill(pid)
                self._tally.kills += 1

    async def _ask(self) -> None:
        chance = self._chance
        person = 0 if chance.random() < GREEDY else chance.randrange(1, REQUESTERS)
        requester = Requester(person, person % SERVERS)
        (kind,) = chance.choices([*_MIX], [*_MIX.values()])
        names = [n for n in self._files if n.startswith("bad") == (kind == "bad")]
        name = chance.choice(names)
        task = asyncio.create_task(self._submit(kind, name, requester))
        if chance.random() < LEAVING:
            await asyncio.sleep(chance.expovariate(5))
            task.cancel()
        await asyncio.wait({task})
        self._tally.outcomes[self._outcome(task, name)] += 1

    async def _submit(self, kind: str, name: str, requester: Requester) -> tuple[int, int]:
        """Return width and height of the picture that the answer is about."""
        data = self._files[name]
        submit = self._executor.submit
        match kind:
            case "zebra":
                answer = await submit(
                    Translate(picture=data, max_bytes=ROOM, size=SMALL), requester
                )
            case "cycle":
                return _size(
                    await submit(Cycle(picture=data, max_bytes=ROOM, size=SMALL), requester)
                )
            case "caption":
                return _size(await submit(Caption(picture=data, beams=1), requester))
            case _:
                return _size(await submit(Classify(picture=data), requester))
        return _size(answer)

    def _outcome(self, task: asyncio.Task[tuple[int, int]], name: str) -> str:
        if task.cancelled():
            return "left"
        match task.exception():
            case None:
                width, height = task.result()
                if f"{width}x{height}" == name:
                    return "answered"
                self._tally.wrong.append(f"{name} got the answer of {width}x{height}")
            case BadPicture() if name.startswith("bad"):
                return "refused"
            case WorkerLost():
                return "lost"
            case Overloaded():
                return "over_limit"
            case BobbyError() as error:
                self._tally.wrong.append(f"{name}: {type(error).__name__}: {error}")
            case error:
                self._tally.wrong.append(f"{name}: {error!r}")
        return "wrong"

    def _note_memory(self) -> None:
        self._tally.bot.append(_resident(os.getpid()))
        if (pid := self._engine.worker_pid) is not None:
            self._tally.workers[pid].append(_resident(pid))


def _size(answer: Labels | Translated | Cycled | Captioned) -> tuple[int, int]:
    match answer:
        case Translated(image=image) | Cycled(original=image):
            return image.width, image.height
        case Labels() | Captioned():
            return answer.width, answer.height


def _resident(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def figures(tally: Tally, seconds: float) -> Mapping[str, Figure]:
    """Return what a soak of `seconds` has shown, by the keys in the JSON."""
    shares = {
        "answered": "answered, each with its own answer",
        "refused": "were no pictures, and refused as such",
        "over_limit": "refused by the limit of one person",
        "lost": "lost with a killed worker, by name",
        "left": "left by their askers",
        "wrong": "anything else",
    }
    found = {
        f"{key}_ratio": Figure(f"of {tally.done} jobs: {words}", "", [count / tally.done])
        for key, words in shares.items()
        for count in [tally.outcomes[key]]
    }
    found["kills_ratio"] = Figure("kills for each thousand jobs", "", [_a_thousand(tally)])
    found["job_ms"] = Figure("a job, all kinds together", "ms", [seconds * 1000 / tally.done])
    longest = max(tally.workers.values(), key=len)
    for key, words, memory in (
        ("bot", "the process that asks", tally.bot),
        ("worker", "the worker that lived longest", longest),
    ):
        found[f"{key}_mib"] = Figure(f"most memory of {words}", "MiB", [max(memory)])
        found[f"{key}_growth_mib"] = Figure("  its growth after a tenth", "MiB", [_growth(memory)])
    return found


def _a_thousand(tally: Tally) -> float:
    return 1000 * tally.kills / tally.done


def _growth(memory: list[float]) -> float:
    """Return by how much the last fifth is above the fifth that follows the first tenth."""
    tenth, fifth = max(1, len(memory) // 10), max(1, len(memory) // 5)
    return statistics.median(memory[-fifth:]) - statistics.median(memory[tenth : tenth + fifth])
