"""Which text commands are being answered, and which were answered just now.

It lets a deleted message cancel its job and an edited one be asked again, its reply edited rather
than doubled. Owns the memory of it, which is bounded: a minute after a message was written, or
when its answer stands, whichever is later, it is forgotten. It keeps no words.
"""

import asyncio
import contextlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import discord

from bot.conversation.message_responder import MessageResponder

EDITABLE = timedelta(minutes=1)
"""How long after it was written an edited message is read again."""


@dataclass(slots=True)
class _ActiveCommand:
    """`asked` tells one wording from another; `task` is set while `responder` is being answered."""

    asked: int
    responder: MessageResponder
    task: asyncio.Task[object] | None = None

    async def stop(self) -> bool:
        """Cancel the answering, wait until it has ended, and return whether there was any."""
        task = self.task
        if task is None or task.done():
            return False
        task.cancel()
        await asyncio.wait({task})
        await self.responder.settle()
        return True


class ActiveCommands:
    """The recent text commands, by the id of the message that asked."""

    def __init__(self) -> None:
        self._talks: OrderedDict[int, _ActiveCommand] = OrderedDict()

    def began(
        self, message: discord.Message, earlier: discord.Message | None = None
    ) -> MessageResponder:
        """Note that the current task answers `message`; return the responder to answer it with.

        If the message was answered before, or has an `earlier` reply that says how long it takes,
        that will be edited.
        """
        self._forget(message.created_at - EDITABLE)
        before = self._talks.pop(message.id, None)
        reply = before.responder.reply if before else earlier
        responder = MessageResponder(message, reply)
        self._talks[message.id] = _ActiveCommand(_asked(message), responder, asyncio.current_task())
        return responder

    def ended(self, message_id: int) -> None:
        """Note that the current task is done with message `message_id`."""
        talk = self._talks.get(message_id)
        if talk and talk.task is asyncio.current_task():
            talk.task = None

    async def deleted(self, message_id: int) -> bool:
        """Cancel what message `message_id` asked for; return whether it was being answered.

        A reply that was just being posted is deleted as well.
        """
        talk = self._talks.pop(message_id, None)
        if talk is None or not await talk.stop():
            return False
        if talk.responder.reply:
            with contextlib.suppress(discord.HTTPException):
                await talk.responder.reply.delete()
        return True

    async def edited(self, message: discord.Message) -> bool:
        """Cancel what `message` asked for before its edit; return whether to read it again.

        Discord also reports an edit when it adds the preview of a link: that asks nothing new. An
        edit that comes too late changes nothing.
        """
        if message.edited_at and message.edited_at - message.created_at > EDITABLE:
            return False
        talk = self._talks.get(message.id)
        if talk is None:
            return message.edited_at is not None
        asked = _asked(message)
        if talk.asked == asked:
            return False
        talk.asked = asked
        await talk.stop()
        return talk.asked == asked  # otherwise a later edit takes its turn

    def _forget(self, oldest: datetime) -> None:
        for message_id, talk in list(self._talks.items()):
            if talk.responder.message.created_at > oldest:
                break
            if talk.task is None:
                del self._talks[message_id]


def _asked(message: discord.Message) -> int:
    return hash((message.content, *(attachment.id for attachment in message.attachments)))
