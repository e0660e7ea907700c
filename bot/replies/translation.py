"""How a translation looks: the picture, the verdict, and what the generator worked at."""

import re
from collections.abc import Sequence
from typing import TypeAlias

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply, Upload
from bot.core.formatting import escape
from bot.core.i18n import later, tr
from bot.pictures.picture import Picture
from bot.replies.common import error_embed, result_embed, short_receipt, small_print
from bot.replies.text import percent, verdict
from models.jobs.answers import Cycled, Image, Translated

Translation: TypeAlias = PictureResult[Translated | Cycled]


def translated(
    outcomes: Sequence[Translation], note: str | None = None, view: discord.ui.View | None = None
) -> Reply:
    """Return the reply to a translation of one or more pictures, an embed for each.

    `note` says how the picture was found, where that is not plain; `view` has the buttons.
    """
    embeds: list[discord.Embed] = []
    uploads: list[Upload] = []
    for number, outcome in enumerate(outcomes, start=1):
        result, named = outcome.result, len(outcomes) > 1
        if isinstance(result, str):
            embeds.append(error_embed(outcome, named=named))
            continue
        if isinstance(result, Translated):
            notes, files = _one_way(result, outcome.picture, number)
        else:
            notes, files = _there_and_back(result, outcome.picture, number)
        embed = _embed(result, outcome.picture, notes, named=named)
        if not outcome.picture.spoiler:
            embed.set_image(url=f"attachment://{files[0].name}")
        embeds.append(embed)
        uploads += files
    return Reply(small_print(note), tuple(embeds), tuple(uploads), view)


def _one_way(result: Translated, picture: Picture, number: int) -> tuple[list[str], list[Upload]]:
    worked = f"{result.working_width}×{result.working_height}"
    given = f"{result.image.width}×{result.image.height}"
    notes = [tr("Processed at {worked}, returned at {given}", worked=worked, given=given)]
    if result.frames_in_all > 1:
        frames = result.frames_in_all
        notes.append(tr("{some} of {all} frames", some=result.frames, all=frames))
    after = tr("{name}, edited by {model}.", name=picture.name, model=result.model)
    alt = f"{after} {verdict(result.verdict)}."
    upload = _upload(result.image, f"{result.model}-{number}", alt, picture)
    return notes, [upload]


def _there_and_back(
    result: Cycled, picture: Picture, number: int
) -> tuple[list[str], list[Upload]]:
    notes = [
        tr(
            "{model}, then {inverse}. The round trip differs from the original by "
            "{difference} on average.",
            model=result.model,
            inverse=result.inverse,
            difference=percent(result.difference),
        )
    ]
    stages = {
        later("original"): result.original,
        later("there"): result.there,
        later("back"): result.back,
    }
    uploads = [
        _upload(image, f"{stage}-{number}", f"{picture.name}: {tr(stage)}.", picture)
        for stage, image in stages.items()
    ]
    return notes, uploads


def _embed(
    result: Translated | Cycled, picture: Picture, notes: list[str], *, named: bool
) -> discord.Embed:
    lines = [verdict(result.verdict)]
    if not result.verdict.expected:
        lines.append(
            tr(
                "This model is made for {expects}, and I don't see that here. I tried anyway.",
                expects=tr(result.expects),
            )
        )
    if result.substitution:
        notes = [*notes, escape(tr(result.substitution))]
    body, sure = "\n".join(lines), result.verdict.expected
    embed = result_embed(picture, body, notes, result, sure=sure, named=named)
    return embed.set_footer(text=short_receipt(result))


def _upload(image: Image, name: str, alt: str, picture: Picture) -> Upload:
    escape = re.sub(r"[^\w-]", "-", name)  # Discord renames other files, and embeds lose them
    return Upload(f"{escape}.{image.extension}", image.data, alt, spoiler=picture.spoiler)
