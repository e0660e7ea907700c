"""`python -m tests.benchmarks.endurance [MINUTES]`: hours of questions while everything breaks.

Every two minutes the bot or its worker is killed, and between the kills sessions end, sockets are
cut and Discord's REST API fails for a while. Counts what people had to suffer from it: questions
without an answer or with two, lessons and settings that were acknowledged and are gone.
"""

import argparse
import asyncio
import contextlib
import itertools
import random
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import psutil

from bot.bench.figures import Figure, progress
from bot.playground.faults import Break
from bot.playground.model.records import Message
from bot.playground.server import Playground
from tests.benchmarks.stage import logged_in, user
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser
from tests.e2e.processes import START, TOKEN, Running, running
from tests.playground.clients import eventually

PEOPLE = 6
PAUSE = 12.0
"""Seconds between two questions of one person, on the average."""
EVERY = 120.0
"""Seconds between two kills."""
BOT_SHARE = 0.3
"""Share of the kills that meet the bot; the others meet its worker."""
WITHIN = 600.0
"""Seconds after which a question that has no answer counts as one that never gets it."""
KEPT = 12
"""Labels that are taught at a time; a server's room for them is bounded."""
MESSAGES = "/channels/{channel_id}/messages"
QUESTIONS = ("!classify", "!caption", "!zebra", "!why", "!help", "!privacy")
_DONE = re.compile("Learned|Removed")
PICTURE = ("a.png", pictures.plain())


@dataclass
class Diary:
    """What was asked, and what the processes held at a quiet moment before each kill."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    lessons: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was said to teach a label, by label."""
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was said to take one back."""
    kills: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    bot_mib: list[list[float]] = field(default_factory=list)
    """One list for each process of the bot."""
    bot_files: list[list[float]] = field(default_factory=list)

    @property
    def everything(self) -> list[dict[str, Any]]:
        """Every message that wants an answer."""
        return [*self.asked, *self.lessons.values(), *self.taken.values()]


class Endurance:
    """A playground with a crowd, and a bot that is started again whenever it ends."""

    def __init__(self, playground: Playground, folder: Path, minutes: float) -> None:
        self._playground = playground
        self._folder = folder
        self._seconds = 60 * minutes
        self._dice = random.Random(27)
        self.diary = Diary()

    async def run(self) -> None:
        """Let everything happen for as long as was asked, then wait for the last answers."""
        async with contextlib.AsyncExitStack() as stack:
            crowd = [
                await stack.enter_async_context(user(self._playground, f"person {number}"))
                for number in range(PEOPLE)
            ]
            boss = await stack.enter_async_context(
                ChatUser(
                    self._playground, self._playground.world.owner, self._playground.channel_id
                )
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds), asyncio.TaskGroup() as group:
                    group.create_task(self._lives())
                    group.create_task(self._trouble())
                    group.create_task(self._teach(boss))
                    for person in crowd:
                        group.create_task(self._ask(person))
            for order in self._playground.faults.orders:
                order.left = 0
            progress("endurance: waiting for the last answers")
            async with self._bobby():
                everything = self.diary.everything
                with contextlib.suppress(TimeoutError):
                    await eventually(lambda: all(map(self.answered, everything)), within=WITHIN)

    @contextlib.asynccontextmanager
    async def _bobby(self) -> AsyncIterator[Running]:
        door = {TOKEN: self._playground.bot_token, "BOBBY_API_URL": self._playground.api}
        with running("run", folder=self._folder, **door) as process:
            await logged_in(self._playground, START)
            yield process
        bot = self._playground.world.bot
        await eventually(lambda: not self._playground.hub.connected(bot), within=START)

    async def _lives(self) -> None:
        """Run one bot after the other; each lives until it is its turn to be killed."""
        while True:
            async with self._bobby() as process:
                self.diary.bot_mib.append([])
                self.diary.bot_files.append([])
                while True:
                    await asyncio.sleep(EVERY)
                    self._note(process)
                    if self._dice.random() < BOT_SHARE:
                        break
                    with contextlib.suppress(ValueError, psutil.NoSuchProcess):
                        process.worker().kill()
                        self.diary.kills["worker"] += 1
            self.diary.kills["bot"] += 1
            await asyncio.sleep(self._dice.uniform(0, 5))

    def _note(self, process: Running) -> None:
        bot = psutil.Process(process.pid)
        self.diary.bot_mib[-1].append(bot.memory_info().rss / 2**20)
        self.diary.bot_files[-1].append(bot.num_fds())
        progress(f"endurance: {len(self.diary.asked)} questions, {dict(self.diary.kills)}")

    async def _trouble(self) -> None:
        faults, bot = self._playground.faults, self._playground.world.bot
        while True:
            await asyncio.sleep(self._dice.uniform(10, 30))
            kind = self._dice.choice((*get_args(Break), "resumes", "storm"))
            self.diary.troubles[kind] += 1
            match kind:
                case "resumes":
                    faults.invalidate_sessions(resumable=True, person=bot)
                case "storm":
                    await self._storm()
                case _:
                    faults.break_something(kind, bot)

    async def _storm(self) -> None:
        faults, bot = self._playground.faults, self._playground.world.bot
        for _ in range(20):
            status, times = self._dice.choice((500, 502, 429)), self._dice.randint(1, 4)
            if status == 429:
                faults.rate_limit("POST", MESSAGES, retry_after=0.2, times=times, by=bot)
            else:
                after = self._dice.random() < 0.5
                faults.answer("POST", MESSAGES, status, times=times, after=after, by=bot)
            await asyncio.sleep(0.5)

    async def _ask(self, person: ChatUser) -> None:
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / PAUSE))
            question = self._dice.choice(QUESTIONS)
            files = [] if question in {"!help", "!privacy"} else [PICTURE]
            self.diary.asked.append(await person.say(question, *files))

    async def _teach(self, boss: ChatUser) -> None:
        """Teach a label after the other, each by a picture of its own, and take the oldest back."""
        for number in itertools.count():
            await asyncio.sleep(2 * PAUSE)
            picture = ("a.png", pictures.plain(f"#{number:06x}"))
            label = f"label{number}"
            self.diary.lessons[label] = await boss.say(f"!teach {label}", picture)
            if (oldest := f"label{number - KEPT}") in self.diary.lessons:
                self.diary.taken[oldest] = await boss.say(f"!unteach {oldest}")

    # --- what became of it ------------------------------------------------------------------------

    def answers(self, question: dict[str, Any]) -> list[Message]:
        """Return the bot's replies to `question` as they stand now."""
        channel = self._playground.world.channels[int(question["channel_id"])]
        return [
            one
            for one in channel.messages.values()
            if one.reference and one.reference.message_id == int(question["id"])
        ]

    def answered(self, question: dict[str, Any]) -> bool:
        """Tell whether `question` has an answer, one that is no sign of waiting."""
        return any(one.embeds for one in self.answers(question))

    def _silent(self) -> list[dict[str, Any]]:
        silent = [one for one in self.diary.everything if not self.answered(one)]
        for one in silent:
            said = [reply.content for reply in self.answers(one)]
            progress(f"endurance: no answer to {one['content']} but {said}")
        return silent

    def figures(self) -> list[Figure]:
        """Return what was counted."""
        diary = self.diary
        everything, stored = diary.everything, self._stored()
        counts = {
            "questions and lessons": len(everything),
            "kills of the bot": diary.kills["bot"],
            "kills of the worker": diary.kills["worker"],
            "other troubles": diary.troubles.total(),
            "silent": len(self._silent()),
            "answered twice": sum(len(self.answers(one)) > 1 for one in everything),
            "acknowledged lessons that are gone": len(
                self._acknowledged(diary.lessons) - set(diary.taken) - set(stored)
            ),
            "labels that were taken back and are there": len(
                self._acknowledged(diary.taken) & set(stored)
            ),
            "lessons stored twice": sum(count > 1 for count in stored.values()),
        }
        found = [Figure(name, "", [count]) for name, count in counts.items()]
        for name, unit, lives in (
            ("the bot's memory", "MiB", diary.bot_mib),
            ("the bot's open files", "", diary.bot_files),
        ):
            every = [value for life in lives for value in life]
            grown = [life[-1] - life[0] for life in lives if len(life) > 1]
            found.append(Figure(name, unit, every or [0]))
            found.append(Figure("    its growth within a life", unit, grown or [0]))
        return found

    def _acknowledged(self, changes: dict[str, dict[str, Any]]) -> set[str]:
        return {label for label, one in changes.items() if _DONE.search(self._text(one))}

    def _text(self, question: dict[str, Any]) -> str:
        return str([one.embeds for one in self.answers(question)])

    def _stored(self) -> Counter[str]:
        with contextlib.closing(sqlite3.connect(self._folder / "data" / "bobby.sqlite3")) as kept:
            return Counter(label for (label,) in kept.execute("SELECT label FROM examples"))


async def measure(minutes: float) -> list[Figure]:
    """Return what `minutes` of it have cost."""
    with tempfile.TemporaryDirectory() as folder:
        async with Playground() as playground:
            endurance = Endurance(playground, Path(folder), minutes)
            await endurance.run()
            return endurance.figures()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.endurance")
    parser.add_argument("minutes", nargs="?", type=float, default=120.0)
    for figure in asyncio.run(measure(parser.parse_args().minutes)):
        sys.stdout.write(figure.as_line() + "\n")


if __name__ == "__main__":
    main()
