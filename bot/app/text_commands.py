"""Text commands: what begins one, in which language it is answered, and what is none of ours.

Runs them itself, one beginning in each round of the event loop: discord.py would report errors to a
task of its own, which an edit could not cancel.
"""

import asyncio
import difflib
import logging
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.conversation import allowed_channels
from bot.conversation.active_commands import ActiveCommands
from bot.conversation.message_responder import MessageResponder
from bot.conversation.permissions import know_parent
from bot.core import logs
from bot.core.i18n import LANGUAGES, speak_to, tr, translate_to
from bot.replies import common

if TYPE_CHECKING:
    from bot.app.client import Bobby

log = logging.getLogger(__name__)

SLIP_LENGTH = 7
"""A shorter command is no slip of another: `!stats` is no `!status`."""


def prefixes(bot: "Bobby", message: discord.Message) -> list[str]:
    """Return what a command to `bot` begins with; a mention of it alone is one without words."""
    mentions = commands.when_mentioned(bot, message)
    alone = [one.rstrip() for one in mentions if message.content.strip() == one.rstrip()]
    return [*mentions, *alone, bot.settings.prefix]


class BobbyContext(commands.Context["Bobby"]):
    """A text command's context, which also has the responder that answers it."""

    responder: MessageResponder


def _typed_in(context: BobbyContext) -> str | None:
    """Return the language in which the command was called.

    In a direct message Discord tells nothing else about the language of who asks.
    """
    if context.command is None or context.invoked_with is None:
        return None
    typed, name = context.invoked_with.lower(), context.command.name
    return next((one for one in LANGUAGES if translate_to(one, name) == typed), None)


class TextCommands:
    """The text commands of `bot`, those that are being answered among them."""

    def __init__(self, bot: "Bobby") -> None:
        self._bot = bot
        self._active = ActiveCommands()
        self._turn = asyncio.Lock()

    async def read(
        self,
        message: discord.Message,
        *,
        again: bool = False,
        earlier: discord.Message | None = None,
    ) -> None:
        """Answer `message`; only an edit, or what has no answer yet, is answered `again`."""
        if message.author.bot:
            return
        context = await self._bot.get_context(message, cls=BobbyContext)
        if context.prefix is None:
            return
        if context.command is None and not self._should_answer_unknown(context):
            return
        name = context.command.qualified_name if context.command else ""
        if not allowed_channels.is_open(self._bot.store.servers, message.channel, name):
            return
        self._bot.track_current_task()
        logs.question.set(message.id)
        log.debug("Command %s", name or "unknown")
        if message.guild:
            self._bot.speak_in(message.guild)
        else:
            speak_to(_typed_in(context))
        context.responder = self._active.began(message, earlier)
        context.responder.waiting = self._bot.waiting
        try:
            if again:
                await self._bot.take_again(message.id, message.channel.id)
            elif not await self._bot.take(message.id, message.channel.id):
                return
            await know_parent(message.channel)
            await self._wait_for_turn()
            await self._answer(context)
        finally:
            self._active.ended(message.id)
        await self._bot.note_answered(message.id)

    async def _answer(self, context: BobbyContext) -> None:
        """Run the command, or say why not.

        discord.py would report errors to a task of its own, which an edit could not cancel.
        """
        responder = context.responder
        if context.command is None:
            if responder.may_speak():
                await responder.answer(common.error_reply(self._unknown(context), common.GRAY))
            return
        try:
            await context.command.invoke(context)
        except commands.CommandError as error:
            await responder.answer(common.error_reply(responder.refusal(error)))

    async def _wait_for_turn(self) -> None:
        """Let one command begin in each round of the event loop.

        A crowd that asks at once would otherwise hold the loop until the last of it has begun.
        """
        async with self._turn:
            await asyncio.sleep(0)

    def _should_answer_unknown(self, context: BobbyContext) -> bool:
        """Tell an unknown command meant for Bobby from one meant for another bot."""
        mentioned = context.prefix is not None and context.prefix.startswith("<@")
        name = context.invoked_with
        return mentioned or bool(self._slash_alone(name)) or self._closest_command(name) is not None

    def _slash_alone(self, name: str | None) -> str | None:
        """Return the slash command that `name` is in some language, where it is no text command."""
        for slash in self._bot.tree.get_commands(type=discord.AppCommandType.chat_input):
            if (name or "").lower() in {translate_to(one, slash.name) for one in LANGUAGES}:
                return tr(slash.name)
        return None

    def _closest_command(self, name: str | None) -> str | None:
        """Return the command that `name` is a slip of; short names are too often other bots'."""
        names = (name for one in self._bot.commands for name in (one.name, *one.aliases))
        long = [name for name in names if len(name) >= SLIP_LENGTH]
        close = difflib.get_close_matches((name or "").lower(), long, 1, 0.85)
        return close[0] if close else None

    def _unknown(self, context: BobbyContext) -> str:
        prefix = self._bot.prefix_for(context.responder)
        if slash := self._slash_alone(context.invoked_with):
            return tr("That's a slash command: type `/{slash}`.", slash=slash)
        if nearest := self._closest_command(context.invoked_with):
            return tr(
                "Did you mean `{prefix}{nearest}`? Edit your message to try again.",
                prefix=prefix,
                nearest=nearest,
            )
        if not context.invoked_with:
            return tr(
                "Hi! Post a picture with `{prefix}classify` to get started. "
                "`{prefix}help` shows everything else.",
                prefix=prefix,
            )
        return tr("I don't know that command. See `{prefix}help` for the full list.", prefix=prefix)

    async def stop(self, message_id: int) -> None:
        """Stop what a deleted message asked for."""
        if await self._active.deleted(message_id):
            log.info("No reply to message %d: it was deleted, so its job was cancelled", message_id)

    async def read_edit(self, message: discord.Message) -> None:
        """Read an edited message again, within a minute, and stop what it asked for before."""
        if not message.author.bot and await self._active.edited(message):
            await self.read(message, again=True)
