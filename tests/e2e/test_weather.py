"""The gateway and REST in bad weather: a dead connection, a lost session, limits and failures."""

import asyncio
from datetime import timedelta

import pytest

from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_faults import MESSAGES, held, settled
from tests.e2e.test_settings import Server, server
from tests.playground.clients import eventually

__all__ = ["server"]

PICTURE = ("a.png", pictures.plain())


async def new_connection(env: Env) -> None:
    """Have Bobby connect again, and wait until it has."""
    faults, bot = env.playground.faults, env.playground.world.bot
    connected = env.playground.hub.connected
    (before,) = [session.wire for session in connected(bot)]
    assert faults.drop_connections(bot) == 1
    await eventually(lambda: any(s.wire is not before for s in connected(bot)), within=30)


async def cut_off(env: Env) -> None:
    """Let Bobby's session be lost, and the gateway closed to it."""
    faults, bot = env.playground.faults, env.playground.world.bot
    faults.refuse_connections = True
    assert faults.invalidate_sessions(resumable=False, person=bot) == 1
    await eventually(lambda: not env.bot.connected)


async def back(env: Env) -> None:
    """Let Bobby in again, and wait until it is."""
    env.playground.faults.refuse_connections = False
    await eventually(lambda: env.bot.connected, within=60)


async def test_a_zombie_connection_is_left(
    env: Env, user: ChatUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open, but nothing arrives: unacknowledged heartbeats make Bobby connect again and resume."""
    gateway, bot = env.playground.gateway_server, env.playground.world.bot
    with monkeypatch.context() as patch:
        patch.setattr(env.bot._connection, "heartbeat_timeout", 1.0)
        patch.setattr(gateway, "heartbeat_interval", 0.2)
        await new_connection(env)
        assert env.playground.faults.silence_connections(bot) == 1
        message = await user.say("!classify", PICTURE)
        assert top(await user.reply(message, within=30))
        await settled(user, message)
    await new_connection(env)


async def test_a_lost_session_in_a_busy_channel(server: Server) -> None:
    """Neither much talk, nor what came since, hides what was missed; its author still manages."""
    env, boss, member = server.env, server.manager, server.member
    await member.ask("!help")
    await cut_off(env)
    for number in range(25):
        await boss.say(f"chatter {number}")
    lesson = await boss.say("!teach red", ("red.png", pictures.plain("red")))
    question = await member.say("!classify", PICTURE)
    await back(env)
    live = await member.say("!privacy")
    assert "Learned **red**" in said(await boss.reply(lesson))
    assert top(await member.reply(question))
    await member.reply(live)
    await settled(member, question)
    assert len(member.in_channel(server.channel.id)) == 4


async def test_what_is_too_old_is_let_go(
    env: Env, user: ChatUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asked longer ago than Bobby looks back has gone; a lost session changes nothing else."""
    await cut_off(env)
    old = await user.say("!help")
    monkeypatch.setattr("bot.app.backfill.LONGEST", timedelta(seconds=0.2))
    await asyncio.sleep(0.3)
    ready = asyncio.create_task(env.bot.wait_for("ready"))
    await back(env)
    async with asyncio.timeout(30):
        await ready
    assert "pictures" in said(await user.ask("!privacy"))
    assert user.replies(old) == []


async def test_the_limit_on_everything_is_waited_out(env: Env, user: ChatUser) -> None:
    """429 with Discord's global limit delays the reply and does not double it."""
    with held():
        message = await user.say("!classify", PICTURE)
        order = env.playground.faults.rate_limit(
            "POST", MESSAGES, retry_after=0.3, by=env.playground.world.bot, everywhere=True
        )
    assert top(await user.reply(message))
    assert order.left == 0
    await settled(user, message)


@pytest.mark.parametrize("status", [502, 503])
async def test_a_lost_answer_is_not_posted_twice(env: Env, user: ChatUser, status: int) -> None:
    """The message was posted and Discord said otherwise: asked again, it is the same message."""
    faults = env.playground.faults
    before = len(faults.asked("POST", MESSAGES))
    with held():
        message = await user.say("!classify", PICTURE)
        faults.answer("POST", MESSAGES, status, after=True, by=env.playground.world.bot)
    await eventually(
        lambda: (
            [one.status for one in faults.asked("POST", MESSAGES)[before + 1 :]] == [status, 200]
        )
    )
    await settled(user, message)


async def test_discord_down_for_longer_is_a_line_in_the_log(
    env: Env,
    user: ChatUser,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """503, and some time later still: there is no reply, and the log says why."""
    monkeypatch.setattr("bot.conversation.responder.RETRY_AFTER", (0.01, 0.01))
    faults, bot = env.playground.faults, env.playground.world.bot
    with held():
        message = await user.say("!classify", PICTURE)
        faults.answer("POST", MESSAGES, 503, times=3, message="All are out.", by=bot)
    await eventually(lambda: f"No reply to message {message['id']}" in caplog.text)
    assert "All are out." in caplog.text
    assert user.replies(message) == []
    assert top(await user.ask("!classify", PICTURE))


async def test_a_burst_of_failures_is_ridden_out(env: Env, user: ChatUser) -> None:
    """Two 502 in a row: the reply comes a few seconds later, once."""
    faults, bot = env.playground.faults, env.playground.world.bot
    with held():
        message = await user.say("!classify", PICTURE)
        order = faults.answer("POST", MESSAGES, 502, times=2, by=bot)
    assert top(await user.reply(message))
    assert order.left == 0
    await settled(user, message)
