"""`!caption`, `/caption` and two entries of the message menu: what a picture shows, in English.

"Caption" answers in the channel, "Describe for alt text" in private. A button gives other ways to
say it; it carries what it needs in its id, so that it works after a restart as well.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.app.press import answer_press
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import ask_each
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.i18n import tr
from bot.library.autocomplete import completions
from bot.pictures import lookup
from bot.pictures.lookup import Find, Found
from bot.pictures.references import TEMPLATE, Source
from bot.replies.caption import Described, alt_text, captioned, other_ways
from models.jobs.answers import Captioned
from models.jobs.requests import Caption

MAX_PICTURES = 10
"""Discord shows at most ten embeds in a message."""
FEWEST_BEAMS = 4
"""Of a search for three other ways to say it: fewer beams would not find as many."""

Beams = app_commands.Range[int, 1, 10]

_MODEL = re.compile(r"\bmodel[:=] ?(\S+)", re.IGNORECASE)
_BEAMS = re.compile(r"\b(?:beams[:=] ?)?(10|[1-9])\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: the captioner and the number of beams; None leaves either to Bobby."""

    model: str | None = None
    beams: int | None = None


def read_wish(text: str) -> Wish:
    """Read a model and a number of beams from what stands behind the command.

    Whatever is neither is taken for the model's name, so that it is refused rather than ignored.
    """
    rest = lookup.parse_text(text).rest
    model = _MODEL.search(rest)
    rest = _MODEL.sub(" ", rest)
    beams = _BEAMS.search(rest)
    name = " ".join(_BEAMS.sub(" ", rest).split())
    return Wish(model=model[1] if model else name or None, beams=int(beams[1]) if beams else None)


class Alternatives(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"alternatives:{TEMPLATE}",
):
    """The button "Other ways to say it"."""

    def __init__(self, source: Source) -> None:
        super().__init__(
            discord.ui.Button(label=tr("More captions"), custom_id=f"alternatives:{source}")
        )
        self.source = source

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(Source.of(match))

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        cog = interaction.client.get_cog("Caption")
        assert isinstance(cog, CaptionCog)
        await answer_press(interaction, lambda responder: cog.say_otherwise(responder, self.source))


class CaptionCog(commands.Cog, name="Caption"):
    """Says in English what a picture shows."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot
        self.menus = (
            app_commands.ContextMenu(name="Caption", callback=self.caption_message),
            app_commands.ContextMenu(name="Describe for alt text", callback=self.describe_message),
        )

    async def cog_load(self) -> None:
        """Add what discord.py does not add by itself: the menu's entries and the button."""
        for menu in self.menus:
            self.bot.tree.add_command(menu)
        self.bot.add_dynamic_items(Alternatives)

    async def cog_unload(self) -> None:
        """Take them away again."""
        for menu in self.menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)
        self.bot.remove_dynamic_items(Alternatives)

    @commands.command(usage="[model:name] [beams] [link or @person]")
    async def caption(self, context: BobbyContext, *, text: str = "") -> None:
        """Describe a picture in one English sentence."""
        message = context.message
        await self._answer(
            context.responder,
            lambda: lookup.find(self.bot, message, lookup.parse_text(text)),
            read_wish(text),
            Source("ask", message.channel.id, message.id),
        )

    @app_commands.command(name="caption")
    @app_commands.describe(
        picture="The picture to describe",
        link="A link to a picture",
        person="Use this person's avatar",
        model="The captioner to ask; the default one otherwise",
        beams="Search width, 1 to 10 (higher is slower and sometimes better)",
    )
    async def caption_slash(  # noqa: PLR0917  (discord.py passes the options by name)
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str | None = None,
        beams: Beams | None = None,
    ) -> None:
        """Describe a picture in one English sentence."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            Wish(model, beams),
            Source("at", interaction.channel_id or 0, interaction.id),
        )

    @caption_slash.autocomplete("model")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the captioners whose name contains what was typed, those that are ready first."""
        return completions(self.bot.executor.models, "caption", typed)

    async def caption_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Say in English what every picture in a message shows."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.inside(message),
            Wish(),
            Source("in", message.channel.id, message.id),
        )

    async def describe_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer in private with a sentence that is ready to paste as alt text."""
        responder = InteractionResponder(interaction, private=True)
        async with responder.thinking():
            found = (await lookup.inside(message)).first(MAX_PICTURES)
            described = await self._describe(responder, found, Wish())
        await responder.answer(alt_text(described, found.note))

    async def say_otherwise(self, responder: Responder, source: Source) -> Reply:
        """Return the answer to a press of the button, about the pictures of `source`.

        Raises:
            NoPicture: They are gone.
        """
        found, text = await self.bot.asked.find(self.bot, source)
        wish = read_wish(text)
        if wish.beams:
            wish = replace(wish, beams=max(wish.beams, FEWEST_BEAMS))
        return other_ways(await self._describe(responder, found.first(MAX_PICTURES), wish))

    async def _answer(self, responder: Responder, find: Find, wish: Wish, source: Source) -> None:
        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(MAX_PICTURES)
            found = found.with_note(
                await self.bot.library.provide(responder, "caption", wish.model)
            )
            described = await self._describe(responder, found, wish)
        view = None
        if any(not isinstance(one.result, str) for one in described):
            view = discord.ui.View(timeout=None).add_item(Alternatives(source))
            self.bot.asked.note(source, found)
        await responder.answer(captioned(described, found.note, view))

    async def _describe(self, responder: Responder, found: Found, wish: Wish) -> list[Described]:
        async def ask(data: bytes) -> Captioned:
            job = Caption(picture=data, model=wish.model, beams=wish.beams)
            return await self.bot.executor.submit(job, responder.asker)

        return await ask_each(self.bot.fetcher, responder, found, ask)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(CaptionCog(bot))
