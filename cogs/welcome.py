"""What Bobby says when a server adds it: once, in the channel that is for such news."""

import logging
import re
from typing import Any, Self

import discord
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.conversation.responder import NETWORK
from bot.core.contact import contact
from bot.core.i18n import tr
from bot.replies.common import BLUE, error_reply

log = logging.getLogger(__name__)


class Dismiss(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"dismiss:welcome"
):
    """The button with which the server's managers delete the message."""

    def __init__(self) -> None:
        super().__init__(
            discord.ui.Button(label=tr("Delete this message"), custom_id="dismiss:welcome")
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], _match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls()

    async def callback(self, interaction: Interaction) -> None:
        """Delete the message, or say in private who can."""
        interaction.client.speak_to(interaction)
        responder = InteractionResponder(interaction, private=True)
        if not responder.manages_server:
            refusal = tr("You need the **Manage Server** permission to do that.")
            await responder.answer(error_reply(refusal))
            return
        with responder.refusals_logged():
            await interaction.response.defer()
            await interaction.delete_original_response()


class WelcomeCog(BobbyCog, name="Welcome"):
    """Greets the servers that Bobby joins."""

    items = (Dismiss,)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Say what to try, what Bobby needs and what becomes of pictures, where it may speak."""
        channel = guild.system_channel
        if channel is None:
            return
        allowed = channel.permissions_for(guild.me)
        if not (allowed.view_channel and allowed.send_messages):
            return
        self.bot.speak_in(guild)
        reply = self._welcome(guild)
        if not allowed.embed_links:
            reply = reply.as_text()
        assert reply.view is not None
        try:
            await channel.send(reply.text, embeds=reply.embeds, view=reply.view)
        except (discord.HTTPException, *NETWORK) as error:
            log.warning("No welcome in server %d: %s", guild.id, error)

    def _welcome(self, guild: discord.Guild) -> Reply:
        prefix = self.bot.server_prefix
        embed = discord.Embed(
            title=tr("Hi, I'm {name}. I look at pictures.", name=guild.me.display_name),
            color=BLUE,
        )
        fields = {
            tr("Try it"): tr(
                "Post a picture with `{prefix}classify`, or use `{prefix}try` for one of mine. "
                "`{prefix}help` shows everything else.",
                prefix=prefix,
            ),
            tr("What I need"): tr(
                "**Send Messages**, **Embed Links**, **Attach Files** and **Read Message History** "
                "in each channel where I should answer. `/settings channels` limits me to some."
            ),
            tr("Your pictures"): tr(
                "They stay in memory only while I work on an answer. `{prefix}privacy` has the "
                "details.",
                prefix=prefix,
            ),
            tr("Questions?"): contact(),
        }
        for name, value in fields.items():
            embed.add_field(name=name, value=value, inline=False)
        return Reply(embeds=(embed,), view=discord.ui.View(timeout=None).add_item(Dismiss()))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(WelcomeCog(bot))
