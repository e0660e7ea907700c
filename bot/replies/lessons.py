"""How lessons look: what was learned, how well it goes, and what is known here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.formatting import escape
from bot.core.i18n import tr, tr_n
from bot.replies.common import BLUE, GRAY, error_embed, small_print
from bot.storage.examples import StoredExample
from bot.storage.labels import MOST_EXAMPLES, MOST_LABELS
from models.jobs.answers import CrossValidation, Features

FEW = 3
"""Examples of a label from which on it is worth asking."""


@dataclass(frozen=True)
class Lesson:
    """One lesson: its label, its pictures, how many were new, and all that is known since."""

    label: str
    outcomes: Sequence[PictureResult[Features]]
    new: int
    known: Sequence[StoredExample]
    assessed: CrossValidation | None


def teach_reply(lesson: Lesson, prefix: str, note: str | None) -> Reply:
    """Return the reply to a lesson; the pictures that could not be used are named below it."""
    bad = [one for one in lesson.outcomes if isinstance(one.result, str)]
    embeds = [error_embed(one, named=len(lesson.outcomes) > 1) for one in bad]
    if good := len(lesson.outcomes) - len(bad):
        counts = Counter(one.label for one in lesson.known)
        advice = _advice(counts, prefix)
        body = _learned(lesson, good, counts[lesson.label])
        lines = [body, *filter(None, [_quality(lesson.assessed)]), f"-# {advice}"]
        embeds.insert(0, discord.Embed(description="\n".join(lines), color=BLUE))
        seen = next(one.result for one in lesson.outcomes if isinstance(one.result, Features))
        kept = tr("pictures aren't stored")
        embeds[0].set_footer(text=f"{seen.model} · {seen.weights} · {kept}")
    return Reply(small_print(note), tuple(embeds[:10]))


def _learned(lesson: Lesson, good: int, known: int) -> str:
    label, new = escape(lesson.label), _pictures(lesson.new)
    said = []
    if lesson.new:
        said.append(tr("Learned **{label}** from {pictures}.", label=label, pictures=new))
    if again := good - lesson.new:
        said.append(
            tr(
                "Skipped {pictures} of **{label}** I'd already seen.",
                pictures=_pictures(again),
                label=label,
            )
        )
    if known > lesson.new:
        said.append(tr("That makes {pictures} in total.", pictures=_pictures(known)))
    return " ".join(said)


def _advice(counts: Counter[str], prefix: str) -> str:
    if len(counts) < 2:
        return tr(
            "Next, teach me a second label, then try `{prefix}classify custom`.", prefix=prefix
        )
    if thin := [label for label, count in counts.items() if count < FEW]:
        named = tr(" and ").join(escape(label) for label in thin[:3])
        return tr(
            "I work best with at least {few} pictures per label. Add more for {named}.",
            few=FEW,
            named=named,
        )
    return tr(
        "Try it with `{prefix}classify custom`, or undo with `{prefix}unteach`.", prefix=prefix
    )


def _quality(assessed: CrossValidation | None) -> str | None:
    if assessed is None or not assessed.asked:
        return None
    return tr(
        "Self-test: **{right} of {asked}** correct, each picture checked against the others.",
        right=assessed.right,
        asked=assessed.asked,
    )


def labels_reply(
    taught: Sequence[StoredExample], assessed: CrossValidation | None, prefix: str
) -> Reply:
    """Return the reply that lists what was taught in a server."""
    if not taught:
        text = tr(
            "I haven't learned any labels here yet. Post a few pictures of one thing "
            "with `{prefix}teach LABEL`, do the same for another, then use "
            "`{prefix}classify custom`.",
            prefix=prefix,
        )
        return Reply(embeds=(discord.Embed(description=text, color=GRAY),))
    counts = Counter(one.label for one in taught)
    lines = [f"**{escape(label)}** {_pictures(n)}" for label, n in counts.items()]
    lines += filter(None, [_quality(assessed)])
    embed = discord.Embed(
        title=tr("Custom labels on this server"), description="\n".join(lines), color=BLUE
    )
    room = tr(
        "limit: {labels} labels, {examples} pictures each",
        labels=MOST_LABELS,
        examples=MOST_EXAMPLES,
    )
    embed.set_footer(text=f"{taught[0].model} · {taught[0].weights} · {room}")
    return Reply(embeds=(embed,))


def unteach_reply(label: str, gone: int, left: int) -> Reply:
    """Return the reply to a lesson that was taken back."""
    name = escape(label)
    if not gone:
        text = tr("There's no label called **{name}** here.", name=name)
    elif left:
        text = tr(
            "Removed {gone} from **{name}**. {left} left.",
            gone=_pictures(gone),
            name=name,
            left=_pictures(left),
        )
    else:
        text = tr("Removed **{name}**.", name=name)
    return Reply(embeds=(discord.Embed(description=text, color=GRAY),))


def _pictures(count: int) -> str:
    return tr_n("1 picture", "{count} pictures", count)
