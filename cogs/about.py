"""`help`, `status` and `privacy`: what Bobby can do, how he is, what becomes of a picture."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.app.status import rows
from bot.conversation.interaction_responder import Interaction, InteractionExchange
from bot.conversation.reply import Reply
from bot.core.i18n import later, tr
from bot.replies.common import BLUE

PRIVACY = (
    later(
        "Your pictures live in my memory only, and only for as long as the answer takes. I write"
        " none of them to a disk, send none of them to anybody else, and train on none of them."
    ),
    later(
        "I read a message when it is a command, when you reply to it with one, or when you ask for"
        " the newest picture and I look for it. I keep no messages. For a minute after your command"
        " I remember that it was one and which reply I gave, so that you can edit it. The log says"
        " that something was asked and how it ended, without your words or your picture."
    ),
    later(
        "Of a server I keep on disk what its managers set with `/settings`. When somebody teaches"
        " me a label, I keep the label, who taught it, and a row of numbers that my network made of"
        " each picture, never the picture. `/forget` deletes what you taught; when I leave a"
        " server, all of its is deleted."
    ),
    later(
        "What others can see is what Discord shows: your message and my reply. Delete mine like any"
        " other."
    ),
)


class AboutCog(commands.Cog, name="About"):
    """Says what Bobby can do, how he is, and what becomes of a picture."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot

    @commands.command()
    async def help(self, context: BobbyContext) -> None:
        """Say what I can do."""
        await context.exchange.answer(self._help())

    @app_commands.command(name="help")
    async def help_slash(self, interaction: Interaction) -> None:
        """Say what I can do."""
        await InteractionExchange(interaction).answer(self._help())

    @commands.command()
    async def status(self, context: BobbyContext) -> None:
        """Say how I am: models, queue, device, event loop."""
        await context.exchange.answer(self._status())

    @app_commands.command(name="status")
    async def status_slash(self, interaction: Interaction) -> None:
        """Say how I am: models, queue, device, event loop."""
        await InteractionExchange(interaction).answer(self._status())

    @commands.command()
    async def privacy(self, context: BobbyContext) -> None:
        """Say what becomes of your pictures."""
        await context.exchange.answer(_privacy())

    @app_commands.command(name="privacy")
    async def privacy_slash(self, interaction: Interaction) -> None:
        """Say what becomes of your pictures."""
        await InteractionExchange(interaction).answer(_privacy())

    def _help(self) -> Reply:
        prefix = self.bot.settings.prefix
        lines = [
            f"`{prefix}{tr(command.name)}{f' {tr(command.usage)}' if command.usage else ''}`"
            f" {tr(command.short_doc)}"
            for command in sorted(self.bot.commands, key=lambda command: command.name)
        ]
        embed = discord.Embed(
            title=tr("I look at pictures"),
            description=(
                tr(
                    "Post a picture with `{prefix}classify`, and I name what it most likely "
                    "shows. I also take replies, links, mentions (for an avatar), several "
                    "pictures at once, and, if you give me none, the newest one here.",
                    prefix=prefix,
                )
                + "\n\n"
                + "\n".join(lines)
            ),
            colour=BLUE,
        )
        embed.add_field(
            name=tr("Other ways"),
            value=(
                tr(
                    "Type `/` and pick a command, or open a message's menu and choose "
                    "**Apps**. Forgot the picture? Edit your message within a minute."
                )
            ),
            inline=False,
        )
        return Reply(embeds=(embed,))

    def _status(self) -> Reply:
        embed = discord.Embed(title=tr("How I am"), colour=BLUE)
        for name, value in rows(self.bot).items():
            embed.add_field(name=tr(name), value=value)
        return Reply(embeds=(embed,))


def _privacy() -> Reply:
    embed = discord.Embed(
        title=tr("What becomes of your pictures"),
        description="\n\n".join(map(tr, PRIVACY)),
        colour=BLUE,
    )
    return Reply(embeds=(embed,))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(AboutCog(bot))
