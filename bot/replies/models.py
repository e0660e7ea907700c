"""How the list of models looks, and the inside of one."""

from collections.abc import Sequence

import discord

from bot.conversation.reply import Reply, Upload
from bot.core.formatting import escape
from bot.core.i18n import later, tr
from bot.replies.common import BLUE
from models.jobs.answers import Inspected
from models.jobs.model_info import ModelInfo

PAGE = 10
"""Models on a page."""
OUTLINE_CHARACTERS = 1500
OUTLINE_WIDTH = 56
"""So many characters of a fixed width stand on a line of an embed before it wraps."""
_LABELS = 4

IN_WORDS = (
    *(later("Bobby, 2026"), later("trained for Bobby on Flickr8k and everyday photographs")),
    later("random numbers, seed 0"),
    *(later("unstated"), later("not stated (code: BSD)")),
    later("MIT (from its repository)"),
    later("research and education only (its photographs)"),
    later("research and education only (ImageNet)"),
)
"""Weights and licenses that have no name of their own, as the records put them; for the catalogs.
"""


def pages(found: Sequence[ModelInfo]) -> int:
    """Return how many pages the models `found` fill, at least one."""
    return max(1, -(-len(found) // PAGE))


def page(found: Sequence[ModelInfo], number: int, query: str) -> discord.Embed:
    """Return page `number`, counted from 0, of the models `found` for `query`."""
    shown = found[number * PAGE : (number + 1) * PAGE]
    ready = sum(card.ready for card in found)
    title = tr("Models for “{query}”", query=escape(query)) if query else tr("Models")
    embed = discord.Embed(
        title=title,
        description="\n".join(map(_line, shown))
        or tr("No models found. Try fewer words, or a family name like `resnet`."),
        color=BLUE,
    )
    where = tr("page {number} of {pages}", number=number + 1, pages=pages(found))
    return embed.set_footer(
        text=tr(
            "{ready} of {found} installed (●) · {where} · year, size, ImageNet top-1, license",
            ready=ready,
            found=len(found),
            where=where,
        )
    )


def _line(card: ModelInfo) -> str:
    facts = [
        str(card.year) if card.year else None,
        _size(card.size_bytes) if card.size_bytes else None,
        f"{card.accuracy:.1f} %" if card.accuracy else None,
        tr(card.expects) if card.expects else None,
        tr(card.license.partition(";")[0]),
    ]
    return f"{'●' if card.ready else '○'} **{card.name}** · {' · '.join(filter(None, facts))}"


def inspected(card: ModelInfo, seen: Inspected) -> Reply:
    """Return the reply that shows the inside of a model, as a file where it is too long."""
    outline, whole = _outline(seen.tree)
    embed = discord.Embed(title=card.name, description=f"```\n{outline}\n```", color=BLUE)
    for name, value in facts(card, seen).items():
        embed.add_field(name=tr(name), value=value, inline=len(value) < 30)
    if seen.paper:
        paper = f"[{seen.paper}]({seen.paper_url})"
        embed.add_field(name=tr("Paper"), value=paper, inline=False)
    if whole:
        return Reply(embeds=(embed,))
    embed.set_footer(text=tr("The attached file lists every module."))
    name = f"{card.name.replace(':', '-')}.txt"
    return Reply(embeds=(embed,), uploads=(Upload(name, as_text(card, seen).encode(), name),))


def facts(card: ModelInfo, seen: Inspected) -> dict[str, str]:
    """Return what is known of a model besides its modules, each under its name."""
    kinds = [f"{one.layers} {one.kind}" for one in seen.layers if one.parameters]
    found = {
        later("Parameters"): f"{seen.parameters:,}",
        later("In memory"): tr("{size} in float32", size=_size(seen.bytes)),
    }
    if seen.multiply_adds:
        found[later("Multiply-adds")] = tr(
            "{billions:.2f} billion", billions=seen.multiply_adds / 1e9
        )
    found[later("Layers with weights")] = ", ".join(kinds)
    if seen.side:
        found[later("Input")] = tr("{side}×{side} pixels, RGB", side=seen.side)
    if how := seen.preparation:
        found[later("Preprocessing")] = tr(
            "resize short side to {resize} ({interpolation}), center crop "
            "{crop}×{crop}, normalize with mean {mean}, std {std}",
            resize=how.resize,
            interpolation=how.interpolation,
            crop=how.crop,
            mean=_numbers(how.mean),
            std=_numbers(how.std),
        )
    if seen.labels:
        some = ", ".join(seen.labels[:_LABELS])
        found[later("Labels")] = f"{len(seen.labels):,}: {some}, …"
    if card.expects:
        found[later("Made for")] = tr(card.expects)
    if card.accuracy:
        found[later("Top-1 on ImageNet")] = f"{card.accuracy:.1f} %"
    if card.year:
        found[later("Year")] = str(card.year)
    size = f", {_size(card.size_bytes)}" if card.size_bytes else ""
    where = (
        tr("in the {location}", location=card.location) if card.location else tr("not installed")
    )
    found[later("Weights")] = f"{tr(card.weights)}{size}, {where}"
    found[later("Source")] = card.source
    found[later("License")] = tr(card.license)
    return found


def as_text(card: ModelInfo, seen: Inspected) -> str:
    """Return all there is to say of a model as a plain text."""
    known = facts(card, seen)
    if seen.paper:
        known[later("Paper")] = f"{seen.paper}, {seen.paper_url}"
    lines = [card.name, "", *(f"{tr(name)}: {value}" for name, value in known.items())]
    lines += ["", seen.tree, "", tr("Parameters by layer type:")]
    lines += [f"{one.layers:6} {one.kind}  {one.parameters:,}" for one in seen.layers]
    return "\n".join(lines) + "\n"


def recipe(script: str, model: str) -> Reply:
    """Return the script that gives a classifier's answer without Bobby."""
    return Reply(
        tr(
            "To run **{model}** without me, save this as `ask.py`, then run `python "
            "ask.py picture.jpg`.",
            model=model,
        )
        + f"\n```py\n{script}```"
    )


def _outline(tree: str) -> tuple[str, bool]:
    """Return as many levels of `tree` as fit a message, and whether that is all of it."""
    lines = tree.splitlines()
    depths = [(len(line) - len(line.lstrip())) // 2 for line in lines]
    outline = lines[0]
    for deepest in sorted(set(depths)):
        shown = [line for line, depth in zip(lines, depths, strict=True) if depth <= deepest]
        text = "\n".join(map(_narrow, shown))
        if len(text) > OUTLINE_CHARACTERS:
            break
        outline = text
    return outline, outline == tree


def _narrow(line: str) -> str:
    return line if len(line) <= OUTLINE_WIDTH else f"{line[: OUTLINE_WIDTH - 1]}…"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.3f}" for value in values)


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
