"""`!compare` and `!untrained`, `/compare` and `/untrained`: what the weights make of a network.

One picture through several models side by side; and through one whose weights are random numbers,
which is the only way to such an answer.
"""

import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction
from bot.conversation.per_picture import fetched
from bot.core.error_text import explain
from bot.core.formatting import escape
from bot.core.i18n import later, tr
from bot.library.autocomplete import complete, completions
from bot.library.search import MOST_COMPARED, models_to_compare
from bot.replies.comparison import ModelResult, comparison_reply, untrained_reply
from bot.replies.help import Guide
from models.jobs.answers import Labels
from models.jobs.base import say
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Classify, Untrained

BEGINNER = "resnet101"
"""Whose untrained network answers when none is named."""

LIMIT = say("I can compare up to {most} models at a time.", most=str(MOST_COMPARED))


class CompareCog(BobbyCog, name="Compare"):
    """Asks several models about one picture, or one that has learned nothing."""

    @commands.command(
        usage="[models…] [link or @person]",
        extras=Guide("compare", ("", "resnet101 vgg16"), 1, LIMIT).extras(),
    )
    async def compare(self, context: BobbyContext, *, text: str = "") -> None:
        """Run one picture through several models and see if they agree."""
        await self._compare(Question.typed(context, text))

    @app_commands.command(name="compare")
    @app_commands.describe(
        models="Model names separated by spaces (default: well-known ones)", **PICTURE_OPTIONS
    )
    async def compare_slash(
        self,
        interaction: Interaction,
        models: str = "",
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
    ) -> None:
        """Run one picture through several models and see if they agree."""
        await self._compare(Question.slash(interaction, picture, link, person, models))

    @compare_slash.autocomplete("models")
    async def complete_models(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer what was typed with its last word made a classifier's name."""
        before, _, last = typed.rpartition(" ")
        whole = [
            (f"{before} {choice.value}".strip(), choice)
            for choice in completions(self.bot.executor.models, "classify", last)
        ]
        return [
            app_commands.Choice(name=f"{before} {choice.name}".strip()[-100:], value=value)
            for value, choice in whole
            if len(value) <= 100  # Discord takes no longer one
        ]

    @commands.command(
        usage="[model] [link or @person]", extras=Guide("compare", ("", "vgg16"), 1).extras()
    )
    async def untrained(self, context: BobbyContext, *, text: str = "") -> None:
        """See what a model says before any training (spoiler: nonsense)."""
        await self._guess(Question.typed(context, text))

    @app_commands.command(name="untrained")
    @app_commands.describe(model="The network to take", **PICTURE_OPTIONS)
    @app_commands.autocomplete(model=complete("classify"))
    async def untrained_slash(
        self,
        interaction: Interaction,
        model: str = "",
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
    ) -> None:
        """See what a model says before any training (spoiler: nonsense)."""
        await self._guess(Question.slash(interaction, picture, link, person, model))

    async def _compare(self, question: Question) -> None:
        responder, executor = question.responder, self.bot.executor
        async with question.pictures(1) as found:
            wanted = models_to_compare(
                await executor.cards(), question.words.replace(",", " ").split()
            )
            (picture,) = found.pictures
            data = await fetched(self.bot.fetcher, responder, picture)
            contenders = await asyncio.gather(
                *(_contend(question, data, card) for card in wanted.here)
            )
        await responder.answer(comparison_reply(picture, contenders, wanted.absent, found.note))

    async def _guess(self, question: Question) -> None:
        async def ask(data: bytes) -> Labels:
            return await question.submit(Untrained(picture=data, model=question.words or BEGINNER))

        async with question.pictures(1) as found:
            outcomes = await question.each(found, ask)
        prefix = self.bot.prefix_for(question.responder)
        await question.responder.answer(untrained_reply(outcomes, prefix, found.note))


async def _contend(question: Question, data: bytes, card: ModelInfo) -> ModelResult:
    """Ask one model of a comparison; where it fails, the others go on."""
    try:
        labels = await question.submit(Classify(picture=data, model=card.name))
    except Exception as error:  # noqa: BLE001  (`explain` logs it)
        return ModelResult(card, explain(error, question.responder))
    if labels.model != card.name:  # another stood in, which has a line of its own
        return ModelResult(card, escape(tr(labels.substitution or later("can't answer"))))
    return ModelResult(card, labels)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(CompareCog(bot))
