"""A text command and its reply: typed, quoted, edited, or told in private where it must be."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import discord

from bot.conversation.permissions import SPEAK, lacking
from bot.conversation.progress import has_cancel, is_cancelling
from bot.conversation.reply import UPLOAD_AIM, Reply
from bot.conversation.responder import NETWORK, Responder
from bot.core.errors import UnknownModel
from bot.core.i18n import tr
from bot.executor.queue import Requester
from bot.storage.database import Change

TYPING_AFTER = 0.25
"""Seconds of work before people see Bobby typing; a faster answer needs no announcement, and a
typing sign that overtakes its answer would stand there for ten seconds."""
TYPING_EVERY = 8.0
"""Seconds between typing signs; Discord shows each for ten."""
_CANNOT_QUOTE = {160002}  # replying needs Read Message History


class MessageResponder(Responder):
    """A text command. `earlier` is the reply it got before the person edited it, if any."""

    def __init__(self, message: discord.Message, earlier: discord.Message | None = None) -> None:
        self.message = message
        self.reply = earlier
        self._nonce = _nonce(self.change)
        self._posting: asyncio.Task[None] | None = None
        server = message.guild.id if message.guild else None
        self.requester = Requester(message.author.id, server, message.id)

    def __str__(self) -> str:
        return f"message {self.message.id} in channel {self.message.channel.id}"

    @property
    def change(self) -> Change:
        """See `Responder`."""
        edited = self.message.edited_at
        return Change(self.message.id, int(edited.timestamp() * 1000) if edited else 0)

    @property
    def bucket(self) -> int:
        """See `Responder`."""
        return self.message.channel.id

    @contextlib.asynccontextmanager
    async def thinking(self) -> AsyncIterator[None]:
        """Show Bobby typing if the work takes longer than a glance."""
        task = asyncio.create_task(self._type())
        try:
            async with self._waiting_shown():
                yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _type(self) -> None:
        await asyncio.sleep(TYPING_AFTER)
        with contextlib.suppress(discord.HTTPException, *NETWORK):
            while True:
                await self.message.channel.typing()
                await asyncio.sleep(TYPING_EVERY)

    def refusal(self, error: BaseException) -> str:
        """See `Responder`. A name with a slip needs no second upload."""
        said = super().refusal(error)
        if isinstance(getattr(error, "original", error), UnknownModel):
            said += " " + tr("Edit your message to fix it.")
        return said

    def missing_permissions(self) -> list[str]:
        """See `Responder`. In a direct message nothing can be missing."""
        if self.message.guild is None:
            return []
        channel = self.message.channel
        speak = "send_messages"
        if isinstance(channel, discord.Thread):
            speak = "send_messages_in_threads"
            if channel.parent is None:
                return []  # nobody can tell but Discord, which refuses what it must
        have = channel.permissions_for(self.message.guild.me)
        return lacking(have, [speak, "embed_links", "attach_files"])

    @property
    def upload_limit(self) -> int:
        """See `Responder`."""
        guild = self.message.guild
        limit = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        return min(limit, UPLOAD_AIM)

    @property
    def manages_server(self) -> bool:
        """See `Responder`. A direct message belongs to no server."""
        author = self.message.author
        return isinstance(author, discord.Member) and author.guild_permissions.manage_guild

    def may_speak(self) -> bool:
        """Tell whether Bobby may post where the command stands."""
        return not SPEAK.intersection(self.missing_permissions())

    async def settle(self) -> None:
        """Wait until a reply that is being posted stands there: `reply` is true from then on."""
        if self._posting:
            await asyncio.wait({self._posting})

    async def _send(self, reply: Reply) -> None:
        # Posting goes on when the command is cancelled: whether it got there must be known.
        self._posting = asyncio.create_task(self._send_now(reply))
        await asyncio.shield(self._posting)

    async def _send_now(self, reply: Reply) -> None:
        if self.reply:
            try:
                self.reply = await self.reply.edit(**reply.edited())
            except discord.NotFound:
                self._nonce = secrets.token_hex(8)  # what stood under the other was deleted
            else:
                return
        if not self.may_speak():
            await self._tell_in_private(reply)
            return
        reference = self.message.to_reference(fail_if_not_exists=False)
        try:
            await self._post(reply, reference)
        except discord.HTTPException as error:
            if error.code not in _CANNOT_QUOTE:
                raise
            await self._post(reply, None)

    async def _tell_in_private(self, reply: Reply) -> None:
        """Say in a direct message what can't be said where it was asked."""
        where = "-# " + tr("You asked in {place}", place=self.message.jump_url)
        text = "\n".join(filter(None, [reply.text, where]))
        files = [upload.to_file() for upload in reply.uploads]
        await self.message.author.send(text, embeds=reply.embeds, files=files, nonce=self._nonce)

    async def _post(self, reply: Reply, reference: discord.MessageReference | None) -> None:
        self.reply = await self.message.channel.send(
            reply.text,
            embeds=reply.embeds,
            files=[upload.to_file() for upload in reply.uploads],
            view=reply.view or discord.utils.MISSING,
            nonce=self._nonce,
            reference=reference,  # type: ignore[arg-type]  # None is what the overload defaults to
            mention_author=False,
        )
        if has_cancel(self.reply) and not is_cancelling(reply.view):
            # An earlier process has posted under this nonce that the answer is on its way.
            self.reply = await self.reply.edit(**reply.edited())


def _nonce(change: Change) -> str:
    """Return under what a reply is posted: Discord takes only one, of whichever process it is."""
    return f"{change.question}-{change.wording % 16**5:05x}"
