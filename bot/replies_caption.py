"""How a caption looks: the sentence, whether it is a guess, and other ways to say it."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from discord.utils import escape_markdown

from bot.exchange import Reply
from bot.pictures import Picture
from bot.replies import BLUE, GREY, RED, shown_name
from models.jobs import Captioned


@dataclass(frozen=True, slots=True)
class Described:
    """One picture of a question and what became of it: its caption, or a sentence why not."""

    picture: Picture
    result: Captioned | str


def sentence_of(caption: str) -> str:
    """Return a model's caption as a sentence, with a capital and a full stop."""
    return caption[:1].upper() + caption[1:] + "."


def captioned(
    described: Sequence[Described],
    note: str | None = None,
    view: discord.ui.View | None = None,
) -> Reply:
    """Return the reply to a question for captions, an embed for each picture.

    `note` says how the picture was found, where that is not plain; `view` has the buttons.
    """
    embeds = tuple(_embed(one, named=len(described) > 1) for one in described)
    return Reply(f"-# {note}" if note else None, embeds, view=view)


def other_ways(described: Sequence[Described]) -> Reply:
    """Return the alternatives of each picture's caption."""
    parts = [
        one.result
        if isinstance(one.result, str)
        else "\n".join(
            f"- {escape_markdown(sentence_of(text))}" for text in one.result.alternatives
        )
        for one in described
    ]
    return Reply(embeds=(discord.Embed(description="\n\n".join(parts), colour=BLUE),))


def alt_text(described: Sequence[Described]) -> Reply:
    """Return captions ready to paste, for the eyes of whoever asked alone."""
    parts = []
    for one in described:
        if isinstance(one.result, str):
            parts.append(one.result)
        else:
            doubt = "" if one.result.sure else "\n-# I'm guessing. Look before you paste it."
            parts.append(f"```\n{sentence_of(one.result.caption)}\n```{doubt}")
    return Reply("\n".join(parts))


def _embed(one: Described, *, named: bool) -> discord.Embed:
    hidden = one.picture.spoiler
    title = shown_name(one.picture.name if named else None, hidden=hidden)
    if isinstance(one.result, str):
        return discord.Embed(title=title, description=one.result, colour=RED)
    result = one.result
    text = escape_markdown(sentence_of(result.caption))
    text = text if result.sure else f"I'm guessing: {text[:1].lower()}{text[1:]}"
    notes = [f"frame 1 of {result.frames}"] if result.frames > 1 else []
    notes += [escape_markdown(result.substitution)] if result.substitution else []
    embed = discord.Embed(
        title=title,
        description="\n".join([f"||{text}||" if hidden else text, *(f"-# {n}" for n in notes)]),
        colour=BLUE if result.sure else GREY,
    )
    took = f"{result.milliseconds:.0f} ms"
    return embed.set_footer(text=" · ".join([result.model, result.weights, result.device, took]))
