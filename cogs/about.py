"""`help`, `status` and `privacy`: what Bobby can do, how it is, what becomes of a picture."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.status import rows
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.i18n import later, tr
from bot.replies.common import BLUE

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


class AboutCog(BobbyCog, name="About"):
    """Says what Bobby can do, how it is, and what becomes of a picture."""

    @commands.command()
    async def help(self, context: BobbyContext) -> None:
        """Show what I can do."""
        await context.responder.answer(self._help(context.responder))

    @app_commands.command(name="help")
    async def help_slash(self, interaction: Interaction) -> None:
        """Show what I can do."""
        responder = InteractionResponder(interaction)
        await responder.answer(self._help(responder))

    @commands.command()
    async def status(self, context: BobbyContext) -> None:
        """Show my status: models, queue and speed."""
        await context.responder.answer(self._status())

    @app_commands.command(name="status")
    async def status_slash(self, interaction: Interaction) -> None:
        """Show my status: models, queue and speed."""
        await InteractionResponder(interaction).answer(self._status())

    @commands.command()
    async def privacy(self, context: BobbyContext) -> None:
        """Show what I do with your pictures and data."""
        await context.responder.answer(_privacy())

    @app_commands.command(name="privacy")
    async def privacy_slash(self, interaction: Interaction) -> None:
        """Show what I do with your pictures and data."""
        await InteractionResponder(interaction).answer(_privacy())

    def _help(self, responder: Responder) -> Reply:
        prefix = self.bot.prefix_for(responder)
        lines = [
            f"`{prefix}{tr(command.name)}{f' {tr(command.usage)}' if command.usage else ''}`"
            f" {tr(command.short_doc)}"
            for command in sorted(self.bot.commands, key=lambda command: command.name)
        ]
        embed = discord.Embed(
            title=tr("What I can do"),
            description=(
                tr(EVERYTHING if self.bot.reads_all(responder) else MENTIONS, prefix=prefix)
                + "\n\n"
                + "\n".join(lines)
            ),
            colour=BLUE,
        )
        embed.add_field(
            name=tr("Other ways"),
            value=(
                tr(
                    "Type `/` to browse my commands, or right-click a message "
                    "(long-press on mobile) and choose **Apps**. Forgot the picture? "
                    "Edit your message within a minute."
                )
            ),
            inline=False,
        )
        return Reply(embeds=(embed,))

    def _status(self) -> Reply:
        embed = discord.Embed(title=tr("Status"), colour=BLUE)
        for name, value in rows(self.bot).items():
            embed.add_field(name=tr(name), value=value)
        return Reply(embeds=(embed,))


def _privacy() -> Reply:
    embed = discord.Embed(
        title=tr("Your privacy"),
        description="\n\n".join(map(tr, PRIVACY)),
        colour=BLUE,
    )
    return Reply(embeds=(embed,))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(AboutCog(bot))
