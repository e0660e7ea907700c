"""What a restart leaves open is answered, once, by editing what said how long it takes.

Notes while Bobby runs up to when it has heard what was asked. After a start it takes up what the
process before had begun; what no process has begun is `backfill`'s.
"""

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import discord

from bot.app.backfill import LONGEST
from bot.conversation.message_responder import MessageResponder
from bot.conversation.progress import has_cancel
from bot.core.errors import StoreFailed
from bot.core.i18n import tr
from bot.replies.common import GRAY, error_reply
from bot.storage.open_questions import Open

if TYPE_CHECKING:
    from bot.app.client import Bobby

log = logging.getLogger(__name__)

NOTED_SECONDS = 20.0
"""Between two notes that Bobby is alive."""
ON_ITS_WAY = timedelta(minutes=1)
"""A connection that is gone without a word is noticed after so long: what came then, didn't."""
MOST = 100
"""Messages behind a question among which its reply is looked for."""


class Recovery:
    """Takes up what an earlier process of `bot` has left."""

    def __init__(self, bot: "Bobby") -> None:
        self._bot = bot
        self._left: list[Open] = []

    async def load(self) -> None:
        """Read what was left, before anything new is asked."""
        questions = self._bot.store.questions
        try:
            self._left = await questions.left_open()
            heard = await questions.last_alive()
        except StoreFailed:
            return  # it is in the log
        if heard is not None:
            self._bot.missed.go_on_from(heard)

    async def note_life(self) -> None:
        """Note for ever that Bobby hears what is asked, whenever it does."""
        while True:
            await asyncio.sleep(NOTED_SECONDS)
            if self._bot.connected:
                await self.note()

    async def note(self) -> None:
        """Note up to when Bobby has heard what was asked, a moment ago."""
        now = self._bot.clock.now()
        heard, oldest = (discord.utils.time_snowflake(now - ago) for ago in (ON_ITS_WAY, LONGEST))
        try:
            await self._bot.store.questions.alive(heard, oldest)
        except StoreFailed:
            return  # it is in the log

    async def take_up(self) -> None:
        """Answer what was left; the second time there is nothing."""
        left, self._left = self._left, []
        await asyncio.gather(*map(self._take_up, left))

    async def _take_up(self, one: Open) -> None:
        try:
            known = self._bot.get_channel(one.channel)
            channel = known or await self._bot.fetch_channel(one.channel)
            if isinstance(channel, discord.abc.GuildChannel | discord.Thread):
                self._bot.speak_in(channel.guild)
            if not isinstance(channel, discord.abc.Messageable):
                log.warning("Question %d was left open where nobody can write", one.number)
            elif one.requester is None:
                await self._answer(channel, one.number)
            else:
                await _tell(channel, one.requester)
        except discord.HTTPException as error:
            log.warning("Question %d was left open and can't be answered: %s", one.number, error)
        except Exception:
            log.exception("Question %d was left open and can't be answered", one.number)
        # Not where it is cancelled: the next process will take it up.
        await self._bot.note_answered(one.number)

    async def _answer(self, channel: discord.abc.Messageable, number: int) -> None:
        message = await channel.fetch_message(number)
        earlier = await self._reply(channel, message)
        if earlier and not has_cancel(earlier):
            return  # the answer stands there; to note it was no time
        log.info("Message %d was left open by an earlier process", number)
        if self._bot.clock.now() - message.created_at > LONGEST:
            await MessageResponder(message, earlier).answer(error_reply(_restarted(), GRAY))
        else:
            await self._bot.answer_again(message, earlier)

    async def _reply(
        self, channel: discord.abc.Messageable, message: discord.Message
    ) -> discord.Message | None:
        """Return what an earlier process has posted below `message`."""
        behind = channel.history(limit=MOST, after=message, oldest_first=True)
        async for candidate in behind:
            quoted = candidate.reference.message_id if candidate.reference else None
            if candidate.author == self._bot.user and quoted == message.id:
                return candidate
        return None


async def _tell(channel: discord.abc.Messageable, requester: int) -> None:
    """Tell who called a slash command: only the process that heard of it could have answered."""
    only = discord.AllowedMentions(users=[discord.Object(requester)])
    await channel.send(f"<@{requester}> {_restarted()}", allowed_mentions=only)


def _restarted() -> str:
    return tr("I was restarted before I could answer. Please ask again.")
