"""`!zebra`, `!transform` and `!cycle`: pictures through generators, and back again.

Also `/zebra`, `/transform`, `/cycle`, and "Zebra" in the message menu. One code path for all; they
differ only in which generator they mean and in how the picture is pointed at.
"""

import re
from dataclasses import dataclass

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.details_button import Details
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction
from bot.conversation.reply import Reply
from bot.core.errors import UnknownModel
from bot.core.i18n import tr
from bot.library.autocomplete import complete
from bot.pictures.picture import FoundPictures
from bot.replies.help import Guide
from bot.replies.translation import translated
from models.jobs.answers import Cycled, Translated
from models.jobs.requests import Cycle, Translate

MAX_PICTURES = 4
"""A translation costs as much as dozens of classifications."""
SMALLER = 4
"""When Discord refuses a file, the next one is to have at most so many times fewer bytes."""

_SIZE = re.compile(r"\bsize[:=] ?(\d{1,5})\b", re.IGNORECASE)

HORSE_OPTIONS = PICTURE_OPTIONS | {"picture": "The picture with the horse"}
SIZE_OPTION = "Short side in pixels while processing (default 256)"
Size = app_commands.Range[int, 32, 2048]


@dataclass(frozen=True, slots=True)
class TranslateOptions:
    """What is wanted: the pair (None is horse to zebra), the working size, and there or back."""

    pair: str | None = None
    size: int | None = None
    back_again: bool = False


def parse_options(
    text: str, *, names_pair: bool = False, back_again: bool = False
) -> TranslateOptions:
    """Read `size:N`, and the pair where the command takes one, from what stands behind it.

    Raises:
        UnknownModel: The command needs a pair and none is named.
    """
    size = _SIZE.search(text)
    words = _SIZE.sub(" ", text).split()
    if names_pair and not words:
        raise UnknownModel(
            tr("What should I turn into what? `/transform` suggests pairs as you type.")
        )
    return TranslateOptions(
        pair=words[0] if words and (names_pair or back_again) else None,
        size=int(size[1]) if size else None,
        back_again=back_again,
    )


class TransformCog(BobbyCog, name="Transform"):
    """Turns one kind of thing in a picture into another, horses into zebras first of all."""

    def __init__(self, bot: Bobby) -> None:
        super().__init__(bot, app_commands.ContextMenu(name="Zebra", callback=self.zebra_message))

    @commands.command(
        usage="[size:N] [link or @person]",
        extras=Guide("make", ("", "size:512"), MAX_PICTURES).extras(),
    )
    async def zebra(self, context: BobbyContext, *, text: str = "") -> None:
        """Turn horses into zebras."""
        question = Question.typed(context, text)
        await self._answer(question, parse_options(question.words))

    @commands.command(
        aliases=["translate"],
        usage="<pair> [size:N] [link or @person]",
        extras=Guide("make", ("apple2orange", "monet2photo size:512"), MAX_PICTURES).extras(),
    )
    async def transform(self, context: BobbyContext, *, text: str = "") -> None:
        """Turn one kind of thing into another, like apples into oranges."""
        question = Question.typed(context, text)
        await self._answer(question, parse_options(question.words, names_pair=True))

    @commands.command(
        usage="[pair] [size:N] [link or @person]",
        extras=Guide("make", ("", "apple2orange"), 1).extras(),
    )
    async def cycle(self, context: BobbyContext, *, text: str = "") -> None:
        """Turn a horse into a zebra and back again."""
        question = Question.typed(context, text)
        await self._answer(question, parse_options(question.words, back_again=True))

    @app_commands.command(name="zebra")
    @app_commands.describe(**HORSE_OPTIONS, size=SIZE_OPTION)
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
            Question.slash(interaction, picture, link, person), TranslateOptions(size=size)
        )

    @app_commands.command(name="transform")
    @app_commands.describe(
        pair="What to turn into what, like apple2orange", **PICTURE_OPTIONS, size=SIZE_OPTION
    )
    @app_commands.autocomplete(pair=complete("translate"))
    async def transform_slash(  # noqa: PLR0917  (discord.py passes the options by name)
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
            Question.slash(interaction, picture, link, person), TranslateOptions(pair, size)
        )

    @app_commands.command(name="cycle")
    @app_commands.describe(**HORSE_OPTIONS)
    async def cycle_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
    ) -> None:
        """Turn a horse into a zebra and back again."""
        wish = TranslateOptions(back_again=True)
        await self._answer(Question.slash(interaction, picture, link, person), wish)

    async def zebra_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Turn the horses in a message's pictures into zebras."""
        await self._answer(Question.inside(interaction, message), TranslateOptions())

    async def _answer(self, question: Question, wish: TranslateOptions) -> None:
        responder, most = question.responder, 1 if wish.back_again else MAX_PICTURES
        async with question.pictures(most, task="translate", model=wish.pair) as found:
            reply = await _translated(question, found, wish, responder.upload_limit)

        async def shrink() -> Reply:
            return await _translated(question, found, wish, responder.upload_limit // SMALLER)

        await responder.answer(reply, shrink)


async def _translated(
    question: Question, found: FoundPictures, wish: TranslateOptions, max_bytes: int
) -> Reply:
    async def ask(data: bytes) -> Translated | Cycled:
        if wish.back_again:
            # Three files go into one reply.
            most = max_bytes // 3
            cycle = Cycle(picture=data, max_bytes=most, model=wish.pair, size=wish.size)
            return await question.submit(cycle)
        job = Translate(picture=data, max_bytes=max_bytes, model=wish.pair, size=wish.size)
        return await question.submit(job)

    outcomes = await question.each(found, ask)
    view = Details.below(outcomes, discord.ui.View(timeout=None))
    return translated(outcomes, found.note, view)


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(TransformCog(bot))
