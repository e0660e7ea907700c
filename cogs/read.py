"""`!read`, `/read` and "Read the words" in the message menu: the words in a picture.

Buttons below the answer show where the words are, and give them as code or as alt text; they carry
what they need in their ids, so that they work after a restart as well.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.alt_text import described
from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.press import answer_press_about
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction
from bot.conversation.per_picture import ask_one
from bot.conversation.reply import Reply
from bot.core.i18n import KOREAN, current_language, later, tr
from bot.library.autocomplete import complete
from bot.library.search import without_talk
from bot.pictures.picture import FoundPictures
from bot.pictures.references import TEMPLATE, PictureRef
from bot.replies.help import Guide
from bot.replies.read import WordsOf, code_reply, located_reply, read_reply
from models.jobs.answers import Located, ReadText
from models.jobs.requests import Locate, Read

MAX_PICTURES = 10
"""Discord shows at most ten embeds in a message."""

READERS = {KOREAN: "read-korean"}
"""Who reads first for people who speak a language whose letters the default can't spell."""


class WordsButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"words:(?P<does>\w+):{TEMPLATE}",
):
    """A button that does one more thing with the words of the pictures at `source`."""

    def __init__(self, does: str, source: PictureRef) -> None:
        super().__init__(
            discord.ui.Button(label=tr(PRESSED[does].label), custom_id=f"words:{does}:{source}")
        )
        self.does = does
        self.source = source

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(match["does"], PictureRef.of(match))

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        await answer_press_about(interaction, self.source, PRESSED[self.does].make)


class ReadCog(BobbyCog, name="Read"):
    """Reads the words in a picture."""

    items = (WordsButton,)

    def __init__(self, bot: Bobby) -> None:
        menu = app_commands.ContextMenu(name="Read the words", callback=self.read_message)
        super().__init__(bot, menu)

    @commands.command(
        usage="[model] [link or @person]",
        extras=Guide("look", ("", "read-korean"), MAX_PICTURES).extras(),
    )
    async def read(self, context: BobbyContext, *, text: str = "") -> None:
        """Read the words in a picture."""
        await self._answer(Question.typed(context, text))

    @app_commands.command(name="read")
    @app_commands.describe(**PICTURE_OPTIONS, model="Which reader to ask first")
    @app_commands.autocomplete(model=complete("read"))
    async def read_slash(
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str = "",
    ) -> None:
        """Read the words in a picture."""
        await self._answer(Question.slash(interaction, picture, link, person, model))

    async def read_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Read the words in every picture of a message."""
        await self._answer(Question.inside(interaction, message))

    async def _answer(self, question: Question) -> None:
        model, talk = _wanted(question)
        async with question.pictures(MAX_PICTURES, task="read", model=model) as found:
            read = await _read(question, found, model)
        view = None
        if any(isinstance(one.result, ReadText) and one.result.lines for one in read):
            view = discord.ui.View(timeout=None)
            for does in PRESSED:
                view.add_item(WordsButton(does, question.source))
        note = found.with_note(talk).note
        await question.responder.answer(read_reply(read, note, view, _hint(question)))


def _wanted(question: Question) -> tuple[str | None, str | None]:
    """Return the reader that is meant, None for the default, and a note on what was only talk."""
    cards = question.bot.executor.models
    words, talk = without_talk(cards, question.words)
    if words.strip():
        return words, talk
    theirs = READERS.get(current_language())
    here = any(card.name == theirs and card.ready for card in cards)
    return (theirs if here else None), talk


def _hint(question: Question) -> str | None:
    """Return what the bot owner could do about words that nobody here can spell."""
    absent = {card.name for card in question.bot.executor.models if not card.ready}
    if "read-korean" not in absent:
        return None
    return tr("To read Korean, the bot owner can run `bobby fetch read-korean`")


async def _read(question: Question, found: FoundPictures, model: str | None) -> list[WordsOf]:
    async def ask(data: bytes) -> ReadText:
        return await question.submit(Read(picture=data, model=model))

    return await question.each(found, ask)


async def _locate(question: Question) -> Reply:
    model, _ = _wanted(question)
    found = await question.first(1)

    async def ask(data: bytes) -> Located:
        return await question.submit(Locate(picture=data, model=model))

    (picture,) = found.pictures
    located = await ask_one(question.bot.fetcher, question.responder, picture, ask)
    return located_reply(picture, located)


async def _copy(question: Question) -> Reply:
    model, _ = _wanted(question)
    return code_reply(await _read(question, await question.first(MAX_PICTURES), model))


async def _describe(question: Question) -> Reply:
    return await described(question, await question.first(MAX_PICTURES))


@dataclass(frozen=True)
class _Pressed:
    """What a button says, and what it makes of a question."""

    label: str
    make: Callable[[Question], Awaitable[Reply]]


PRESSED: Mapping[str, _Pressed] = {
    "where": _Pressed(later("Show where"), _locate),
    "code": _Pressed(later("Copy as code"), _copy),
    "alt": _Pressed(later("Alt text"), _describe),
}
"""The buttons below an answer, by what they do."""


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ReadCog(bot))
