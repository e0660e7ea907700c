"""Messages that change while their answer is on its way: one reply, and the right one."""

import asyncio
import datetime

import pytest

from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, said, top
from tests.playground.clients import eventually

PICTURE = ("a.png", pictures.plain())
MESSAGES = "/channels/{channel_id}/messages"


async def test_an_edit_while_the_error_is_being_posted(house: House, guest: Guest) -> None:
    """The complaint about the missing picture becomes the answer; there is no second reply."""
    order = house.playground.faults.rate_limit(
        "POST", MESSAGES, retry_after=0.7, by=house.playground.world.bot
    )
    message = await guest.say("!classify")
    await eventually(lambda: order.left == 0)
    await guest.edit(message, "!classify", PICTURE)
    answer = await guest.heard(
        lambda one: one["event"] == "MESSAGE_UPDATE" and "efficientnet" in said(one)
    )
    assert top(answer)
    await asyncio.sleep(0.3)
    assert len(guest.in_channel(int(message["channel_id"]))) == 1


async def test_a_delete_while_the_error_is_being_posted(
    house: House, guest: Guest, channel: Channel
) -> None:
    """What was just being posted is taken back."""
    order = house.playground.faults.rate_limit(
        "POST", MESSAGES, retry_after=0.7, by=house.playground.world.bot
    )
    message = await guest.say("!classify")
    await eventually(lambda: order.left == 0)
    await guest.delete(message)
    await asyncio.sleep(1.5)
    assert [one for one in channel.messages.values() if one.author.bot] == []


async def test_two_quick_edits_are_one_answer(guest: Guest, channel: Channel) -> None:
    """The last wording counts."""
    message = await guest.say("!clasify", PICTURE)
    await asyncio.gather(
        guest.edit(message, "!classify nosuch"), guest.edit(message, "!classify efficientnet_lite0")
    )
    await asyncio.sleep(1.0)
    (reply,) = [one for one in channel.messages.values() if one.author.bot]
    last = next(one for one in channel.messages.values() if not one.author.bot)
    wanted = "efficientnet_lite0 · " if last.content.endswith("lite0") else "no model"
    assert wanted in str(reply.embeds)


async def test_a_late_edit_leaves_the_job_alone(
    guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the minute an edit neither asks again nor takes the answer away."""
    monkeypatch.setattr("bot.conversation.active_commands.EDITABLE", datetime.timedelta(0))
    message = await guest.say("!classify", PICTURE)
    await guest.edit(message, "!classify nosuch")
    assert top(await guest.reply(message))
    assert len(guest.replies(message)) == 1


async def test_a_lost_answer_is_not_posted_twice(house: House, guest: Guest) -> None:
    """Discord carries the post out and its answer is lost: the second try does not double it."""
    faults = house.playground.faults
    faults.answer("POST", MESSAGES, 500, after=True, by=house.playground.world.bot)
    message = await guest.say("!status")
    await guest.reply(message)
    await asyncio.sleep(2.5)
    assert len(guest.replies(message)) == 1


async def test_a_503_is_tried_once_more(house: House, guest: Guest) -> None:
    """discord.py gives up at once on 503; Bobby does not."""
    order = house.playground.faults.answer("POST", MESSAGES, 503, by=house.playground.world.bot)
    message = await guest.say("!status")
    reply = await guest.reply(message)
    assert order.left == 0
    assert reply["embeds"]


async def test_nothing_people_write_is_kept(house: House, guest: Guest) -> None:
    """`!privacy` says so: discord.py's cache of messages is off, and talks keep no words."""
    await guest.say("a secret")
    await guest.ask("!status")
    assert list(house.bot.cached_messages) == []
    assert all("!status" not in repr(talk) for talk in house.bot.texts._active._talks.values())
