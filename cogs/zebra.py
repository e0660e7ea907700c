"""`!zebra`, `!translate` and `!cycle`: pictures through generators, and back again.

Also `/zebra`, `/translate`, `/cycle`, and "Zebra" in the message menu. One code path for all; they
differ only in which generator they mean and in how the picture is pointed at.
"""

import re
from dataclasses import dataclass

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby, BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import ask_each
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import UnknownModel
from bot.core.i18n import tr
from bot.library.autocomplete import completions
from bot.pictures import lookup
from bot.pictures.lookup import Find, Found
from bot.replies.translation import translated
from models.jobs.answers import Cycled, Translated
from models.jobs.requests import Cycle, Translate

MAX_PICTURES = 4
"""A translation costs as much as dozens of classifications."""
SMALLER = 4
"""When Discord refuses a file, the next one is to have at most so many times fewer bytes."""

_SIZE = re.compile(r"\bsize[:=] ?(\d{1,5})\b", re.IGNORECASE)

Size = app_commands.Range[int, 32, 2048]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted: the pair (None is horse to zebra), the working size, and there or back."""

    pair: str | None = None
    size: int | None = None
    back_again: bool = False


def read_wish(text: str, *, names_pair: bool = False, back_again: bool = False) -> Wish:
    """Read `size:N`, and the pair where the command takes one, from what stands behind it.

    Raises:
        UnknownModel: The command needs a pair and none is named.
    """
    size = _SIZE.search(text)
    words = _SIZE.sub(" ", text).split()
    if names_pair and not words:
        raise UnknownModel(
            tr("What should I turn into what? `/translate` suggests pairs as you type.")
        )
    return Wish(
        pair=words[0] if words and (names_pair or back_again) else None,
        size=int(size[1]) if size else None,
        back_again=back_again,
    )


class TranslateCog(commands.Cog, name="Translate"):
    """Turns one kind of thing in a picture into another, horses into zebras first of all."""

    def __init__(self, bot: Bobby) -> None:
        self.bot = bot
        self.menu = app_commands.ContextMenu(name="Zebra", callback=self.zebra_message)

    async def cog_load(self) -> None:
        """Add the entry of the message menu, which discord.py does not do by itself."""
        self.bot.tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        """Take the entry of the message menu away again."""
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)

    @commands.command(usage="[size:N] [link or @person]")
    async def zebra(self, context: BobbyContext, *, text: str = "") -> None:
        """Turn horses into zebras."""
        words = lookup.parse_text(text)
        await self._answer(context.responder, self._find(context, words), read_wish(words.rest))

    @commands.command(usage="<pair> [size:N] [link or @person]")
    async def translate(self, context: BobbyContext, *, text: str = "") -> None:
        """Turn one kind of thing into another, like apples into oranges."""
        words = lookup.parse_text(text)
        wish = read_wish(words.rest, names_pair=True)
        await self._answer(context.responder, self._find(context, words), wish)

    @commands.command(usage="[pair] [size:N] [link or @person]")
    async def cycle(self, context: BobbyContext, *, text: str = "") -> None:
        """Turn a horse into a zebra and back again."""
        words = lookup.parse_text(text)
        wish = read_wish(words.rest, back_again=True)
        await self._answer(context.responder, self._find(context, words), wish)

    def _find(self, context: BobbyContext, words: lookup.Words) -> Find:
        return lambda: lookup.find(self.bot, context.message, words)

    @app_commands.command(name="zebra")
    @app_commands.describe(
        picture="The picture with the horse",
        link="A link to a picture",
        person="Use this person's avatar",
        size="Short side in pixels while processing (default 256)",
    )
    async def zebra_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        size: Size | None = None,
    ) -> None:
        """Turn horses into zebras."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            Wish(size=size),
        )

    @app_commands.command(name="translate")
    @app_commands.describe(
        pair="What to turn into what, like apple2orange",
        picture="The picture",
        link="A link to a picture",
        person="Use this person's avatar",
        size="Short side in pixels while processing (default 256)",
    )
    async def translate_slash(  # noqa: PLR0917  (discord.py passes the options by name)
        self,
        interaction: Interaction,
        pair: str,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        size: Size | None = None,
    ) -> None:
        """Turn one kind of thing into another, like apples into oranges."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            Wish(pair, size),
        )

    @translate_slash.autocomplete("pair")
    async def complete_pair(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the pairs whose name contains what was typed, those that are ready first."""
        return completions(self.bot.executor.models, "translate", typed)

    @app_commands.command(name="cycle")
    @app_commands.describe(
        picture="The picture with the horse",
        link="A link to a picture",
        person="Use this person's avatar",
    )
    async def cycle_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
    ) -> None:
        """Turn a horse into a zebra and back again."""
        await self._answer(
            InteractionResponder(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
            Wish(back_again=True),
        )

    async def zebra_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Turn the horses in a message's pictures into zebras."""
        await self._answer(
            InteractionResponder(interaction), lambda: lookup.inside(message), Wish()
        )

    async def _answer(self, responder: Responder, find: Find, wish: Wish) -> None:
        async with responder.thinking():
            responder.require_permissions()
            found = (await find()).first(1 if wish.back_again else MAX_PICTURES)
            found = found.with_note(
                await self.bot.library.provide(responder, "translate", wish.pair)
            )
            reply = await self._translated(responder, found, wish, responder.upload_limit)

        async def shrink() -> Reply:
            less = responder.upload_limit // SMALLER
            return await self._translated(responder, found, wish, less)

        await responder.answer(reply, shrink)

    async def _translated(
        self, responder: Responder, found: Found, wish: Wish, max_bytes: int
    ) -> Reply:
        submit, asker = self.bot.executor.submit, responder.asker

        async def ask(data: bytes) -> Translated | Cycled:
            if wish.back_again:
                # Three files go into one reply.
                most = max_bytes // 3
                cycle = Cycle(picture=data, max_bytes=most, model=wish.pair, size=wish.size)
                return await submit(cycle, asker)
            job = Translate(picture=data, max_bytes=max_bytes, model=wish.pair, size=wish.size)
            return await submit(job, asker)

        return translated(await ask_each(self.bot.fetcher, responder, found, ask), found.note)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(TranslateCog(bot))
