"""`!why` and `/why`: what in a picture made its label.

A menu below the answer chooses among the five labels; the button "Why?" below every classification
asks the same.
"""

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.app.why_button import LabelSelect, WhyButton, explain
from bot.conversation.interaction_responder import Interaction
from bot.library.autocomplete import complete
from bot.library.search import without_talk
from bot.replies.help import Guide


class WhyCog(BobbyCog, name="Why"):
    """Shows what in a picture made its label."""

    items = (WhyButton, LabelSelect)

    @commands.command(
        usage="[model] [link or @person]", extras=Guide("look", ("", "resnet101"), 1).extras()
    )
    async def why(self, context: BobbyContext, *, text: str = "") -> None:
        """Highlight what made me pick a label."""
        await self._answer(Question.typed(context, text))

    @app_commands.command(name="why")
    @app_commands.describe(
        **PICTURE_OPTIONS, model="Which model to use (default: the server's model)"
    )
    @app_commands.autocomplete(model=complete("classify"))
    async def why_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str = "",
    ) -> None:
        """Highlight what made me pick a label."""
        await self._answer(Question.slash(interaction, picture, link, person, model))

    async def _answer(self, question: Question) -> None:
        words, talk = without_talk(self.bot.executor.models, question.words)
        model = words or self.bot.server_default_model(question.server) or ""
        requester = question.responder.requester.user_id
        menu = LabelSelect(question.source, 0, requester, model.strip().lower(), ())
        async with question.pictures(1, task="classify", model=model) as found:
            note = found.with_note(talk).note
            reply = await explain(question, found.pictures[0], menu, None, note)
        await question.responder.answer(reply)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(WhyCog(bot))
