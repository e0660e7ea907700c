"""How a caption looks: the sentence, whether it is a guess, and other ways to say it."""

from collections.abc import Sequence
from typing import TypeAlias

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.formatting import escape
from bot.core.i18n import tr
from bot.replies.common import BLUE, error_embed, result_embed, short_receipt, small_print
from models.jobs.answers import Captioned

Described: TypeAlias = PictureResult[Captioned]


def sentence_of(caption: str) -> str:
    """Return a model's caption as a sentence, with a capital and a full stop."""
    return caption[:1].upper() + caption[1:] + "."


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


def alt_text(described: Sequence[Described], note: str | None = None) -> Reply:
    """Return captions ready to paste, for the person who asked alone."""
    parts = [small_print(note)]
    for one in described:
        if isinstance(one.result, str):
            parts.append(one.result)
        else:
            doubt = (
                ""
                if one.result.sure
                else "\n-# " + tr("I'm not sure about this one. Check it before you paste it.")
            )
            parts.append(f"```\n{sentence_of(one.result.caption)}\n```{doubt}")
    return Reply("\n".join(filter(None, parts)))


def _embed(one: Described, *, named: bool) -> discord.Embed:
    result = one.result
    if isinstance(result, str):
        return error_embed(one, named=named)
    text = escape(sentence_of(result.caption))
    if not result.sure:
        text = tr("I'm guessing: {text}", text=text[:1].lower() + text[1:])
    notes = [escape(tr(result.substitution))] if result.substitution else []
    embed = result_embed(one.picture, text, notes, result, sure=result.sure, named=named)
    return embed.set_footer(text=short_receipt(result))
