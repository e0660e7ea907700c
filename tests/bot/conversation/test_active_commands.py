"""Which text commands are being answered: edits ask again in the same reply, deletes stop them."""

import asyncio
from datetime import timedelta

import discord
import pytest

from bot.conversation.active_commands import ActiveCommands
from bot.conversation.message_responder import MessageResponder
from bot.conversation.reply import Reply
from tests.bot.room import Room, room, running
from tests.e2e import pictures

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILE = ("a.png", pictures.plain())


class Answering:
    """An answer that is being made until it is told to go on."""

    def __init__(self, talks: ActiveCommands, message: discord.Message) -> None:
        self.message = message
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.responder: MessageResponder | None = None
        self.task = asyncio.create_task(self._run(talks))

    async def _run(self, talks: ActiveCommands) -> None:
        self.responder = talks.began(self.message)
        self.begun.set()
        try:
            await self.go_on.wait()
            await self.responder.answer(Reply("here"))
        finally:
            talks.ended(self.message.id)


async def answered(talks: ActiveCommands, message: discord.Message) -> MessageResponder:
    """Answer `message`, and return the responder when it is over."""
    one = Answering(talks, message)
    one.go_on.set()
    await one.task
    assert one.responder
    return one.responder


async def at_work(talks: ActiveCommands, message: discord.Message) -> Answering:
    """Begin to answer `message`."""
    one = Answering(talks, message)
    await one.begun.wait()
    return one


async def edit(room: Room, message: discord.Message, content: str) -> discord.Message:
    """Have the user edit a message; return it as it is then."""
    posted = {"id": message.id, "channel_id": message.channel.id}
    return await room.sees(await room.user.edit(posted, content))


async def test_another_wording_is_answered_in_the_same_reply(room: Room) -> None:
    """The reply is edited, not doubled."""
    talks = ActiveCommands()
    message = await room.hears("!x")
    first = await answered(talks, message)
    edited = await edit(room, message, "!y")
    assert await talks.edited(edited)
    second = await answered(talks, edited)
    assert first.reply
    assert second.reply
    assert second.reply.id == first.reply.id
    assert len(room.user.in_channel(room.channel.id)) == 1


async def test_a_preview_asks_nothing_new(room: Room) -> None:
    """Discord reports it as an edit, of messages that were answered and of others."""
    talks = ActiveCommands()
    message = await room.hears("!x")
    working = await at_work(talks, message)
    other = await room.hears("words")
    assert not await talks.edited(
        await room.sees({"id": message.id, "channel_id": room.channel.id})
    )
    assert not await talks.edited(other)
    assert await talks.edited(await edit(room, other, "!z"))
    working.go_on.set()
    await working.task


async def test_an_added_picture_asks_again(room: Room) -> None:
    """Though the words are the same."""
    talks = ActiveCommands()
    message = await room.hears("!x")
    await answered(talks, message)
    posted = {"id": message.id, "channel_id": message.channel.id}
    assert await talks.edited(await room.sees(await room.user.edit(posted, "!x", FILE)))


async def test_an_edit_stops_what_was_asked_before(room: Room) -> None:
    """It has ended by the time that the new wording is read."""
    talks = ActiveCommands()
    message = await room.hears("!x")
    working = await at_work(talks, message)
    assert await talks.edited(await edit(room, message, "!y"))
    assert working.task.cancelled()
    assert room.user.in_channel(room.channel.id) == []


async def test_of_two_edits_the_later_is_answered(room: Room) -> None:
    """The earlier one is not read any more once what they both stop has ended."""
    talks = ActiveCommands()
    message = await room.hears("!x")
    await at_work(talks, message)
    first, second = await edit(room, message, "!y"), await edit(room, message, "!z")
    read = await asyncio.gather(talks.edited(first), talks.edited(second))
    assert [*read] == [False, True]


async def test_an_edit_that_comes_too_late_changes_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is it read, nor is the current answer stopped."""
    talks = ActiveCommands()
    message = await room.hears("!x")
    working = await at_work(talks, message)
    edited = await edit(room, message, "!y")
    monkeypatch.setattr("bot.conversation.active_commands.EDITABLE", timedelta(0))
    assert not await talks.edited(edited)
    working.go_on.set()
    await working.task
    assert not await talks.edited(await edit(room, await room.hears("words"), "!x"))


async def test_a_deleted_question_is_stopped(room: Room) -> None:
    """What was said on the way to its answer is deleted with it."""
    talks = ActiveCommands()
    working = await at_work(talks, await room.hears("!x"))
    assert working.responder
    await working.responder.progress(Reply("in a moment"))
    (told,) = room.user.in_channel(room.channel.id)
    assert await talks.deleted(working.message.id)
    assert working.task.cancelled()
    assert int(told["id"]) not in room.channel.messages
    assert not await talks.deleted(working.message.id)


async def test_a_reply_that_is_gone_already_is_no_trouble(room: Room) -> None:
    """A moderator may have been quicker."""
    talks = ActiveCommands()
    working = await at_work(talks, await room.hears("!x"))
    assert working.responder
    await working.responder.progress(Reply("in a moment"))
    assert working.responder.reply
    await working.responder.reply.delete()
    assert await talks.deleted(working.message.id)


async def test_a_deleted_questions_answer_stays(room: Room) -> None:
    """There is nothing to stop any more."""
    talks = ActiveCommands()
    responder = await answered(talks, await room.hears("!x"))
    assert not await talks.deleted(responder.message.id)
    assert responder.reply
    assert responder.reply.id in room.channel.messages


async def test_only_who_answers_ends_it(room: Room) -> None:
    """An earlier task that ends late leaves the later one where it can be stopped."""
    talks = ActiveCommands()
    working = await at_work(talks, await room.hears("!x"))
    talks.ended(working.message.id)
    assert await talks.deleted(working.message.id)


async def test_what_was_answered_is_forgotten_after_a_minute(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before, and not while it is being answered."""
    talks = ActiveCommands()
    old, working = await room.hears("!x"), await at_work(talks, await room.hears("!y"))
    young = await room.hears("!z")
    await answered(talks, old)
    await answered(talks, young)
    assert (await answered(talks, old)).reply
    assert len(talks._talks) == 3
    monkeypatch.setattr("bot.conversation.active_commands.EDITABLE", timedelta(0))
    await answered(talks, await room.hears("!again"))
    assert len(talks._talks) == 2
    assert await talks.deleted(working.message.id)
