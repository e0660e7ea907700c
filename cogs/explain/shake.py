"""`!shake` and `/shake`: whether a label holds when its picture is turned, grayed or cut."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction
from bot.conversation.per_picture import ask_one
from bot.library.autocomplete import complete
from bot.library.search import without_talk
from bot.replies.help import Guide
from bot.replies.shake import shaken
from models.jobs.answers import RobustnessResult
from models.jobs.requests import Shake


class ShakeCog(BobbyCog, name="Shake"):
    """Changes a picture a little and asks the classifier again."""

    @commands.command(
        usage="[model] [link or @person]", extras=Guide("look", ("", "resnet101"), 1).extras()
    )
    async def shake(self, context: BobbyContext, *, text: str = "") -> None:
        """Flip, rotate, blur and crop a picture to see if the label holds up."""
        await self._answer(Question.typed(context, text))

    @app_commands.command(name="shake")
    @app_commands.describe(
        **PICTURE_OPTIONS, model="Which model to use (default: the server's model)"
    )
    @app_commands.autocomplete(model=complete("classify"))
    async def shake_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str = "",
    ) -> None:
        """Flip, rotate, blur and crop a picture to see if the label holds up."""
        await self._answer(Question.slash(interaction, picture, link, person, model))

    async def _answer(self, question: Question) -> None:
        words, talk = without_talk(self.bot.executor.models, question.words)
        model = words or self.bot.server_default_model(question.server)

        async def ask(data: bytes) -> RobustnessResult:
            return await question.submit(Shake(picture=data, model=model))

        async with question.pictures(1, task="classify", model=model) as found:
            (picture,) = found.pictures
            seen = await ask_one(self.bot.fetcher, question.responder, picture, ask)
        await question.responder.answer(shaken(picture, seen, found.with_note(talk).note))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ShakeCog(bot))
