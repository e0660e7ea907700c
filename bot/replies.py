"""How an answer looks: embeds, bars, alt text and the receipt.

Owns the words and the look; sends nothing. Whatever comes from a person or a model (file names,
labels, model names) is untrusted text and escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord.utils import escape_markdown

from bot.exchange import Reply, Upload
from bot.pictures import CROP_NAME, Picture
from models.jobs import Label, Labels

BLUE = discord.Colour(0x4A7DFF)
GREY = discord.Colour(0x8A8F98)
RED = discord.Colour(0xD9534F)

BAR_CELLS = 8


@dataclass(frozen=True, slots=True)
class Classified:
    """One picture of a question and what became of it: its labels, or a sentence why not."""

    picture: Picture
    outcome: Labels | str


def bar(probability: float, cells: int = BAR_CELLS) -> str:
    """Return `probability` in [0, 1] as a bar of `cells` characters.

    The empty part has a character of its own: Discord may drop spaces at the end of code.
    """
    full = round(min(max(probability, 0.0), 1.0) * cells)
    return "█" * full + "░" * (cells - full)


def percent(probability: float) -> str:
    """Return `probability` in [0, 1] as people read it: `96.3 %`."""
    return f"{probability * 100:.1f} %"


def sentence(text: str) -> Reply:
    """Return a reply that is one sentence in an embed of its own, as for an error."""
    return Reply(embeds=(discord.Embed(description=text, colour=RED),))


def classified(results: Sequence[Classified], note: str | None = None) -> Reply:
    """Return the reply to a classification of one to ten pictures, an embed for each.

    `note` says how the picture was found, where that is not plain.
    """
    embeds: list[discord.Embed] = []
    uploads: list[Upload] = []
    for number, result in enumerate(results, start=1):
        title = result.picture.name if len(results) > 1 else None
        if isinstance(result.outcome, str):
            embeds.append(_refused(result.outcome, title, hidden=result.picture.spoiler))
            continue
        embed = _labelled(result.outcome, title, hidden=result.picture.spoiler)
        upload = _crop(result.outcome, result.picture, number)
        uploads.append(upload)
        if not upload.spoiler:
            embed.set_thumbnail(url=f"attachment://{upload.name}")
        embeds.append(embed)
    return Reply(f"-# {note}" if note else None, tuple(embeds), tuple(uploads))


def _refused(why: str, title: str | None, *, hidden: bool) -> discord.Embed:
    return discord.Embed(title=_title(title, hidden=hidden), description=why, colour=RED)


def _labelled(labels: Labels, title: str | None, *, hidden: bool) -> discord.Embed:
    lines = [_line(label) for label in labels.top]
    best = escape_markdown(labels.top[0].label)
    head = f"**{best}**" if labels.sure else f"**Not sure.** Perhaps {best}?"
    body = "\n".join([head, *lines])
    notes = [f"-# {text}" for text in _notes(labels)]
    embed = discord.Embed(
        title=_title(title, hidden=hidden),
        description="\n".join([f"||{body}||" if hidden else body, *notes]),
        colour=BLUE if labels.sure else GREY,
    )
    return embed.set_footer(text=receipt(labels))


def _title(name: str | None, *, hidden: bool) -> str | None:
    if name is None:
        return None
    shown = escape_markdown(name)
    shown = shown if len(shown) <= 200 else f"{name[:100]}…"
    return f"||{shown}||" if hidden else shown


def _line(label: Label) -> str:
    figure = f"{bar(label.probability)} {percent(label.probability):>7}"
    return f"`{figure}` {escape_markdown(label.label)}"


def _notes(labels: Labels) -> list[str]:
    notes = []
    if labels.frames > 1:
        notes.append(f"frame 1 of {labels.frames}")
    if labels.substitution:
        notes.append(escape_markdown(labels.substitution))
    return notes


def receipt(labels: Labels) -> str:
    """Return the small print of an answer: model, weights, device and milliseconds."""
    took = f"{labels.milliseconds:.0f} ms"
    if labels.batch_size > 1:
        took += f" (batch of {labels.batch_size})"
    return " · ".join([labels.model, labels.weights, labels.device, took])


def _crop(labels: Labels, picture: Picture, number: int) -> Upload:
    best = labels.top[0]
    seen = f"{percent(best.probability)} {best.label}"
    return Upload(
        f"{CROP_NAME}{number}.png",
        labels.crop,
        f"The part of {picture.name} that the network saw. Its most likely label: {seen}.",
        spoiler=picture.spoiler,
    )
