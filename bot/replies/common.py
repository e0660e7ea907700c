"""How an answer looks: embeds, bars, alt text and the receipt.

Owns the words and the look; sends nothing. Whatever comes from a person or a model (file names,
labels, model names) is untrusted text and escaped.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply, Upload
from bot.core.formatting import escape
from bot.core.i18n import label, later, tr
from bot.pictures.contents import CROP_NAME
from bot.pictures.picture import Picture
from bot.replies.text import bar, percent, receipt
from models.jobs.answers import Label, Labels, PictureAnswer
from models.jobs.base import Said

BLUE = discord.Color(0x4A7DFF)
GRAY = discord.Color(0x8A8F98)
RED = discord.Color(0xD9534F)

TITLE_LENGTH = 60
"""Characters of a file's name that are shown."""
LIKELY = 0.5
"""Below this probability even a label that stands out is only probable."""


Classified: TypeAlias = PictureResult[Labels]


def error_reply(text: str, color: discord.Color = RED) -> Reply:
    """Return a reply that is one sentence in an embed of its own; red is for errors alone."""
    return Reply(embeds=(discord.Embed(description=text, color=color),))


def error_embed(outcome: PictureResult[Any], *, named: bool) -> discord.Embed:
    """Return the embed of a picture that has no answer: the sentence why not."""
    title = _title(outcome.picture, named=named)
    return discord.Embed(title=title, description=str(outcome.result), color=RED)


def result_embed(
    picture: Picture,
    body: str,
    notes: Sequence[str],
    answer: PictureAnswer,
    *,
    sure: bool,
    named: bool,
) -> discord.Embed:
    """Return the embed of a picture's `answer`, which says `body`, with the receipt below.

    `notes` are small print, behind the answer's own; of a spoiler the body hides and they don't. An
    answer that is not `sure` is gray. `named` shows the picture's name, where there are several.
    """
    shown = f"||{body}||" if picture.spoiler else body
    small = [*map(tr, answer.notes), *notes]
    embed = discord.Embed(
        title=_title(picture, named=named),
        description="\n".join([shown, *(f"-# {note}" for note in small)]),
        color=BLUE if sure else GRAY,
    )
    return embed.set_footer(text=receipt(answer))


def small_print(note: str | None) -> str | None:
    """Return a note on how the pictures were found as the small print above a reply."""
    return f"-# {note}" if note else None


OUTSIDE = later("My labels cover animals and objects, not people, faces or text.")
"""What may be wrong with a picture of which no label is sure, where the labels are ImageNet's."""


def classification_reply(
    results: Sequence[Classified],
    note: str | None = None,
    view: discord.ui.View | None = None,
    unsure: str | None = OUTSIDE,
    prefix: str | None = None,
) -> Reply:
    """Return the reply to a classification of one to ten pictures, an embed for each.

    `note` says how the picture was found, where that is not plain; `view` has the buttons; `unsure`
    is said once, where an answer is not sure; with a `prefix` it points to `read`. All
    embeds together stay under Discord's 6,000 characters: why another model has answered is said
    once.
    """
    embeds: list[discord.Embed] = []
    substitution: Said | None = None
    uploads: list[Upload] = []
    for number, result in enumerate(results, start=1):
        labels, named = result.result, len(results) > 1
        if isinstance(labels, str):
            embeds.append(error_embed(result, named=named))
            continue
        notes: list[str] = []
        if labels.substitution and labels.substitution != substitution:
            substitution = labels.substitution
            notes.append(escape(tr(substitution)))
        if unsure and not labels.sure:
            notes.append(tr(unsure))
            if prefix:
                notes.append(tr("To read text in a picture, use `{prefix}read`", prefix=prefix))
            unsure = None
        body = _named(labels)
        embed = result_embed(result.picture, body, notes, labels, sure=labels.sure, named=named)
        crop = tr("Small picture: what I looked at")
        embed.set_footer(text=f"{short_receipt(labels)} · {crop}")
        upload = _crop(labels, result.picture, number)
        uploads.append(upload)
        if not upload.spoiler:
            embed.set_thumbnail(url=f"attachment://{upload.name}")
        embeds.append(embed)
    return Reply(small_print(note), tuple(embeds), tuple(uploads), view)


def _named(labels: Labels) -> str:
    best = escape(label(labels.top[0].label))
    head = f"**{best}**"
    if not labels.sure:
        head = tr("**Not sure.** Maybe {best}?", best=best)
    elif labels.top[0].probability < LIKELY:
        head = tr("Probably **{best}**", best=best)
    return f"{head}\n{label_lines(labels)}"


def label_lines(labels: Labels) -> str:
    """Return a line a label: a bar, the probability and the label."""
    return "\n".join(map(_line, labels.top))


def _title(picture: Picture, *, named: bool) -> str | None:
    """Return a file's name as an embed's title: escaped, short, hidden if it is a spoiler's."""
    if not named:
        return None
    name = picture.name
    shown = escape(name if len(name) <= TITLE_LENGTH else f"{name[:TITLE_LENGTH]}…")
    return f"||{shown}||" if picture.spoiler else shown


def _line(seen: Label) -> str:
    figure = f"{bar(seen.probability)} {percent(seen.probability):>7}"
    return f"`{figure}` {escape(label(seen.label))}"


def short_receipt(answer: PictureAnswer) -> str:
    """Return what of the receipt is for everybody; the rest stands behind *Details*."""
    return f"{answer.model} · {answer.milliseconds:.0f} ms"


def _crop(labels: Labels, picture: Picture, number: int) -> Upload:
    best = labels.top[0]
    seen = f"{percent(best.probability)} {label(best.label)}"
    return Upload(
        f"{CROP_NAME}{number}.jpg",
        labels.crop,
        tr(
            "The part of {name} the model looked at. Top label: {seen}.",
            name=picture.name,
            seen=seen,
        ),
        spoiler=picture.spoiler,
    )
