"""How a translation looks: the picture, the verdict, and what the generator worked at."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord.utils import escape_markdown

from bot.exchange import Reply, Upload
from bot.pictures import Picture
from bot.replies import BLUE, GREY, RED, percent, shown_name
from models.jobs import Cycled, Image, Label, Translated, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """One picture of a question and what became of it: its translation, or a sentence why not."""

    picture: Picture
    result: Translated | Cycled | str


def translated(outcomes: Sequence[Outcome], note: str | None = None) -> Reply:
    """Return the reply to a translation of one or more pictures, an embed for each.

    `note` says how the picture was found, where that is not plain.
    """
    embeds: list[discord.Embed] = []
    uploads: list[Upload] = []
    for number, outcome in enumerate(outcomes, start=1):
        title = outcome.picture.name if len(outcomes) > 1 else None
        match outcome.result:
            case str(why):
                embed = discord.Embed(description=why, colour=RED)
                files: list[Upload] = []
            case Translated() as result:
                embed, files = _one_way(result, outcome.picture, number)
            case Cycled() as result:
                embed, files = _there_and_back(result, outcome.picture, number)
        embed.title = shown_name(title, hidden=outcome.picture.spoiler)
        if files and not outcome.picture.spoiler:
            embed.set_image(url=f"attachment://{files[0].name}")
        embeds.append(embed)
        uploads += files
    return Reply(f"-# {note}" if note else None, tuple(embeds), tuple(uploads))


def _one_way(
    result: Translated, picture: Picture, number: int
) -> tuple[discord.Embed, list[Upload]]:
    worked = f"worked at {result.working_width}×{result.working_height}"
    notes = [f"{worked}, given back at {result.image.width}×{result.image.height}"]
    if result.frames_in_all > 1:
        notes.append(f"{result.frames} of {result.frames_in_all} frames")
    alt = f"{picture.name} after {result.model}. {verdict(result.verdict)}."
    upload = _upload(result.image, f"{result.model}-{number}", alt, picture)
    return _embed(result, notes, hidden=picture.spoiler), [upload]


def _there_and_back(
    result: Cycled, picture: Picture, number: int
) -> tuple[discord.Embed, list[Upload]]:
    way = f"there by {result.model}, back by {result.inverse}"
    notes = [f"{way}; on average {percent(result.difference)} of the range away from the original"]
    stages = {"original": result.original, "there": result.there, "back": result.back}
    uploads = [
        _upload(image, f"{stage}-{number}", f"{picture.name}: {stage}.", picture)
        for stage, image in stages.items()
    ]
    return _embed(result, notes, hidden=picture.spoiler), uploads


def _embed(result: Translated | Cycled, notes: list[str], *, hidden: bool) -> discord.Embed:
    lines = [verdict(result.verdict)]
    if not result.verdict.expected:
        lines.append(
            f"I see nothing of the kind in this picture: this model knows only {result.expects}."
            " I have tried all the same."
        )
    if result.substitution:
        notes = [*notes, escape_markdown(result.substitution)]
    body = "\n".join(lines)
    embed = discord.Embed(
        description="\n".join(
            [f"||{body}||" if hidden else body, *(f"-# {note}" for note in notes)]
        ),
        colour=BLUE if result.verdict.expected else GREY,
    )
    took = f"{result.milliseconds:.0f} ms"
    return embed.set_footer(text=" · ".join([result.model, result.weights, result.device, took]))


def verdict(seen: Verdict) -> str:
    """Return what the classifier says: `sorrel 91.0 % → zebra 88.0 %`."""
    return f"{_seen(seen.before)} → {_seen(seen.after)}"


def _seen(label: Label) -> str:
    return f"{escape_markdown(label.label)} {percent(label.probability)}"


def _upload(image: Image, name: str, alt: str, picture: Picture) -> Upload:
    plain = re.sub(r"[^\w-]", "-", name)  # Discord renames other files, and embeds lose them
    return Upload(f"{plain}.{image.extension}", image.data, alt, spoiler=picture.spoiler)
