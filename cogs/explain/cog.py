"""`!why` and `/why`: what in a picture made its label.

A menu below the answer chooses among the five labels; the button "Why?" below every classification
asks the same.
"""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.app.why_button import Labels, Why, explain
from bot.conversation.interaction_responder import Interaction, InteractionExchange
from bot.conversation.responder import Exchange
from bot.library.autocomplete import completions
from bot.pictures import lookup
from bot.pictures.lookup import Find
from bot.pictures.references import Source


class WhyCog(commands.Cog, name="Why"):
    """Shows what in a picture made its label."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        """Add the button and the menu, which discord.py does not do by itself."""
        self.bot.add_dynamic_items(Why, Labels)

    async def cog_unload(self) -> None:
        """Take them away again."""
        self.bot.remove_dynamic_items(Why, Labels)

    @commands.command(usage="[model] [link or @person]")
    async def why(self, context: BobbyContext, *, text: str = "") -> None:
        """Highlight what made me pick a label."""
        words = lookup.read_words(text)
        message = context.message
        await self._answer(
            context.exchange,
            lambda: lookup.find(self.bot, message, words),
            words.rest,
            Source("ask", message.channel.id, message.id),
        )

    @app_commands.command(name="why")
    @app_commands.describe(
        picture="The picture to use (leave empty for the latest one here)",
        link="A link to a picture",
        person="Use this person's avatar",
        model="Which model to use (default: the server's model)",
    )
    async def why_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str = "",
    ) -> None:
        """Highlight what made me pick a label."""
        await self._answer(
            InteractionExchange(interaction),
            lambda: lookup.pointed_at(interaction, picture, link, person),
            model,
            Source("at", interaction.channel_id or 0, interaction.id),
        )

    @why_slash.autocomplete("model")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the classifiers whose name contains what was typed, those that are ready first."""
        return completions(self.bot.executor.models, "classify", typed)

    async def _answer(self, exchange: Exchange, find: Find, model: str, source: Source) -> None:
        model = model or self.bot.own_classifier(exchange.asker.server) or ""
        async with exchange.thinking():
            exchange.require_permissions()
            found = (await find()).first(1)
            found = found.noting(await self.bot.library.provide(exchange, "classify", model))
            self.bot.asked.note(source, found)
            menu = Labels(source, 0, exchange.asker.person, model.strip().lower(), ())
            picture, note = found.pictures[0], found.note
            reply = await explain(self.bot, exchange, picture, menu, None, note)
        await exchange.answer(reply)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(WhyCog(bot))
