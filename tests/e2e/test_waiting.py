"""People who wait are told for how long, in the message that becomes the answer, and may leave."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psutil
import pytest
import pytest_asyncio

from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, cancel_button, said
from tests.e2e.conftest import Env
from tests.playground.clients import Page, Rest, eventually
from tests.workers import workers_below

COMPONENT, BUTTON = 3, 2
EPHEMERAL = 64
PICTURE = ("a.png", pictures.plain())


@pytest.fixture(autouse=True)
def soon(env: Env) -> Iterator[None]:
    """Let Bobby tell after 0.3 s, and then each 0.3 s."""
    waiting = env.bot.waiting
    before = waiting.silent, waiting.edit
    waiting.silent = waiting.edit = 0.3
    yield
    waiting.silent, waiting.edit = before


@pytest_asyncio.fixture(loop_scope="package")
async def stopped_worker(env: Env) -> AsyncIterator[psutil.Process]:
    """Stop the worker as a scheduler would: the person who asks now waits until it is continued."""
    await env.bot.executor.ready()
    (worker,) = workers_below()
    worker.send_signal(signal.SIGSTOP)
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGCONT)


async def press(env: Env, token: str, message: dict[str, Any]) -> dict[str, Any]:
    """Press the button of `message`; return the message of Bobby's that this brings about."""
    data = {"component_type": BUTTON, "custom_id": cancel_button(message)}
    async with (
        Rest(env.playground.api, token) as rest,
        Page(env.playground, token, rest) as page,
    ):
        where = int(message["channel_id"])
        await page.interact(COMPONENT, data, channel_id=where, message_id=message["id"])

        def news() -> list[dict[str, Any]]:
            edited = [one for one in page.heard("MESSAGE_UPDATE") if cancel_button(one) is None]
            return [*page.heard("MESSAGE_CREATE"), *edited]

        await eventually(news)
        return news()[0]


async def test_the_message_that_tells_becomes_the_answer(
    user: ChatUser, stopped_worker: psutil.Process
) -> None:
    """One reply: first the estimate with a button, edited, then the labels without one."""
    asked = await user.say("!classify", PICTURE)
    told = await user.told(asked)
    assert "to go." in told["content"]
    assert cancel_button(told)
    await user.heard(lambda one: one["id"] == told["id"] and one["event"] == "MESSAGE_UPDATE")
    stopped_worker.send_signal(signal.SIGCONT)
    answer = await user.heard(lambda one: one["id"] == told["id"] and one["embeds"])
    assert "efficientnet" in said(answer)
    assert cancel_button(answer) is None
    assert "to go" not in answer["content"]
    assert len(user.replies(asked)) == 1


async def test_the_place_in_line_is_told(user: ChatUser, stopped_worker: psutil.Process) -> None:
    """Two batches are in flight; what comes behind them has a place."""
    people = [await user.say("!classify", PICTURE) for _ in range(3)]
    told = [await user.told(asked) for asked in people]
    assert any("1st in line" in one["content"] for one in told)
    stopped_worker.send_signal(signal.SIGCONT)
    for one in told:
        await user.heard(lambda new, one=one: new["id"] == one["id"] and new["embeds"])


async def test_who_asked_can_cancel_and_nobody_else(
    env: Env, user: ChatUser, stopped_worker: psutil.Process
) -> None:
    """Another's press is answered in private; the requester's makes the message say so."""
    asked = await user.say("!classify", PICTURE)
    told = await user.told(asked)
    other = await env.playground.new_person("other")
    refused = await press(env, other.token, told)
    assert refused["flags"] & EPHEMERAL
    assert "Only the person who asked" in refused["content"]
    assert env.bot.executor.snapshot().waiting + env.bot.executor.snapshot().running == 1
    done = await press(env, user.person.token, told)
    assert "Canceled." in said(done)
    assert done["id"] == told["id"]
    assert cancel_button(done) is None
    stopped_worker.send_signal(signal.SIGCONT)
    await eventually(lambda: env.bot.executor.snapshot().running == 0)
    await asyncio.sleep(0.3)
    assert len(user.replies(asked)) == 1


async def test_what_nobody_works_on_cant_be_cancelled(
    env: Env, user: ChatUser, stopped_worker: psutil.Process
) -> None:
    """As after a restart: the message says so, and has no button any more."""
    asked = await user.say("!classify", PICTURE)
    told = await user.told(asked)
    env.bot.waiting._waits.clear()
    env.bot.waiting.edit = 60.0
    await user.heard(lambda one: one["id"] == told["id"] and one["event"] == "MESSAGE_UPDATE")
    done = await press(env, user.person.token, told)
    assert done["id"] == told["id"]
    assert "This request is no longer running" in done["content"]
    assert cancel_button(done) is None
    stopped_worker.send_signal(signal.SIGCONT)
    await user.heard(lambda one: one["id"] == told["id"] and one["embeds"])


async def test_a_quick_answer_announces_nothing(env: Env, user: ChatUser) -> None:
    """Within the silence there is only the answer."""
    env.bot.waiting.silent = 30.0
    asked = await user.say("!classify", PICTURE)
    answer = await user.reply(asked)
    assert answer["embeds"]
    assert cancel_button(answer) is None
