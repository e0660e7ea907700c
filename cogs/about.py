"""`help`, `status` and `privacy`: what Bobby can do, how it is, what becomes of a picture.

The menu below the help has all that it needs in its id, so it works after a restart as well.
"""

import difflib
import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.press import edit_for_owner
from bot.app.status import rows
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.contact import contact
from bot.core.errors import UnknownCommand
from bot.core.formatting import escape
from bot.core.i18n import LANGUAGES, later, tr, translate_to
from bot.library.autocomplete import OFFERED
from bot.replies import help as helping
from bot.replies.common import BLUE
from bot.replies.help import GROUPS, Guide

PRIVACY = (
    later(
        "Your pictures stay in memory only while I work on your answer. I never save "
        "them, send them to anyone else, or train on them."
    ),
    later(
        "I only read a message if it's a command, if someone replies to it with a "
        "command, or if I'm looking for the latest picture in the channel. I don't "
        "store messages. For one minute I remember which reply belongs to your "
        "command, so you can edit it. My log records that a command ran and how it "
        "ended, never your text or pictures."
    ),
    later(
        "For each server I store what was set with `/settings`. If someone teaches me "
        "a label, I store the label, who taught it, and a list of numbers computed "
        "from each picture, never the picture itself. `/forget` deletes everything you "
        "taught me. When I'm removed from a server, all of its data is deleted."
    ),
    later(
        "Other people see your message and my reply, as usual on Discord. A moderator "
        "can delete my reply."
    ),
)

EVERYTHING = later(
    "Post a picture with `{prefix}classify` and I'll tell you what's in it. You can also reply "
    "to a picture, paste a link, mention someone to use their avatar, or send up to 10 pictures "
    "at once. No picture? I'll use the latest one in this channel."
)
"""How pictures are shown to Bobby where it reads what people write."""
MENTIONS = later(
    "Use `{prefix}classify` with a picture and I'll tell you what's in it. You can also add a "
    "link, or a person to use their avatar. On this server I only read messages that mention "
    "me, so for someone else's picture, open the menu of its message."
)
"""How they are where it does not."""


CHAT = discord.AppCommandType.chat_input


class Groups(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"help:(?P<asker>\d+)"
):
    """The menu of the groups below the help that `requester` has asked for."""

    def __init__(self, requester: int, chosen: str | None = None) -> None:
        super().__init__(
            discord.ui.Select(
                custom_id=f"help:{requester}",
                placeholder=tr("What do you want to do?"),
                options=[
                    discord.SelectOption(label=tr(name), value=group, default=group == chosen)
                    for group, name in GROUPS.items()
                ],
            )
        )
        self.requester = requester

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the menu again from its id; discord.py calls it."""
        return cls(int(match["asker"]))

    async def callback(self, interaction: Interaction) -> None:
        """Show the group in the same message to its owner, to others in private."""
        cog = interaction.client.get_cog("About")
        assert isinstance(cog, AboutCog)
        (group,) = self.item.values

        async def shown() -> Reply:
            return cog.group(InteractionResponder(interaction), group)

        await edit_for_owner(interaction, self.requester, shown)


class AboutCog(BobbyCog, name="About"):
    """Says what Bobby can do, how it is, and what becomes of a picture."""

    items = (Groups,)

    @commands.command(usage="[command]", extras=Guide("about", ("", later("classify"))).extras())
    async def help(self, context: BobbyContext, *, name: str = "") -> None:
        """Show what I can do."""
        await context.responder.answer(self._help(context.responder, name))

    @app_commands.command(name="help")
    @app_commands.describe(command="The command to explain (leave empty for all)")
    async def help_slash(self, interaction: Interaction, command: str = "") -> None:
        """Show what I can do."""
        responder = InteractionResponder(interaction)
        await responder.answer(self._help(responder, command))

    @help_slash.autocomplete("command")
    async def complete_command(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the commands whose name contains what was typed."""
        names = [tr(command.name) for command in self.bot.commands]
        found = sorted(name for name in names if typed.lower() in name)
        return [app_commands.Choice(name=name, value=name) for name in found[:OFFERED]]

    @commands.command(extras=Guide("about").extras())
    async def status(self, context: BobbyContext) -> None:
        """Show my status: models, queue and speed."""
        await context.responder.answer(self._status())

    @app_commands.command(name="status")
    async def status_slash(self, interaction: Interaction) -> None:
        """Show my status: models, queue and speed."""
        await InteractionResponder(interaction).answer(self._status())

    @commands.command(extras=Guide("about").extras())
    async def privacy(self, context: BobbyContext) -> None:
        """Show what I do with your pictures and data."""
        await context.responder.answer(_privacy())

    @app_commands.command(name="privacy")
    async def privacy_slash(self, interaction: Interaction) -> None:
        """Show what I do with your pictures and data."""
        await InteractionResponder(interaction).answer(_privacy())

    def _help(self, responder: Responder, name: str) -> Reply:
        prefix, requester = self.bot.prefix_for(responder), responder.requester.user_id
        if name := name.strip().removeprefix(prefix).removeprefix("/").lower():
            return self._explained(name, prefix)
        how = EVERYTHING if self.bot.reads_all(responder) else MENTIONS
        view = discord.ui.View(timeout=None).add_item(Groups(requester))
        return helping.overview(self._known(), prefix, how, contact(), view)

    def group(self, responder: Responder, group: str) -> Reply:
        """Return the commands of `group`, with the menu that leads to the others."""
        menu = Groups(responder.requester.user_id, group)
        view = discord.ui.View(timeout=None).add_item(menu)
        return helping.group_shown(self._known(), group, self.bot.prefix_for(responder), view)

    def _known(self) -> list[helping.Command]:
        return [one for cog in self.bot.cogs.values() for one in cog.get_commands()]

    def _explained(self, name: str, prefix: str) -> Reply:
        """Return what there is to say of the command called `name` in any language.

        Raises:
            UnknownCommand: There is none; the sentence has the nearest.
        """
        offered = self.bot.tree.get_commands(type=CHAT)
        slashes = {
            one.name: one for one in offered if not isinstance(one, app_commands.ContextMenu)
        }
        if command := self.bot.get_command(name):
            slash = slashes.get(command.name)
            return helping.explained(command, slash, prefix, self.bot.settings)
        for slash in slashes.values():
            if name in {translate_to(language, slash.name) for language in LANGUAGES}:
                return helping.slash_explained(slash)
        close = [f"`{one}`" for one in difflib.get_close_matches(name, self.bot.all_commands, 1)]
        hint = tr("Did you mean {close}?", close=close[0]) if close else ""
        wrong = escape(name[:50])
        raise UnknownCommand(
            tr("I have no command called “{wrong}”. {hint}", wrong=wrong, hint=hint).rstrip()
        )

    def _status(self) -> Reply:
        embed = discord.Embed(title=tr("Status"), color=BLUE)
        for name, value in rows(self.bot).items():
            embed.add_field(name=tr(name), value=value)
        return Reply(embeds=(embed,))


def _privacy() -> Reply:
    embed = discord.Embed(
        title=tr("Your privacy"),
        description="\n\n".join(map(tr, PRIVACY)),
        color=BLUE,
    )
    return Reply(embeds=(embed,))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(AboutCog(bot))
