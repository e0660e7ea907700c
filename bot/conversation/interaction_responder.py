"""A slash command, an entry of a menu or a button, and its reply, in public or in private."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import discord

from bot.conversation.permissions import lacking
from bot.conversation.reply import UPLOAD_AIM, Reply
from bot.conversation.responder import Responder
from bot.core.errors import TooLate
from bot.core.i18n import later
from bot.executor.queue import Requester

_TOKEN_GONE = {10015, 50027}  # the interaction's 15 minutes are over
_TOO_LATE = {10062, 40060}  # its first three seconds are over, or another process has answered

Interaction: TypeAlias = discord.Interaction[Any]


class InteractionResponder(Responder):
    """A slash command, an entry of the message menu, or a button.

    A `private` one is answered so that only the requester sees it.
    """

    def __init__(self, interaction: Interaction, *, private: bool = False) -> None:
        self.interaction = interaction
        self.private = private
        self.waiting = getattr(interaction.client, "waiting", None)
        self._nonce = secrets.token_hex(8)
        self.requester = Requester(interaction.user.id, interaction.guild_id, interaction.id)

    def __str__(self) -> str:
        return f"interaction {self.interaction.id} in channel {self.interaction.channel_id}"

    @contextlib.asynccontextmanager
    async def thinking(self) -> AsyncIterator[None]:
        """Defer: Discord shows Bobby thinking until the answer comes.

        Raises:
            TooLate: Discord takes no answer any more.
        """
        try:
            await self.interaction.response.defer(thinking=True, ephemeral=self.private)
        except discord.HTTPException as error:
            if error.code not in _TOO_LATE:
                raise
            raise TooLate(
                later("This took too long and Discord closed the command. Please run it again.")
            ) from None
        async with self._waiting_shown():
            yield

    def missing_permissions(self) -> list[str]:
        """See `Responder`. Discord tells with every interaction what Bobby may do there."""
        return lacking(self.interaction.app_permissions, ["embed_links", "attach_files"])

    @property
    def upload_limit(self) -> int:
        """See `Responder`. Discord tells it with every interaction."""
        return min(self.interaction.filesize_limit, UPLOAD_AIM)

    @property
    def manages_server(self) -> bool:
        """See `Responder`. A server where somebody merely brought Bobby along does not count."""
        return self.interaction.is_guild_integration() and self.interaction.permissions.manage_guild

    async def _send(self, reply: Reply) -> None:
        if not self.interaction.response.is_done():
            await self.interaction.response.send_message(
                reply.text,
                embeds=reply.embeds,
                files=[upload.to_file() for upload in reply.uploads],
                view=reply.view or discord.utils.MISSING,
                ephemeral=self.private,
            )
            return
        try:
            await self.interaction.edit_original_response(**reply.edited())
        except discord.HTTPException as error:
            channel = self.interaction.channel
            if error.code not in _TOKEN_GONE or not isinstance(channel, discord.abc.Messageable):
                raise
            if self.private:  # what one person asked in private is for nobody else to read
                raise
            await self._post(channel, reply)

    async def _post(self, channel: discord.abc.Messageable, reply: Reply) -> None:
        """Say in the channel what the interaction takes no more after its fifteen minutes."""
        await channel.send(
            "\n".join(filter(None, [self.interaction.user.mention, reply.text])),
            embeds=reply.embeds,
            files=[upload.to_file() for upload in reply.uploads],
            view=reply.view or discord.utils.MISSING,
            nonce=self._nonce,
        )
