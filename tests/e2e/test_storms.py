"""A crowd asks while Discord itself is in trouble for a while: everybody is answered, once."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser
from tests.e2e.conftest import Env
from tests.e2e.test_faults import MESSAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PICTURE = ("a.png", pictures.plain())
PEOPLE, QUESTIONS = 6, 20


@contextlib.asynccontextmanager
async def beside(trouble: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let there be `trouble` for as long as the block lasts."""
    task = asyncio.create_task(trouble)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def answered(env: Env) -> None:
    """Let six people ask twenty questions each, one every half a second; each has one answer."""
    asked: list[tuple[ChatUser, dict[str, Any]]] = []

    async def ask(user: ChatUser) -> None:
        for number in range(QUESTIONS):
            question = "!classify" if number % 4 == 0 else "!privacy"
            files = [PICTURE] if number % 4 == 0 else []
            asked.append((user, await user.say(question, *files)))
            await asyncio.sleep(0.5)

    async with contextlib.AsyncExitStack() as stack:
        crowd = []
        for number in range(PEOPLE):
            channel = env.playground.world.add_channel(f"storm {number}")
            person = await env.playground.new_person(f"person {number}")
            crowd.append(
                await stack.enter_async_context(ChatUser(env.playground, person, channel.id))
            )
        await asyncio.gather(*map(ask, crowd))
        replies = [user.reply(message, within=120) for user, message in asked]
        for reply in await asyncio.gather(*replies):
            assert reply["embeds"]
        await asyncio.sleep(2)
        assert [len(user.replies(message)) for user, message in asked] == [1] * len(asked)


async def test_sessions_that_end_again_and_again_lose_nobody(env: Env) -> None:
    """Every four seconds Discord has forgotten Bobby's session."""
    faults, bot = env.playground.faults, env.playground.world.bot

    async def forget_sessions() -> None:
        while True:
            await asyncio.sleep(4)
            faults.invalidate_sessions(resumable=False, person=bot)

    async with beside(forget_sessions()):
        await answered(env)


async def test_a_storm_of_failures_loses_nobody(env: Env) -> None:
    """Half of the requests fail, in bursts, after they were carried out as well as before."""
    faults, bot, dice = env.playground.faults, env.playground.world.bot, random.Random(7)

    async def fail() -> None:
        while True:
            await asyncio.sleep(0.1)
            if any(order.left for order in faults.orders):
                continue
            kind = dice.choice((500, 502, 429))
            times = dice.randint(1, 4)
            if kind == 429:
                faults.rate_limit("POST", MESSAGES, retry_after=0.2, times=times, by=bot)
            else:
                faults.answer(
                    "POST", MESSAGES, kind, times=times, after=dice.random() < 0.5, by=bot
                )

    try:
        async with beside(fail()):
            await answered(env)
    finally:
        for order in faults.orders:
            order.left = 0
