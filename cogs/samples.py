"""`!try` and `/try`: pictures that come with Bobby, so that a first answer needs no upload."""

import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.details_button import Details
from bot.app.press import answer_press
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply, Upload
from bot.conversation.responder import Responder
from bot.core.i18n import tr
from bot.pictures.picture import Picture
from bot.pictures.samples import SAMPLES, Sample
from bot.replies.common import BLUE, classification_reply
from bot.replies.help import Guide
from models.jobs.requests import Classify


class SampleButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"try:(?P<name>\w+)"
):
    """The button of a sample picture."""

    def __init__(self, sample: Sample) -> None:
        super().__init__(discord.ui.Button(label=tr(sample.title), custom_id=f"try:{sample.name}"))
        self.sample = sample

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(SAMPLES.get(match["name"], next(iter(SAMPLES.values()))))

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        cog = interaction.client.get_cog("Samples")
        assert isinstance(cog, SamplesCog)
        await answer_press(interaction, lambda responder: cog.answer(responder, self.sample))


class SamplesCog(BobbyCog, name="Samples"):
    """Shows what Bobby does with pictures of its own."""

    items = (SampleButton,)

    @commands.command(name="try", extras=Guide("look").extras())
    async def try_(self, context: BobbyContext) -> None:
        """Try me on a sample picture, no upload needed."""
        await context.responder.answer(self._offer())

    @app_commands.command(name="try")
    async def try_slash(self, interaction: Interaction) -> None:
        """Try me on a sample picture, no upload needed."""
        await InteractionResponder(interaction).answer(self._offer())

    async def answer(self, responder: Responder, sample: Sample) -> Reply:
        """Return the labels of `sample`, with the picture itself."""
        data = sample.read()
        labels = await self.bot.executor.submit(Classify(picture=data), responder.requester)
        name = f"{sample.name}.jpg"
        picture = Picture("", name, from_discord=True)
        view = discord.ui.View(timeout=None).add_item(Details.of(labels))
        reply = classification_reply([PictureResult(picture, labels)], sample.credit, view)
        embeds = (reply.embeds[0].set_image(url=f"attachment://{name}"),)
        upload = Upload(name, data, tr(sample.title))
        return Reply(reply.text, embeds, (*reply.uploads, upload), reply.view)

    def _offer(self) -> Reply:
        view = discord.ui.View(timeout=None)
        for sample in SAMPLES.values():
            view.add_item(SampleButton(sample))
        text = tr("Pick a picture and I'll tell you what I see. Or post your own.")
        return Reply(embeds=(discord.Embed(description=text, color=BLUE),), view=view)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(SamplesCog(bot))
