"""`!why` and `/why`: what in a picture made its label.

A menu below the answer chooses among the five labels; the button "Why?" below every classification
asks the same.
"""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.app.why_button import Labels, Why, explain
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.responder import Responder
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
        words = lookup.parse_text(text)
        message = context.message
        await self._answer(
            context.responder,
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
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            model,
            Source("at", interaction.channel_id or 0, interaction.id),
        )

    @why_slash.autocomplete("model")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the classifiers whose name contains what was typed, those that are ready first."""
        return completions(self.bot.executor.models, "classify", typed)

    async def _answer(self, responder: Responder, find: Find, model: str, source: Source) -> None:
        model = model or self.bot.own_classifier(responder.asker.server) or ""
        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(1)
            found = found.with_note(await self.bot.library.provide(responder, "classify", model))
            self.bot.asked.note(source, found)
            menu = Labels(source, 0, responder.asker.person, model.strip().lower(), ())
            picture, note = found.pictures[0], found.note
            reply = await explain(self.bot, responder, picture, menu, None, note)
        await responder.answer(reply)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(WhyCog(bot))
