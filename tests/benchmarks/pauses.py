"""The longest that the bot's event loop is away while 64 large pictures are asked for at once."""

import asyncio
import contextlib
from typing import Any

from bot.bench.figures import progress
from bot.playground.server import Playground
from models.bench.pictures import photograph
from tests.benchmarks.figures import Figure
from tests.benchmarks.stage import WatchedBot, user, watched_bot
from tests.e2e.chat_user import ChatUser, said

ROUNDS = 3
PEOPLE = 16
EACH = 4
WIDTH, HEIGHT = 4000, 3000
GOAL = 20.0
"""Milliseconds that the loop may be away."""
WITHIN = 600.0

Message = dict[str, Any]


async def measure() -> list[Figure]:
    """Have 16 people post 4 pictures each, then ask for all of them in the same moment."""
    pictures = [photograph(WIDTH, HEIGHT, shade) for shade in (0, 80, 160, 240)]
    rounds, late, longest, pulse, took = [], [], [], [], []
    loop = asyncio.get_running_loop()
    async with (
        Playground() as playground,
        watched_bot(playground) as bot,
        contextlib.AsyncExitStack() as stack,
    ):
        people = [
            await stack.enter_async_context(user(playground, f"person{number}"))
            for number in range(PEOPLE)
        ]
        posted = await _post(people, pictures)
        for number in range(-1, ROUNDS):
            progress(f"pauses: round {max(0, number + 1)} of {ROUNDS}")
            await asyncio.sleep(2)
            await bot.report()
            begun = loop.time()
            await asyncio.gather(*(_ask(one, message) for one, message in posted))
            if number >= 0:  # the first round only warms up
                took.append(loop.time() - begun)
                report = await _report(bot)
                rounds.append(report["loop"]["round"] * 1000)
                late.append(report["loop"]["late"] * 1000)
                longest.append(report["loop"]["longest"] * 1000)
                pulse.append(report["pulse"])
    size = sum(map(len, pictures)) / len(pictures) / 2**20
    return [
        Figure(f"until {PEOPLE * EACH} pictures of {size:.1f} MiB were answered", "s", took),
        Figure("the longest pause: one round of the event loop", "ms", rounds, GOAL),
        Figure("    of which the longest single callback", "ms", longest),
        Figure("the longest that a sleeping coroutine woke too late", "ms", late),
        Figure("    as `!status` sees it, ten times a second", "ms", pulse),
    ]


async def _report(bot: WatchedBot) -> dict[str, Any]:
    report = await bot.report()
    progress(f"  a round of {report['loop']['round'] * 1000:.1f} ms, in which there ran:")
    for work in report["loop"]["meanwhile"]:
        progress(
            f"  {work['clock'] * 1000:6.1f} ms ({work['processor'] * 1000:.1f} on the processor)"
            f"  {work['count']} × {work['name']}"
        )
    return report


async def _post(people: list[ChatUser], pictures: list[bytes]) -> list[tuple[ChatUser, Message]]:
    """Post `EACH` pictures a person, without asking anything yet."""
    posted = []
    for one in people:
        for number in range(EACH):
            picture = pictures[number % len(pictures)]
            posted.append((one, await one.say("look", (f"{number}.jpg", picture))))
    return posted


async def _ask(one: ChatUser, message: Message) -> None:
    """Ask for a picture that was posted, and wait for the answer."""
    question = await one.say("!classify", reply_to=message["id"])
    reply = await one.reply(question, within=WITHIN)
    assert "efficientnet_lite0" in said(reply), said(reply)
