"""How the words of a picture look: its text, marked where it may be wrong, and what is missing.

What stands in a picture is untrusted: it is escaped, so that it can neither ping, format nor link.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply, Upload
from bot.core.formatting import escape
from bot.core.i18n import tr, tr_n
from bot.pictures.picture import Picture
from bot.replies.common import GRAY, error_embed, result_embed, small_print
from models.jobs.answers import Located, ReadText, TextLine

WordsOf: TypeAlias = PictureResult[ReadText]

MOST_SHOWN = 1800
"""Characters of one picture's text that are shown; a file has all of them."""
MOST_TOGETHER = 4500
"""Characters of all pictures' texts: Discord takes embeds of 6,000 in a message."""
UNSURE = "(?)"

_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def read_reply(
    read: Sequence[WordsOf],
    note: str | None = None,
    view: discord.ui.View | None = None,
    hint: str | None = None,
) -> Reply:
    """Return the reply to a question for words, an embed for each picture.

    `note` says how the picture was found, where that is not plain; `view` has the buttons; `hint`
    says what would help with words that nobody here can spell.
    """
    room = min(MOST_SHOWN, MOST_TOGETHER // len(read))
    embeds: list[discord.Embed] = []
    uploads: list[Upload] = []
    for number, one in enumerate(read, start=1):
        named = len(read) > 1
        if isinstance(one.result, str):
            embeds.append(error_embed(one, named=named))
            continue
        text = one.result
        shown = _marked(text, room)
        notes = [*remarks(text), *([hint] if hint and text.illegible else [])]
        if _is_cut(text, room):
            notes.append(tr("The attached file has the whole text."))
            name = f"words-{number}.txt"
            uploads.append(Upload(name, plain(text).encode(), name, spoiler=one.picture.spoiler))
        if text.substitution:
            notes.append(escape(tr(text.substitution)))
        body = shown or nothing(text)
        embed = result_embed(one.picture, body, notes, text, sure=bool(shown), named=named)
        embeds.append(embed)
    return Reply(small_print(note), tuple(embeds), tuple(uploads), view)


def located_reply(picture: Picture, located: Located) -> Reply:
    """Return the reply that shows where the lines of `picture` are, numbered as in its text."""
    lines = located.text.lines
    if not lines:
        return Reply(embeds=(discord.Embed(description=nothing(located.text), color=GRAY),))
    listed = [f"**{number}** {escape(line.text)}" for number, line in enumerate(lines, start=1)]
    shown, used = [], 0
    for line in listed:
        used += len(line) + 1
        if used > MOST_SHOWN:
            shown.append("…")
            break
        shown.append(line)
    embed = result_embed(picture, "\n".join(shown), [], located, sure=True, named=False)
    alt = tr("{name} with a numbered box around each line of text", name=picture.name)
    upload = Upload("where.jpg", located.image.data, alt, spoiler=picture.spoiler)
    if not picture.spoiler:
        embed.set_image(url=f"attachment://{upload.name}")
    return Reply(embeds=(embed,), uploads=(upload,))


def code_reply(read: Sequence[WordsOf]) -> Reply:
    """Return each picture's text as a block of code, or as a file where it is too long."""
    parts: list[str] = []
    uploads: list[Upload] = []
    room = MOST_SHOWN // len(read)
    for number, one in enumerate(read, start=1):
        if isinstance(one.result, str):
            parts.append(one.result)
        elif not one.result.lines:
            parts.append(nothing(one.result))
        elif len(text := code_block(plain(one.result))) <= room:
            parts.append(text)
        else:
            name = f"words-{number}.txt"
            uploads.append(Upload(name, plain(one.result).encode(), name))
    if uploads:
        parts.append(tr("The attached file has the whole text."))
    return Reply("\n".join(parts), uploads=tuple(uploads))


def code_block(text: str) -> str:
    """Return `text`, whatever is in it, as a block of code."""
    return "```\n" + text.replace("```", "`\u200b`\u200b`") + "\n```"


def plain(text: ReadText) -> str:
    """Return the words as they would be typed: wrapped lines joined, paragraphs a line apart."""
    found = ""
    before: TextLine | None = None
    for line in text.lines:
        found += _between(before, line) + _visible(line.text)
        before = line
    return found


def words_in(lines: Sequence[TextLine], room: int) -> str:
    """Return the words of `lines` in so many characters, on one line.

    Where not all have room, the lines with the largest letters stay, of the last of them its first
    words.
    """
    kept: dict[int, str] = {}
    for number in sorted(range(len(lines)), key=lambda at: -_letter_height(lines[at])):
        whole = " ".join(_visible(lines[number].text).split())
        fits = shorten(whole, room)
        if fits:
            kept[number] = fits
            room -= len(fits) + 1
        if fits != whole:
            break
    return " ".join(kept[number] for number in sorted(kept))


def shorten(text: str, room: int) -> str:
    """Return as many whole words of `text` as have room."""
    if len(text) <= room:
        return text
    return text[: max(room + 1, 0)].rpartition(" ")[0]


def remarks(text: ReadText) -> list[str]:
    """Return what people should know of a text: what is unsure in it, and what is not in it."""
    notes = []
    if any(line.unsure for line in text.lines):
        notes.append(tr("{mark} marks words I'm not sure about", mark=UNSURE))
    if text.lines and text.illegible:
        notes.append(
            tr_n(
                "Left out 1 line I couldn't make out",
                "Left out {count} lines I couldn't make out",
                text.illegible,
            )
        )
    if text.unread:
        notes.append(
            tr_n(
                "The largest letters, and 1 more line",
                "The largest letters, and {count} more lines",
                text.unread,
            )
        )
    return notes


def nothing(text: ReadText) -> str:
    """Return the sentence that says why there is no text."""
    if text.illegible:
        return tr("There are words in this picture, but I can't spell them.")
    return tr("I don't see any words in this picture.")


def _marked(text: ReadText, room: int) -> str:
    """Return the first of the text, as it is to stand in a message, in so many characters."""
    found = ""
    before: TextLine | None = None
    for line in text.lines:
        words = [
            escape(word) + (UNSURE if number in line.unsure else "")
            for number, word in enumerate(line.text.split())
        ]
        more = _between(before, line) + " ".join(words)
        if len(found) + len(more) > room:
            return found + "\n…"
        found += more
        before = line
    return found


def _is_cut(text: ReadText, room: int) -> bool:
    return _marked(text, room).endswith("\n…")


def _visible(line: str) -> str:
    """Return `line` without characters that hide or turn what stands there."""
    return "".join(one for one in line if unicodedata.category(one)[0] != "C")


def _between(before: TextLine | None, line: TextLine) -> str:
    if before is None:
        return ""
    if before.paragraph != line.paragraph:
        return "\n\n"
    if not before.wrapped:
        return "\n"
    tight = _IDEOGRAPH.match(before.text[-1:]) and _IDEOGRAPH.match(line.text[:1])
    return "" if tight else " "


def _letter_height(line: TextLine) -> float:
    (x0, y0), (x1, y1), _, (x3, y3) = zip(line.corners[::2], line.corners[1::2], strict=True)
    return min(float((x1 - x0) ** 2 + (y1 - y0) ** 2), float((x3 - x0) ** 2 + (y3 - y0) ** 2))
