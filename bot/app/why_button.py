"""What in a picture made its label: the button and the menu, and the one way to ask for it.

Button and menu carry all they need in their ids, so they work after a restart as well. The command
is `cogs.explain.cog`'s, the look `bot.replies.explanation`'s.
"""

import re
from functools import partial
from typing import Any, Self

import discord

from bot.app.press import answer_press_about, edit_on_press_about
from bot.app.question import Question
from bot.conversation.interaction_responder import Interaction
from bot.conversation.per_picture import ask_one
from bot.conversation.reply import Reply
from bot.core.errors import NoPicture
from bot.core.i18n import label, later, tr
from bot.pictures.picture import Picture
from bot.pictures.references import TEMPLATE, PictureRef
from bot.replies.explanation import explained
from bot.replies.text import percent
from models.jobs.answers import Explained
from models.jobs.requests import Explain

NOBODY = 0
"""In a menu's id: only the person who presses sees the answer."""


class WhyButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"why:{TEMPLATE}:(?P<number>\d+):(?P<model>.*)",
):
    """The button "Why?": asks `model` about the picture of that `number`, counted from 0."""

    def __init__(
        self, source: PictureRef, number: int, model: str, caption: str | None = None
    ) -> None:
        super().__init__(
            discord.ui.Button(
                label=caption or tr("Why?"), custom_id=f"why:{source}:{number}:{model}"
            )
        )
        self.source = source
        self.number = number
        self.model = model

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        caption = getattr(item, "label", None)
        return cls(PictureRef.of(match), int(match["number"]), match["model"], caption)

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        menu = LabelSelect(self.source, self.number, NOBODY, self.model, ())
        await answer_press_about(interaction, self.source, partial(_again, menu, None))


class LabelSelect(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]],
    template=rf"label:{TEMPLATE}:(?P<number>\d+):(?P<asker>\d+):(?P<model>.*)",
):
    """The menu of the five labels below an answer to `requester`."""

    def __init__(
        self,
        source: PictureRef,
        number: int,
        requester: int,
        model: str,
        options: tuple[discord.SelectOption, ...],
    ) -> None:
        super().__init__(
            discord.ui.Select(
                custom_id=f"label:{source}:{number}:{requester}:{model}",
                placeholder=tr("Explain another label"),
                options=list(options),
            )
        )
        self.source = source
        self.number = number
        self.requester = requester
        self.model = model

    def over(self, seen: Explained, *, spoiler: bool) -> Self:
        """Return the menu for the labels of `seen`, of which one is shown: none of a `spoiler`'s.

        What a menu shows stands open in the channel, what it offers only for the person who opens
        it.
        """
        options = tuple(
            discord.SelectOption(
                label=f"{label(one.label)} {percent(one.probability)}"[:100],
                value=one.label[:100],
                default=one.label == seen.label and not spoiler,
            )
            for one in seen.top
        )
        return type(self)(self.source, self.number, self.requester, self.model, options)

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the menu again from its id; discord.py calls it."""
        options = tuple(getattr(item, "options", ()))
        number, requester = int(match["number"]), int(match["asker"])
        return cls(PictureRef.of(match), number, requester, match["model"], options)

    async def callback(self, interaction: Interaction) -> None:
        """Show the chosen label in the same message to its owner, to others in private."""
        (chosen,) = self.item.values
        if self.requester in {NOBODY, interaction.user.id}:
            await edit_on_press_about(interaction, self.source, partial(_again, self, chosen))
        else:
            own = LabelSelect(self.source, self.number, NOBODY, self.model, ())
            await answer_press_about(interaction, self.source, partial(_again, own, chosen))


async def _again(menu: LabelSelect, chosen: str | None, question: Question) -> Reply:
    found = await question.find()
    if menu.number >= len(found.pictures):
        raise NoPicture(later("I can't find that picture anymore. Please post it again."))
    return await explain(question, found.pictures[menu.number], menu, chosen)


async def explain(
    question: Question,
    picture: Picture,
    menu: LabelSelect,
    chosen: str | None,
    note: str | None = None,
) -> Reply:
    """Return the reply that shows what made the `chosen` label of `picture`, or the first.

    Raises:
        BobbyError: The picture can't be fetched or explained.
    """

    async def ask(data: bytes) -> Explained:
        return await question.submit(Explain(picture=data, model=menu.model or None, label=chosen))

    seen = await ask_one(question.bot.fetcher, question.responder, picture, ask)
    view = discord.ui.View(timeout=None).add_item(menu.over(seen, spoiler=picture.spoiler))
    return explained(picture, seen, view, note)
