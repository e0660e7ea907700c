"""Which text commands are being answered, and which were answered just now.

It lets a deleted message cancel its job and an edited one be asked again, its reply edited rather
than doubled. Owns the memory of it: bounded, and gone a minute after the message was written.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

import discord

EDITABLE = timedelta(minutes=1)
"""How long after it was written an edited message is read again."""
REMEMBERED = 1000


@dataclass(slots=True)
class _Talk:
    asked: tuple[object, ...]
    task: asyncio.Task[object] | None = None
    reply: discord.Message | None = None


class Conversations:
    """The recent text commands, by the id of the message that asked."""

    def __init__(self) -> None:
        self._talks: OrderedDict[int, _Talk] = OrderedDict()

    def began(self, message: discord.Message) -> discord.Message | None:
        """Note that the current task answers `message`; return the reply it got before, if any."""
        talk = self._talks.setdefault(message.id, _Talk(_asked(message)))
        talk.asked = _asked(message)
        talk.task = asyncio.current_task()
        while len(self._talks) > REMEMBERED:
            self._talks.popitem(last=False)
        return talk.reply

    def ended(self, message_id: int, reply: discord.Message | None) -> None:
        """Note that the command in message `message_id` is over and got `reply`."""
        if talk := self._talks.get(message_id):
            if talk.task is asyncio.current_task():
                talk.task = None
            talk.reply = reply or talk.reply

    def deleted(self, message_id: int) -> bool:
        """Cancel what message `message_id` asked for; return whether there was anything."""
        talk = self._talks.pop(message_id, None)
        return talk is not None and _cancel(talk)

    def edited(self, message: discord.Message) -> bool:
        """Cancel what `message` asked for before its edit; return whether to read it again.

        Discord also reports an edit when it adds the preview of a link: that asks nothing new.
        """
        talk = self._talks.get(message.id)
        if talk is None:
            return message.edited_at is not None and _is_fresh(message)
        if talk.asked == _asked(message):
            return False
        talk.asked = _asked(message)
        _cancel(talk)
        return _is_fresh(message)


def _asked(message: discord.Message) -> tuple[object, ...]:
    return (message.content, *(attachment.id for attachment in message.attachments))


def _is_fresh(message: discord.Message) -> bool:
    return discord.utils.utcnow() - message.created_at < EDITABLE


def _cancel(talk: _Talk) -> bool:
    if talk.task is None or talk.task.done():
        return False
    talk.task.cancel()
    talk.task = None
    return True
