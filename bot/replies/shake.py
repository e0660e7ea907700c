"""How a shaken picture looks: the strip, a line for each change, and how often the label held."""

from bot.conversation.reply import Reply, Upload
from bot.core.formatting import escape
from bot.core.i18n import label, later, tr
from bot.pictures.picture import Picture
from bot.replies.common import result_embed, small_print
from bot.replies.text import bar, percent
from models.jobs.answers import RobustnessResult

CHANGES = (
    *(later("original"), later("flipped"), later("rotated 15°"), later("grey")),
    *(later("blurred"), later("JPEG quality 10"), later("center crop")),
)
"""What the worker calls them, `models.tasks.shake.CHANGES`; here for the catalogs."""


def shaken(picture: Picture, seen: RobustnessResult, note: str | None) -> Reply:
    """Return the reply that shows what becomes of a label."""
    first, *changed = seen.changes
    held = sum(one.label == first.label for one in changed)
    name = escape(label(first.label))
    verdict = tr(
        "**{name}** stayed on top in {held} of {all} edits.", name=name, held=held, all=len(changed)
    )
    lines = [
        f"{'●' if one.label == first.label else '○'} `{bar(one.probability)}"
        f" {percent(one.probability):>7}` {tr(one.change)}: {escape(label(one.label))}"
        for one in seen.changes
    ]
    notes = [escape(tr(seen.substitution))] if seen.substitution else []
    body = "\n".join([verdict, *lines])
    sure = held == len(changed)
    embed = result_embed(picture, body, notes, seen, sure=sure, named=False)
    changes = ", ".join(tr(one.change) for one in seen.changes)
    alt = tr("{name} in a row: {changes}.", name=picture.name, changes=changes)
    upload = Upload("crop-shake.jpg", seen.image.data, alt, spoiler=picture.spoiler)
    if not picture.spoiler:
        embed.set_image(url=f"attachment://{upload.name}")
    return Reply(small_print(note), (embed,), (upload,))
