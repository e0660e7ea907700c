"""`!classify`, `/classify` and "Classify" in the message menu: the five most likely labels.

One code path for all three; they differ only in how the picture is pointed at. A button below the
answer gives a script that finds the same labels without Bobby.
"""

import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.app.press import answer_press
from bot.app.why_button import Why
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import ask_each
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import BadLesson, NotAllowed, UnknownModel
from bot.core.i18n import tr
from bot.library.autocomplete import completions
from bot.library.hub.workers import PREFIX as HUB
from bot.pictures import lookup
from bot.pictures.lookup import Find
from bot.pictures.references import Source
from bot.replies import common
from bot.replies.common import Classified
from bot.replies.models import recipe
from bot.storage.labels import NO_SERVER
from models.jobs.answers import Labels
from models.jobs.requests import Classify, Inspect, Recognise

MINE = "mine"
"""Asks for the labels that the server has taught."""

MAX_PICTURES = 10
"""Discord shows at most ten embeds in a message."""


class Recipe(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"python:(?P<model>.+)"
):
    """The button "Python for this"."""

    def __init__(self, model: str) -> None:
        super().__init__(
            discord.ui.Button(label=tr("Show Python code"), custom_id=f"python:{model}")
        )
        self.model = model

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(match["model"])

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        cog = interaction.client.get_cog("Classify")
        assert isinstance(cog, ClassifyCog)
        await answer_press(interaction, lambda responder: cog.recipe(responder, self.model))


class ClassifyCog(commands.Cog, name="Classify"):
    """Asks a classifier what a picture shows."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot
        self.menu = app_commands.ContextMenu(name="Classify", callback=self.classify_message)

    async def cog_load(self) -> None:
        """Add what discord.py does not add by itself: the menu's entry and the button."""
        self.bot.tree.add_command(self.menu)
        self.bot.add_dynamic_items(Recipe)

    async def cog_unload(self) -> None:
        """Take them away again."""
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)
        self.bot.remove_dynamic_items(Recipe)

    @commands.command(usage="[model] [link or @person]")
    async def classify(self, context: BobbyContext, *, text: str = "") -> None:
        """Tell you what's in a picture (top five guesses).

        Attach pictures, reply to one, add a link, mention somebody for their avatar, or just ask:
        then the newest picture of the channel is taken. Name a model to ask that one, or `mine`
        for the labels that I was taught here.
        """
        words = lookup.parse_text(text)
        await self._answer(
            context.responder,
            lambda: lookup.find(self.bot, context.message, words),
            words.rest or None,
            Source("ask", context.channel.id, context.message.id),
        )

    @app_commands.command(name="classify")
    @app_commands.describe(
        picture="The picture to use (leave empty for the latest one here)",
        link="A link to a picture",
        person="Use this person's avatar",
        model="Which model to use, or `mine` for this server's custom labels (default: "
        "the server's model)",
    )
    async def classify_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str | None = None,
    ) -> None:
        """Tell you what's in a picture (top five guesses)."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            model,
            Source("at", interaction.channel_id or 0, interaction.id),
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
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.inside(message),
            None,
            Source("in", message.channel.id, message.id),
        )

    async def recipe(self, responder: Responder, model: str) -> Reply:
        """Return the answer to a press of the button.

        Raises:
            UnknownModel: It is no longer known, or not as a classifier.
        """
        seen = await self.bot.executor.submit(Inspect(model=model), responder.asker)
        if seen.script is None:
            raise UnknownModel(
                tr("There's no Python code for {model}. Only classifiers have it.", model=model)
            )
        return recipe(seen.script, model)

    async def _answer(
        self, responder: Responder, find: Find, model: str | None, source: Source
    ) -> None:
        if model and model.strip().lower() == MINE:
            await self._recognise(responder, find)
            return
        model = model or self.bot.store.servers.get(responder.asker.server).model

        async def ask(data: bytes) -> Labels:
            job = Classify(picture=data, model=model)
            executor = self.bot.executor
            if model and model.lower().startswith(HUB):
                executor = await self.bot.hub.executor(model)
            return await executor.submit(job, responder.asker)

        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(MAX_PICTURES)
            found = found.with_note(await self.bot.library.provide(responder, "classify", model))
            results = await ask_each(self.bot.fetcher, responder, found, ask)
        self.bot.asked.note(source, found)
        view = _buttons(results, source)
        await responder.answer(common.classified(results, found.note, view))

    async def _recognise(self, responder: Responder, find: Find) -> None:
        """Answer with the labels that the server has taught."""
        server = responder.asker.server
        if server is None:
            raise NotAllowed(NO_SERVER)
        taught = await self.bot.store.lessons.of(server)
        if len({one.label for one in taught}) < 2:
            prefix = self.bot.settings.prefix
            raise BadLesson(
                tr(
                    "This server needs at least two custom labels first. Post a few "
                    "pictures of each with `{prefix}teach LABEL`.",
                    prefix=prefix,
                )
            )
        examples = tuple(one.as_example() for one in taught)

        async def ask(data: bytes) -> Labels:
            job = Recognise(
                picture=data, model=taught[0].model, weights=taught[0].weights, examples=examples
            )
            return await self.bot.executor.submit(job, responder.asker)

        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(MAX_PICTURES)
            found = found.with_note(tr("Comparing this server's custom labels only"))
            results = await ask_each(self.bot.fetcher, responder, found, ask)
        await responder.answer(common.classified(results, found.note, unsure=None))


def _buttons(results: list[Classified], source: Source) -> discord.ui.View | None:
    """Return the buttons below an answer; hub models have neither gradients nor a script here."""
    view = discord.ui.View(timeout=None)
    models = []
    for number, one in enumerate(results):
        if isinstance(one.result, Labels) and not one.result.model.startswith(HUB):
            models.append(one.result.model)
            caption = None if len(results) == 1 else tr("Why? {number}", number=number + 1)
            view.add_item(Why(source, number, one.result.model, caption))
    return view.add_item(Recipe(models[0])) if models else None


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ClassifyCog(bot))
