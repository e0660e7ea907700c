"""How alt text looks: what a picture shows and the words in it, as long as Discord takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.i18n import tr
from bot.replies.caption import is_about_words
from bot.replies.common import small_print
from bot.replies.read import code_block, words_in
from bot.replies.text import sentence_of
from models.jobs.answers import Captioned, ReadText

MOST = 1024
"""Characters of an alt text; Discord takes no longer one."""


@dataclass(frozen=True)
class AltText:
    """What is known of a picture: its caption, and its words where they could be read."""

    captioned: Captioned
    text: ReadText | None


def alt_text_reply(described: Sequence[PictureResult[AltText]], note: str | None = None) -> Reply:
    """Return texts ready to paste, for the person who asked alone."""
    parts = [small_print(note)]
    for one in described:
        if isinstance(one.result, str):
            parts.append(one.result)
            continue
        parts.append(code_block(alt_text(one.result)))
        if not one.result.captioned.sure:
            parts.append("-# " + tr("I'm not sure about this one. Check it before you paste it."))
    return Reply("\n".join(filter(None, parts)))


def alt_text(known: AltText, most: int = MOST) -> str:
    """Return one line of at most `most` characters, in English as captions are.

    It says what the picture shows, unless that is its words alone, then the words: whole ones, and
    the largest letters where not all have room.
    """
    lines = known.text.lines if known.text else known.captioned.words
    if not lines:
        return sentence_of(known.captioned.caption)
    only_words = is_about_words(lines, sure=known.captioned.sure)
    shown = "" if only_words else f"{sentence_of(known.captioned.caption)} "
    begin, end = ("A picture with the words “" if only_words else "It says “"), "”."
    room = most - len(shown) - len(begin) - len(end)
    return f"{shown}{begin}{words_in(lines, room)}{end}"
