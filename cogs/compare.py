"""`!compare` and `!untrained`, `/compare` and `/untrained`: what the weights make of a network.

One picture through several models side by side; and through one whose weights are random numbers,
which is the only way to such an answer.
"""

import asyncio

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import ask_each, fetched
from bot.conversation.responder import Responder
from bot.core.error_text import explain
from bot.core.formatting import plain
from bot.core.i18n import later, tr
from bot.library.autocomplete import completions
from bot.library.search import field
from bot.pictures import lookup
from bot.pictures.lookup import Find
from bot.replies.comparison import Contender, compared, garbage
from models.jobs.answers import Labels
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Classify, Untrained

BEGINNER = "resnet101"
"""Whose untrained network answers when none is named."""


class CompareCog(commands.Cog, name="Compare"):
    """Asks several models about one picture, or one that has learned nothing."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot

    @commands.command(usage="[models…] [link or @person]")
    async def compare(self, context: BobbyContext, *, text: str = "") -> None:
        """Run one picture through several models and see if they agree."""
        words = lookup.parse_text(text)
        await self._compare(
            context.responder,
            lambda: lookup.find(self.bot, context.message, words),
            words.rest,
        )

    @app_commands.command(name="compare")
    @app_commands.describe(
        models="Model names separated by spaces (default: well-known ones)",
        picture="The picture to use (leave empty for the latest one here)",
        link="A link to a picture",
        person="Use this person's avatar",
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
        await self._compare(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            models,
        )

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

    @commands.command(usage="[model] [link or @person]")
    async def untrained(self, context: BobbyContext, *, text: str = "") -> None:
        """See what a model says before any training (spoiler: nonsense)."""
        words = lookup.parse_text(text)
        await self._guess(
            context.responder,
            lambda: lookup.find(self.bot, context.message, words),
            words.rest or BEGINNER,
        )

    @app_commands.command(name="untrained")
    @app_commands.describe(
        model="The network to take",
        picture="The picture to use (leave empty for the latest one here)",
        link="A link to a picture",
        person="Use this person's avatar",
    )
    async def untrained_slash(
        self,
        interaction: Interaction,
        model: str = BEGINNER,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
    ) -> None:
        """See what a model says before any training (spoiler: nonsense)."""
        await self._guess(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            model,
        )

    @untrained_slash.autocomplete("model")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the classifiers whose name contains what was typed."""
        return completions(self.bot.executor.models, "classify", typed)

    async def _compare(self, responder: Responder, find: Find, names: str) -> None:
        executor = self.bot.executor
        async with responder.thinking():
            responder.require_permissions()
            wanted = field(await executor.cards(), names.replace(",", " ").split())
            found = (await find()).first(1)
            (picture,) = found.pictures
            data = await fetched(self.bot.fetcher, responder, picture)
            contenders = await asyncio.gather(
                *(self._contend(responder, data, card) for card in wanted.here)
            )
        await responder.answer(compared(picture, contenders, wanted.absent, found.note))

    async def _contend(self, responder: Responder, data: bytes, card: ModelInfo) -> Contender:
        """Ask one model of a comparison; where it fails, the others go on."""
        try:
            job = Classify(picture=data, model=card.name)
            labels = await self.bot.executor.submit(job, responder.asker)
        except Exception as error:  # noqa: BLE001  (`explain` logs it)
            return Contender(card, explain(error, responder))
        if labels.model != card.name:  # another stood in, which has a line of its own
            return Contender(card, plain(tr(labels.substitution or later("can't answer"))))
        return Contender(card, labels)

    async def _guess(self, responder: Responder, find: Find, model: str) -> None:
        async def ask(data: bytes) -> Labels:
            job = Untrained(picture=data, model=model)
            return await self.bot.executor.submit(job, responder.asker)

        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(1)
            outcomes = await ask_each(self.bot.fetcher, responder, found, ask)
        await responder.answer(garbage(outcomes, self.bot.settings.prefix, found.note))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(CompareCog(bot))
