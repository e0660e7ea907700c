"""How a comparison of models looks, and an answer that is garbage on purpose."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.conversation.per_picture import PictureResult
from bot.conversation.reply import Reply
from bot.core.formatting import escape
from bot.core.i18n import label, tr
from bot.pictures.picture import Picture
from bot.replies.common import BLUE, error_embed, label_lines, small_print
from bot.replies.text import percent, receipt
from models.jobs.answers import Labels
from models.jobs.model_info import ModelInfo

GARBAGE = discord.Color(0xB8860B)
"""No other answer has this color."""


@dataclass(frozen=True)
class ModelResult:
    """One model of a comparison and what it said: its labels, or a sentence why nothing."""

    card: ModelInfo
    result: Labels | str


def comparison_reply(
    picture: Picture, contenders: Sequence[ModelResult], absent: Sequence[str], note: str | None
) -> Reply:
    """Return the reply to a comparison: a line a model, and whether they agree.

    `absent` are the models that were wanted and are not here.
    """
    head = tr("`year    MB  top-1    ms`")
    body = "\n".join([agreement(contenders), "", head, *map(_line, contenders)])
    notes = [tr("Not installed: {absent}", absent=", ".join(absent))] if absent else []
    shown = f"||{body}||" if picture.spoiler else body
    embed = discord.Embed(
        title=tr("Model comparison"),
        description="\n".join([shown, *(f"-# {note}" for note in notes)]),
        color=BLUE,
    )
    return Reply(small_print(note), (embed,))


def agreement(contenders: Sequence[ModelResult]) -> str:
    """Return the sentence that says whether the models name the same thing."""
    best = {c.card.name: c.result.top[0].label for c in contenders if isinstance(c.result, Labels)}
    if not best:
        return tr("None of the models answered.")
    (named, votes), *others = Counter(best.values()).most_common()
    winner = f"**{escape(label(named))}**"
    if len(best) == 1:
        return tr(
            "Only {best} has answered, and says {winner}.", best=next(iter(best)), winner=winner
        )
    if not others:
        return tr("All {votes} say {winner}.", votes=votes, winner=winner)
    if votes == 1:
        return tr("No two models agree.")
    return tr("{votes} of {best} say {winner}.", votes=votes, best=len(best), winner=winner)


def _line(contender: ModelResult) -> str:
    card, result = contender.card, contender.result
    size = f"{card.size_bytes / 1e6:.0f}" if card.size_bytes else "–"
    accuracy = f"{card.accuracy:.1f}" if card.accuracy else "–"
    if isinstance(result, str):
        time, said = "–", result
    else:
        time, best = f"{result.milliseconds:.0f}", result.top[0]
        said = f"{escape(label(best.label))} {percent(best.probability)}"
    return f"`{card.year or '–':<4} {size:>5} {accuracy:>6} {time:>5}` **{card.name}** {said}"


def untrained_reply(
    outcomes: Sequence[PictureResult[Labels]], prefix: str, note: str | None
) -> Reply:
    """Return the reply of a network with random weights, which can't be taken for an answer."""
    return Reply(small_print(note), tuple(_garbage(outcome, prefix) for outcome in outcomes))


def _garbage(outcome: PictureResult[Labels], prefix: str) -> discord.Embed:
    labels = outcome.result
    if isinstance(labels, str):
        return error_embed(outcome, named=False)
    lines = label_lines(labels)
    embed = discord.Embed(
        title=tr("Untrained {model}: random on purpose", model=labels.model),
        description=(
            tr(
                "These labels are meaningless. It's the same network with random "
                "weights, so it has never seen a picture. Everything a model knows is "
                "in its weights. Compare with `{prefix}classify {model}`.",
                prefix=prefix,
                model=labels.model,
            )
            + "\n\n"
            + (f"||{lines}||" if outcome.picture.spoiler else lines)
        ),
        color=GARBAGE,
    )
    return embed.set_footer(text=receipt(labels))
