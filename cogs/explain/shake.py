"""`!shake` and `/shake`: whether a label holds when its picture is turned, greyed or cut."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import ask_one
from bot.conversation.responder import Responder
from bot.library.autocomplete import completions
from bot.pictures import lookup
from bot.pictures.lookup import Find
from bot.replies.shake import shaken
from models.jobs.answers import Shaken
from models.jobs.requests import Shake


class ShakeCog(commands.Cog, name="Shake"):
    """Changes a picture a little and asks the classifier again."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot

    @commands.command(usage="[model] [link or @person]")
    async def shake(self, context: BobbyContext, *, text: str = "") -> None:
        """Flip, rotate, blur and crop a picture to see if the label holds up."""
        words = lookup.parse_text(text)
        find = lambda: lookup.find(self.bot, context.message, words)  # noqa: E731
        await self._answer(context.responder, find, words.rest)

    @app_commands.command(name="shake")
    @app_commands.describe(
        picture="The picture to use (leave empty for the latest one here)",
        link="A link to a picture",
        person="Use this person's avatar",
        model="Which model to use (default: the server's model)",
    )
    async def shake_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str = "",
    ) -> None:
        """Flip, rotate, blur and crop a picture to see if the label holds up."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            model,
        )

    @shake_slash.autocomplete("model")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the classifiers whose name contains what was typed, those that are ready first."""
        return completions(self.bot.executor.models, "classify", typed)

    async def _answer(self, responder: Responder, find: Find, model: str) -> None:
        model = model or self.bot.own_classifier(responder.asker.server) or ""

        async def ask(data: bytes) -> Shaken:
            job = Shake(picture=data, model=model or None)
            return await self.bot.executor.submit(job, responder.asker)

        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(1)
            found = found.with_note(await self.bot.library.provide(responder, "classify", model))
            seen = await ask_one(self.bot.fetcher, responder, found.pictures[0], ask)
        await responder.answer(shaken(found.pictures[0], seen, found.note))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ShakeCog(bot))
