"""What stands behind *Details*: how an answer came about, and what becomes of it."""

import discord

from bot.conversation.reply import Reply
from bot.core.formatting import escape
from bot.core.i18n import later, tr
from bot.replies.common import BLUE

READING_LABELS = (
    later("The small picture is the part of yours that the model looked at."),
    later(
        "The percentages are how sure the model is of each label it knows; below 50 % the first "
        "one is a guess."
    ),
)
READING = (
    later("The buttons under the answer reply to you alone."),
    later("I haven't stored your picture. A moderator can delete my answer."),
)


def details(
    model: str,
    task: str,
    *,
    weights: str | None,
    device: str,
    precision: str,
    took: str,
    batch: int,
) -> Reply:
    """Return the details of an answer of `model`; `batch` pictures shared the `took` time.

    `task` is that of the model, as in the catalog.
    """
    reading = (*READING_LABELS, *READING) if task == "classify" else READING
    embed = discord.Embed(title=tr("Details"), description="\n".join(map(tr, reading)), color=BLUE)
    if batch > 1:
        took += " " + tr("(batch of {count})", count=batch)
    known = {
        tr("Model"): escape(model),
        tr("Weights"): escape(tr(weights)) if weights else None,
        tr("Device"): escape(device),
        tr("Precision"): precision,
        tr("Time"): took,
    }
    for name, value in known.items():
        if value:
            embed.add_field(name=name, value=value)
    return Reply(embeds=(embed,))
