"""How a caption looks: the sentence, whether it is a guess, and other ways to say it."""

from collections.abc import Sequence
from typing import TypeAlias

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.formatting import escape
from bot.core.i18n import tr
from bot.replies.common import BLUE, error_embed, result_embed, short_receipt, small_print
from bot.replies.read import words_in
from bot.replies.text import sentence_of
from models.jobs.answers import Captioned, TextLine

FEW_LINES = 3
"""More lines of text than these, and a picture is taken for a page."""
MOST_WORDS = 300
"""Characters of a picture's words beside its caption."""

Described: TypeAlias = PictureResult[Captioned]


def captioned(
    described: Sequence[Described], note: str | None = None, view: discord.ui.View | None = None
) -> Reply:
    """Return the reply to a question for captions, an embed for each picture.

    `note` says how the picture was found, where that is not plain; `view` has the buttons.
    """
    embeds = tuple(_embed(one, named=len(described) > 1) for one in described)
    return Reply(small_print(note), embeds, view=view)


def other_ways(described: Sequence[Described]) -> Reply:
    """Return the alternatives of each picture's caption."""
    parts = [
        one.result
        if isinstance(one.result, str)
        else "\n".join(f"- {escape(sentence_of(text))}" for text in one.result.alternatives)
        or tr("I know no other way to say it.")
        for one in described
    ]
    return Reply(embeds=(discord.Embed(description="\n\n".join(parts), color=BLUE),))


def is_about_words(lines: Sequence[TextLine], *, sure: bool) -> bool:
    """Tell whether a picture is told by its words alone: a caption of a page is made up."""
    return bool(lines) and (not sure or len(lines) > FEW_LINES)


def _embed(one: Described, *, named: bool) -> discord.Embed:
    result = one.result
    if isinstance(result, str):
        return error_embed(one, named=named)
    text = escape(sentence_of(result.caption))
    words = escape(words_in(result.words, MOST_WORDS))
    if is_about_words(result.words, sure=result.sure):
        text = tr("A picture with the words “{words}”.", words=words)
    elif result.words:
        text += "\n" + tr("It says “{words}”.", words=words)
    elif not result.sure:
        text = tr("I'm guessing: {text}", text=text[:1].lower() + text[1:])
    notes = [escape(tr(result.substitution))] if result.substitution else []
    sure = result.sure or bool(result.words)
    embed = result_embed(one.picture, text, notes, result, sure=sure, named=named)
    return embed.set_footer(text=short_receipt(result))
