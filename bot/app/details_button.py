"""The button "Details" below an answer about a picture: what its small print leaves out.

It carries in its id what the answer knew, so it works after a restart as well.
"""

import re
from collections.abc import Iterable
from typing import Any, Self

import discord

from bot.app.press import answer_press
from bot.conversation.interaction_responder import Interaction
from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.i18n import tr
from bot.replies.details import details
from models.jobs.answers import Labels, PictureAnswer

LONGEST_ID = 100


class Details(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"details:(?P<took>\d+):(?P<batch>\d+):(?P<precision>\w+):(?P<model>[^|]+)\|"
    r"(?P<device>.*)",
):
    """Tells the person who presses how an answer came about."""

    def __init__(self, custom_id: str) -> None:
        super().__init__(discord.ui.Button(label=tr("Details"), custom_id=custom_id))

    @classmethod
    def of(cls, seen: PictureAnswer) -> Self:
        """Return the button for the answer `seen`; a device with a long name is cut."""
        batch = seen.batch_size if isinstance(seen, Labels) else 1
        model = seen.model.replace("|", "")
        told = f"{seen.milliseconds:.0f}:{batch}:{seen.precision}:{model}|{seen.device}"
        return cls(f"details:{told}"[:LONGEST_ID])

    @classmethod
    def below(
        cls, results: Iterable[PictureResult[Any]], view: discord.ui.View
    ) -> discord.ui.View | None:
        """Return `view` with the button for the first answer; None where there is no button."""
        answers = (one.result for one in results)
        if seen := next((one for one in answers if isinstance(one, PictureAnswer)), None):
            view.add_item(cls.of(seen))
        return view if view.children else None

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(match[0])

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        match = type(self).__discord_ui_compiled_template__.fullmatch(self.custom_id)
        assert match
        bot = interaction.client
        cards = {card.name: card for card in (*bot.executor.models, *bot.hub.cards)}
        card = cards.get(match["model"])

        async def told(_: object) -> Reply:
            return details(
                match["model"],
                task=card.task if card else "classify",
                weights=card.weights if card else None,
                device=match["device"],
                precision=match["precision"],
                took=f"{match['took']} ms",
                batch=int(match["batch"]),
            )

        await answer_press(interaction, told)
