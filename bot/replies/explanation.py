"""How an explanation looks: the picture beside where the network looked, and the label."""

import discord

from bot.conversation.reply import Reply, Upload
from bot.core.formatting import escape
from bot.core.i18n import label, tr
from bot.pictures.picture import Picture
from bot.replies.common import result_embed, small_print
from bot.replies.text import percent
from models.jobs.answers import Explained


def explained(
    picture: Picture, seen: Explained, view: discord.ui.View | None, note: str | None
) -> Reply:
    """Return the reply that shows what in `picture` made a label."""
    name = escape(label(seen.label))
    body = f"**{name}** {percent(seen.probability)}"
    notes = [tr("Brighter areas counted more toward this label. Gray areas didn't count.")]
    if seen.substitution:
        notes.append(escape(tr(seen.substitution)))
    embed = result_embed(picture, body, notes, seen, sure=True, named=False)
    alt = tr(
        "Left: the part of {name} the model looked at. Right: the areas that led to {label}.",
        name=picture.name,
        label=label(seen.label),
    )
    upload = Upload("crop-why.jpg", seen.image.data, alt, spoiler=picture.spoiler)
    if not picture.spoiler:
        embed.set_image(url=f"attachment://{upload.name}")
    return Reply(small_print(note), (embed,), (upload,), view)
