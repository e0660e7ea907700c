"""The application commands: their languages, where they may be used, what becomes of errors."""

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.conversation import allowed_channels
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.core.error_text import explain
from bot.core.i18n import ENGLISH, LANGUAGES, translate_to
from bot.replies import common

if TYPE_CHECKING:
    from bot.app.client import Bobby  # noqa: F401  (the type of a tree's client)

PRIVATE = "private"
"""The extra of a command whose answer only the requester sees."""


class BobbyTree(app_commands.CommandTree["Bobby"]):
    """The application commands; their errors go to the one handler."""

    async def interaction_check(self, interaction: Interaction) -> bool:
        """Refuse what is asked where the server wants no answers; closing waits for the rest."""
        self.client.begin(interaction)
        command = interaction.command.qualified_name if interaction.command else ""
        if interaction.type is discord.InteractionType.autocomplete:
            return True  # there is no way to say anything while somebody types
        if allowed_channels.is_open(self.client.store.servers, interaction.channel, command):
            return await self._take(interaction)
        where = allowed_channels.channels_hint(self.client.store.servers.get(interaction.guild_id))
        await InteractionResponder(interaction, private=True).answer(Reply(where))
        return False

    async def _take(self, interaction: Interaction) -> bool:
        """Note that a command is being answered; one that nobody else is to see stays unknown."""
        command = interaction.command
        if command is None or command.extras.get(PRIVATE) or interaction.channel_id is None:
            return True
        return await self.client.take(interaction.id, interaction.channel_id, interaction.user.id)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        """Answer with the sentence for `error`: in private, unless work had begun in public."""
        responder = InteractionResponder(interaction, private=not interaction.response.is_done())
        await responder.answer(common.error_reply(explain(error, responder)))
        await self.client.note_answered(interaction.id)


def add_menu(tree: app_commands.CommandTree[Any], menu: app_commands.ContextMenu) -> None:
    """Add a menu: discord.py 2.7 counts them to five, of which Discord takes fifteen."""
    tree._context_menus[menu.name, None, menu.type.value] = menu  # noqa: SLF001


class CommandTranslator(app_commands.Translator):
    """Gives Discord the commands' names and descriptions in every language but English."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """See `discord.app_commands.Translator`."""
        if str(locale) not in LANGUAGES or str(locale) == ENGLISH:
            return None
        said = translate_to(str(locale), string.message)
        return None if said == string.message else said
