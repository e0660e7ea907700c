"""Messages that change while their answer is on its way: one reply, and the right one."""

import asyncio
import datetime

import pytest

from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.playground.clients import eventually

PICTURE = ("a.png", pictures.plain())
MESSAGES = "/channels/{channel_id}/messages"


async def test_an_edit_while_the_error_is_being_posted(env: Env, user: ChatUser) -> None:
    """The complaint about the missing picture becomes the answer; there is no second reply."""
    order = env.playground.faults.rate_limit(
        "POST", MESSAGES, retry_after=0.7, by=env.playground.world.bot
    )
    message = await user.say("!classify")
    await eventually(lambda: order.left == 0)
    await user.edit(message, "!classify", PICTURE)
    answer = await user.heard(
        lambda one: one["event"] == "MESSAGE_UPDATE" and "efficientnet" in said(one)
    )
    assert top(answer)
    await asyncio.sleep(0.3)
    assert len(user.in_channel(int(message["channel_id"]))) == 1


async def test_a_delete_while_the_error_is_being_posted(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """What was just being posted is taken back."""
    order = env.playground.faults.rate_limit(
        "POST", MESSAGES, retry_after=0.7, by=env.playground.world.bot
    )
    message = await user.say("!classify")
    await eventually(lambda: order.left == 0)
    await user.delete(message)
    await asyncio.sleep(1.5)
    assert [one for one in channel.messages.values() if one.author.bot] == []


async def test_two_quick_edits_are_one_answer(user: ChatUser, channel: Channel) -> None:
    """The last wording counts."""
    message = await user.say("!clasify", PICTURE)
    await asyncio.gather(
        user.edit(message, "!classify nosuch"), user.edit(message, "!classify efficientnet_lite0")
    )
    await asyncio.sleep(1.0)
    (reply,) = [one for one in channel.messages.values() if one.author.bot]
    last = next(one for one in channel.messages.values() if not one.author.bot)
    wanted = "efficientnet_lite0 · " if last.content.endswith("lite0") else "no model"
    assert wanted in str(reply.embeds)


async def test_a_late_edit_leaves_the_job_alone(
    user: ChatUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the minute an edit neither asks again nor takes the answer away."""
    monkeypatch.setattr("bot.conversation.active_commands.EDITABLE", datetime.timedelta(0))
    message = await user.say("!classify", PICTURE)
    await user.edit(message, "!classify nosuch")
    assert top(await user.reply(message))
    assert len(user.replies(message)) == 1


async def test_a_lost_answer_is_not_posted_twice(env: Env, user: ChatUser) -> None:
    """Discord carries the post out and its answer is lost: the second try does not double it."""
    faults = env.playground.faults
    faults.answer("POST", MESSAGES, 500, after=True, by=env.playground.world.bot)
    message = await user.say("!status")
    await user.reply(message)
    await asyncio.sleep(2.5)
    assert len(user.replies(message)) == 1


async def test_a_503_is_tried_once_more(env: Env, user: ChatUser) -> None:
    """discord.py gives up at once on 503; Bobby does not."""
    order = env.playground.faults.answer("POST", MESSAGES, 503, by=env.playground.world.bot)
    message = await user.say("!status")
    reply = await user.reply(message)
    assert order.left == 0
    assert reply["embeds"]


async def test_nothing_people_write_is_kept(env: Env, user: ChatUser) -> None:
    """`!privacy` says so: discord.py's cache of messages is off, and talks keep no words."""
    await user.say("a secret")
    await user.ask("!status")
    assert list(env.bot.cached_messages) == []
    assert all("!status" not in repr(talk) for talk in env.bot.texts._active._talks.values())
