"""How long honest people wait while somebody posts files that cost much, and the memory of all."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any

import psutil

from bot.bench.figures import progress
from bot.playground.server import Playground
from models.bench.pictures import photograph
from tests.benchmarks.figures import Figure
from tests.benchmarks.stage import START, user, watched_bot
from tests.e2e.chat_user import ChatUser, said
from tests.fuzz.bombs import bombs

PEOPLE, QUESTIONS = 10, 100
COMMANDS = ("!classify", "!caption", "!zebra", "!why", "!shake", "!compare efficientnet_lite0")
AT_ONCE = 3
"""Bombs in one message."""
WITHIN = 120.0
MOST_MIB, BACK_MIB = 2048.0, 200.0


async def measure() -> list[Figure]:
    """Ask 100 questions in calm, and 100 beside one person's bombs."""
    files = list(bombs())
    progress(f"bombs: {len(files)} files of {sum(len(data) for _, data in files) / 2**20:.1f} MiB")
    async with (
        Playground() as playground,
        watched_bot(playground),
        contextlib.AsyncExitStack() as stack,
    ):
        names = [f"person{number}" for number in range(PEOPLE)]
        honest = [await stack.enter_async_context(user(playground, name)) for name in names]
        culprit = await stack.enter_async_context(user(playground, "culprit"))
        await _warm_up(honest[0])
        calm = await _questions(honest)
        before = _memory()
        peak = asyncio.create_task(_peak())
        posted: list[dict[str, Any]] = []
        posting = asyncio.create_task(_post(culprit, files, posted))
        beside = await _questions(honest)
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        progress("bombs: the honest have their answers; waiting for the others")
        for message in posted:
            await culprit.reply(message, START)
        await asyncio.sleep(5)
        peak.cancel()
        most = await peak
        after = _memory()
    lost = 2.0 * QUESTIONS - len(calm) - len(beside)
    median = sorted(calm)[len(calm) // 2]
    return [
        Figure("an honest question, in calm", "s", calm),
        Figure("an honest question beside bombs", "s", beside, 2 * median + 0.2),
        Figure("the longest of them", "s", [max(beside)], 3.0),
        Figure("questions without their answer", "", [lost], 0),
        Figure("all processes together, at most", "MiB", [most], MOST_MIB),
        Figure("    more after it than before", "MiB", [after - before], BACK_MIB),
    ]


async def _warm_up(one: ChatUser) -> None:
    """Have every network loaded that is asked later."""
    for command in COMMANDS:
        message = await one.say(command, ("a.jpg", photograph(640, 480)))
        await one.reply(message, WITHIN)


async def _questions(people: list[ChatUser]) -> list[float]:
    """Let everybody ask one after the other; return the seconds of each that was answered."""

    async def ask(one: ChatUser, number: int) -> list[float]:
        loop, took = asyncio.get_running_loop(), []
        for _ in range(QUESTIONS // PEOPLE):
            begun = loop.time()
            picture = photograph(640, 480, 20 * number)
            message = await one.say("!classify", ("a.jpg", picture))
            answer = await one.reply(message, WITHIN)
            if "efficientnet_lite0" in said(answer):
                took.append(loop.time() - begun)
            await asyncio.sleep(0.5)
        return took

    every = await asyncio.gather(*(ask(one, number) for number, one in enumerate(people)))
    return list(itertools.chain(*every))


async def _post(
    culprit: ChatUser, files: list[tuple[str, bytes]], posted: list[dict[str, Any]]
) -> None:
    """Post the files in turns, a few a message, each time with the next command."""
    commands, turns = itertools.cycle(COMMANDS), itertools.cycle(files)
    while True:
        posted.append(await culprit.say(next(commands), *itertools.islice(turns, AT_ONCE)))
        await asyncio.sleep(2)


def _memory() -> float:
    """Return the MiB that all of Bobby's processes have together, shared pages counted once."""
    total = 0.0
    for process in _family():
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss / 2**20
    return total


def _family() -> Iterator[psutil.Process]:
    return iter(psutil.Process(os.getpid()).children(recursive=True))


async def _peak() -> float:
    """Watch the memory until this is cancelled; return the most that was seen."""
    most = 0.0
    try:
        while True:
            most = max(most, await asyncio.to_thread(_memory))
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return most
