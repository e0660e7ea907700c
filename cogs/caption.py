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

from bot import pictures
from bot.asking import ask_each
from bot.buttons import answer_press
from bot.client import Bobby, BobbyContext
from bot.completion import completions
from bot.errors import NoPicture
from bot.exchange import Exchange, Interaction, InteractionExchange, Reply
from bot.language import tr
from bot.pictures import Find, Found
from bot.replies_caption import Described, alt_text, captioned, other_ways
from models.jobs import Caption, Captioned

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
    """Read `model:NAME` and a number of beams from what stands behind the command."""
    rest = pictures.read_words(text).rest
    model = _MODEL.search(rest)
    beams = _BEAMS.search(_MODEL.sub(" ", rest))
    return Wish(model=model[1] if model else None, beams=int(beams[1]) if beams else None)


class Alternatives(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"alternatives:(?P<kind>ask|in):(?P<channel>\d+):(?P<message>\d+)",
):
    """The button "Other ways to say it".

    `kind` tells whether the message asked (`ask`), or has the pictures itself (`in`).
    """

    def __init__(self, kind: str, channel_id: int, message_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=tr("Other ways to say it"),
                custom_id=f"alternatives:{kind}:{channel_id}:{message_id}",
            )
        )
        self.kind = kind
        self.channel_id = channel_id
        self.message_id = message_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(match["kind"], int(match["channel"]), int(match["message"]))

    async def callback(self, interaction: Interaction) -> None:
        """Answer whoever pressed, in private."""
        cog = interaction.client.get_cog("Caption")
        assert isinstance(cog, CaptionCog)
        await answer_press(interaction, lambda exchange: cog.say_otherwise(exchange, self))


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

    @commands.command(usage="[model:NAME] [beams] [link or @person]")
    async def caption(self, context: BobbyContext, *, text: str = "") -> None:
        """Say in English what a picture shows."""
        message = context.message
        await self._answer(
            context.exchange,
            lambda: pictures.find(self.bot, message, pictures.read_words(text)),
            read_wish(text),
            Alternatives("ask", message.channel.id, message.id),
        )

    @app_commands.command(name="caption")
    @app_commands.describe(
        picture="The picture to describe",
        link="Or a link to one",
        person="Or a person, for their avatar",
        model="The captioner to ask; the default one otherwise",
        beams="How many captions are searched side by side, 1 to 10",
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
        """Say in English what a picture shows."""
        await self._answer(
            InteractionExchange(interaction),
            lambda: pictures.pointed_at(interaction, picture, link, person),
            Wish(model, beams),
            None,
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
            InteractionExchange(interaction),
            lambda: pictures.inside(message),
            Wish(),
            Alternatives("in", message.channel.id, message.id),
        )

    async def describe_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer in private with a sentence that is ready to paste as alt text."""
        exchange = InteractionExchange(interaction, private=True)
        async with exchange.thinking():
            found = (await pictures.inside(message)).first(MAX_PICTURES)
            described = await self._describe(exchange, found, Wish())
        await exchange.answer(alt_text(described, found.note))

    async def say_otherwise(self, exchange: Exchange, button: Alternatives) -> Reply:
        """Return the answer to a press of the button, from the very message its id names."""
        found, wish = await self._asked_again(button)
        if wish.beams:
            wish = replace(wish, beams=max(wish.beams, FEWEST_BEAMS))
        return other_ways(await self._describe(exchange, found.first(MAX_PICTURES), wish))

    async def _asked_again(self, button: Alternatives) -> tuple[Found, Wish]:
        channel = self.bot.get_partial_messageable(button.channel_id)
        try:
            message = await channel.fetch_message(button.message_id)
        except discord.NotFound:
            raise NoPicture(tr("That picture is gone. Post it again and ask anew.")) from None
        if button.kind == "in":
            return await pictures.inside(message), Wish()
        context = await self.bot.get_context(message, cls=BobbyContext)
        text = context.view.read_rest().strip()
        return await pictures.find(self.bot, message, pictures.read_words(text)), read_wish(text)

    async def _answer(
        self, exchange: Exchange, find: Find, wish: Wish, button: Alternatives | None
    ) -> None:
        async with exchange.thinking():
            exchange.require_permissions()
            found = (await find()).first(MAX_PICTURES)
            found = found.noting(await self.bot.library.provide(exchange, "caption", wish.model))
            described = await self._describe(exchange, found, wish)
        view = None
        if button and any(not isinstance(one.result, str) for one in described):
            view = discord.ui.View(timeout=None).add_item(button)
        await exchange.answer(captioned(described, found.note, view))

    async def _describe(self, exchange: Exchange, found: Found, wish: Wish) -> list[Described]:
        async def ask(data: bytes) -> Captioned:
            job = Caption(picture=data, model=wish.model, beams=wish.beams)
            return await self.bot.executor.submit(job, exchange.asker)

        return await ask_each(self.bot.fetcher, exchange, found, ask)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(CaptionCog(bot))
