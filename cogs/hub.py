"""`!hub` and `/hub`: the strangers' models that the operator has listed, and their help texts."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.formatting import escape
from bot.core.i18n import tr
from bot.library.autocomplete import OFFERED
from bot.replies.common import BLUE, GRAY, error_reply
from bot.replies.help import Guide

HELP_LENGTH = 3500
"""Characters of a help text that are shown."""
EMBED_LENGTH = 4096
"""Characters that an embed takes: where there is much to escape, fewer of the text's own."""


class HubCog(BobbyCog, name="Hub"):
    """Shows the models from Torch Hub that people may ask for with `classify`."""

    @commands.command(usage="[name]", extras=Guide("compare").extras())
    async def hub(self, context: BobbyContext, name: str | None = None) -> None:
        """List the Torch Hub models, or describe one."""
        await self._answer(context.responder, name)

    @app_commands.command(name="hub")
    @app_commands.describe(name="Model to describe (leave empty to list all)")
    async def hub_slash(self, interaction: Interaction, name: str | None = None) -> None:
        """List the Torch Hub models, or describe one."""
        await self._answer(InteractionResponder(interaction), name)

    @hub_slash.autocomplete("name")
    async def complete_name(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the listed models whose name contains what was typed."""
        found = [name for name in self.bot.hub.models if typed.lower() in name]
        return [app_commands.Choice(name=name[:100], value=name) for name in found[:OFFERED]]

    async def _answer(self, responder: Responder, name: str | None) -> None:
        prefix = self.bot.prefix_for(responder)
        await responder.answer(await self._described(name) if name else self._listed(prefix))

    def _listed(self, prefix: str) -> Reply:
        lines = [
            tr(
                "`{name}` from {repository} at `{commit}`",
                name=name,
                repository=escape(repository.name),
                commit=repository.commit[:12],
            )
            for name, (repository, _) in self.bot.hub.models.items()
        ]
        if not lines:
            return error_reply(
                tr("No Torch Hub models are available here. The bot owner can add some."), GRAY
            )
        first = next(iter(self.bot.hub.models))
        ask = tr("Ask one with `{prefix}classify {name}`.", prefix=prefix, name=first)
        text = "\n".join(lines)[:HELP_LENGTH] + "\n" + ask
        return Reply(embeds=(discord.Embed(title="Torch Hub", description=text, color=BLUE),))

    async def _described(self, name: str) -> Reply:
        text = await self.bot.hub.help(name)
        said = (text or tr("No description available."))[:HELP_LENGTH]
        shown = "\n".join(map(escape, said.splitlines()))[:EMBED_LENGTH]
        title = escape(name.strip().lower()[:100])
        return Reply(embeds=(discord.Embed(title=title, description=shown, color=BLUE),))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(HubCog(bot))
