"""`!classify`, `/classify` and "Classify" in the message menu: the five most likely labels.

One code path for all three; they differ only in how the picture is pointed at.
"""

import discord
from discord import app_commands
from discord.ext import commands

from bot import pictures, replies
from bot.asking import ask_each
from bot.client import Bobby, BobbyContext
from bot.completion import completions
from bot.exchange import Exchange, Interaction, InteractionExchange
from bot.hub.hub import PREFIX as HUB
from bot.pictures import Find
from models.jobs import Classify, Labels

MAX_PICTURES = 10
"""Discord shows at most ten embeds in a message."""


class ClassifyCog(commands.Cog, name="Classify"):
    """Asks a classifier what a picture shows."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot
        self.menu = app_commands.ContextMenu(name="Classify", callback=self.classify_message)

    async def cog_load(self) -> None:
        """Add the entry of the message menu, which discord.py does not do by itself."""
        self.bot.tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        """Take the entry of the message menu away again."""
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)

    @commands.command(usage="[model] [link or @person]")
    async def classify(self, context: BobbyContext, *, text: str = "") -> None:
        """Name the five most likely labels of a picture.

        Attach pictures, reply to one, add a link, mention somebody for their avatar, or just ask:
        then the newest picture of the channel is taken. Name a model to ask that one.
        """
        words = pictures.read_words(text)
        await self._answer(
            context.exchange,
            lambda: pictures.find(self.bot, context.message, words),
            words.rest or None,
        )

    @app_commands.command(name="classify")
    @app_commands.describe(
        picture="The picture to look at",
        link="Or a link to one",
        person="Or a person, for their avatar",
        model="The model to ask; the default one otherwise",
    )
    async def classify_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str | None = None,
    ) -> None:
        """Name the five most likely labels of a picture."""
        await self._answer(
            InteractionExchange(interaction),
            lambda: pictures.pointed_at(interaction, picture, link, person),
            model,
        )

    @classify_slash.autocomplete("model")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the classifiers whose name contains what was typed, those that are ready first."""
        cards = (*self.bot.executor.models, *self.bot.hub.cards)
        return completions(cards, "classify", typed)

    async def classify_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Name the five most likely labels of every picture in a message."""
        await self._answer(InteractionExchange(interaction), lambda: pictures.inside(message), None)

    async def _answer(self, exchange: Exchange, find: Find, model: str | None) -> None:
        async def ask(data: bytes) -> Labels:
            job = Classify(picture=data, model=model)
            executor = self.bot.executor
            if model and model.lower().startswith(HUB):
                executor = await self.bot.hub.executor(model)
            return await executor.submit(job, exchange.asker)

        async with exchange.thinking():
            exchange.require_permissions()
            found = (await find()).first(MAX_PICTURES)
            found = found.noting(await self.bot.library.provide(exchange, "classify", model))
            results = await ask_each(self.bot.fetcher, exchange, found, ask)
        await exchange.answer(replies.classified(results, found.note))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ClassifyCog(bot))
