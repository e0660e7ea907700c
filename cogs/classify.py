"""`!classify`, `/classify` and "Classify" in the message menu: the five most likely labels.

One code path for all three; they differ only in how the picture is pointed at. A button below the
answer gives a script that finds the same labels without Bobby.
"""

import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.details_button import Details
from bot.app.press import answer_press
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.app.why_button import WhyButton
from bot.conversation.interaction_responder import Interaction
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import BadLesson, NotAllowed, UnknownModel
from bot.core.i18n import later, tr
from bot.library.autocomplete import complete_classifier
from bot.library.hub.workers import PREFIXES as HUB
from bot.library.search import without_talk
from bot.pictures.references import PictureRef
from bot.replies import common
from bot.replies.common import Classified
from bot.replies.help import Guide
from bot.replies.models import recipe
from bot.storage.labels import NO_SERVER
from models.jobs.answers import Labels
from models.jobs.requests import Classify, ClassifyCustom, Inspect

CUSTOM = later("custom")
MINE = "mine"
"""Either asks for the labels that the server has taught."""

MAX_PICTURES = 10
"""Discord shows at most ten embeds in a message."""


class CodeButton(
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


class ClassifyCog(BobbyCog, name="Classify"):
    """Asks a classifier what a picture shows."""

    items = (CodeButton, Details)

    def __init__(self, bot: Bobby) -> None:
        menu = app_commands.ContextMenu(name="Classify", callback=self.classify_message)
        super().__init__(bot, menu)

    @commands.command(
        usage="[model] [link or @person]",
        extras=Guide("look", ("", "resnet101"), MAX_PICTURES).extras(),
    )
    async def classify(self, context: BobbyContext, *, text: str = "") -> None:
        """Tell you what's in a picture (top five guesses).

        Attach pictures, reply to one, add a link, mention somebody for their avatar, or just ask:
        then the newest picture of the channel is taken. Name a model to ask that one, or `custom`
        for the labels that I was taught here.
        """
        await self._answer(Question.typed(context, text))

    @app_commands.command(name="classify")
    @app_commands.describe(
        **PICTURE_OPTIONS,
        model="Which model to use, or `custom` for this server's custom labels (default: "
        "the server's model)",
    )
    @app_commands.autocomplete(model=complete_classifier)
    async def classify_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str = "",
    ) -> None:
        """Tell you what's in a picture (top five guesses)."""
        await self._answer(Question.slash(interaction, picture, link, person, model))

    async def classify_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Name the five most likely labels of every picture in a message."""
        await self._answer(Question.inside(interaction, message))

    async def recipe(self, responder: Responder, model: str) -> Reply:
        """Return the answer to a press of the button.

        Raises:
            UnknownModel: It is no longer known, or not as a classifier.
        """
        seen = await self.bot.executor.submit(Inspect(model=model), responder.requester)
        if seen.script is None:
            raise UnknownModel(
                tr("There's no Python code for {model}. Only classifiers have it.", model=model)
            )
        return recipe(seen.script, model)

    async def _answer(self, question: Question) -> None:
        if question.words.strip().lower() in {CUSTOM, MINE, tr(CUSTOM)}:
            await self._recognize(question)
            return
        cards = (*self.bot.executor.models, *self.bot.hub.cards)
        words, talk = without_talk(cards, question.words)
        model = words or self.bot.store.servers.get(question.server).model

        async def ask(data: bytes) -> Labels:
            executor = self.bot.executor
            if model and model.lower().startswith(HUB):
                executor = await self.bot.hub.executor(model)
            return await executor.submit(Classify(picture=data, model=model), responder.requester)

        responder = question.responder
        async with question.pictures(MAX_PICTURES, task="classify", model=model) as found:
            results = await question.each(found, ask)
        view = _buttons(results, question.source)
        await responder.answer(
            common.classification_reply(
                results,
                found.with_note(talk).note,
                view,
                prefix=self.bot.prefix_for(responder),
            )
        )

    async def _recognize(self, question: Question) -> None:
        """Answer with the labels that the server has taught."""
        if question.server is None:
            raise NotAllowed(NO_SERVER)
        taught = await self.bot.store.lessons.of(question.server)
        if len({one.label for one in taught}) < 2:
            raise BadLesson(
                tr(
                    "This server needs at least two custom labels first. Post a few "
                    "pictures of each with `{prefix}teach LABEL`.",
                    prefix=self.bot.prefix_for(question.responder),
                )
            )
        examples = tuple(one.as_example() for one in taught)
        model, weights = taught[0].model, taught[0].weights

        async def ask(data: bytes) -> Labels:
            return await question.submit(
                ClassifyCustom(picture=data, model=model, weights=weights, examples=examples)
            )

        async with question.pictures(MAX_PICTURES) as found:
            results = await question.each(found, ask)
        note = found.with_note(tr("Comparing this server's custom labels only")).note
        view = Details.below(results, discord.ui.View(timeout=None))
        await question.responder.answer(
            common.classification_reply(results, note, view, unsure=None)
        )


def _buttons(results: list[Classified], source: PictureRef) -> discord.ui.View | None:
    """Return the buttons below an answer; hub models have neither gradients nor a script here."""
    view = discord.ui.View(timeout=None)
    models = []
    for number, one in enumerate(results):
        if isinstance(one.result, Labels) and not one.result.model.startswith(HUB):
            models.append(one.result.model)
            caption = None if len(results) == 1 else tr("Why? {number}", number=number + 1)
            view.add_item(WhyButton(source, number, one.result.model, caption))
    if models:
        view.add_item(CodeButton(models[0]))
    return Details.below(results, view)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ClassifyCog(bot))
