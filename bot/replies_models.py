"""How the list of models looks, and the inside of one."""

from collections.abc import Sequence

import discord
from discord.utils import escape_markdown

from bot.exchange import Reply, Upload
from bot.replies import BLUE
from models.jobs import Inspected, ModelCard

PAGE = 10
"""Models on a page."""
OUTLINE_CHARACTERS = 1500
OUTLINE_WIDTH = 56
"""So many characters of a fixed width stand on a line of an embed before it wraps."""
_LABELS = 4


def pages(found: Sequence[ModelCard]) -> int:
    """Return how many pages the models `found` fill, at least one."""
    return max(1, -(-len(found) // PAGE))


def page(found: Sequence[ModelCard], number: int, query: str) -> discord.Embed:
    """Return page `number`, counted from 0, of the models `found` for `query`."""
    shown = found[number * PAGE : (number + 1) * PAGE]
    ready = sum(card.ready for card in found)
    title = f"Models for “{escape_markdown(query)}”" if query else "Models"
    embed = discord.Embed(
        title=title,
        description="\n".join(map(_line, shown)) or "None. Try fewer words, or a family's name.",
        colour=BLUE,
    )
    where = f"page {number + 1} of {pages(found)}"
    return embed.set_footer(
        text=f"{ready} of {len(found)} ready (●) · {where} · year, size, ImageNet top-1, licence"
    )


def _line(card: ModelCard) -> str:
    facts = [
        str(card.year) if card.year else None,
        _size(card.size_bytes) if card.size_bytes else None,
        f"{card.accuracy:.1f} %" if card.accuracy else None,
        card.expects,
        card.license.partition(";")[0],
    ]
    return f"{'●' if card.ready else '○'} **{card.name}** · {' · '.join(filter(None, facts))}"


def inspected(card: ModelCard, seen: Inspected) -> Reply:
    """Return the reply that shows the inside of a model, as a file where it is too long."""
    outline, whole = _outline(seen.tree)
    embed = discord.Embed(title=card.name, description=f"```\n{outline}\n```", colour=BLUE)
    for name, value in facts(card, seen).items():
        embed.add_field(name=name, value=value, inline=len(value) < 30)
    if seen.paper:
        embed.add_field(name="Paper", value=f"[{seen.paper}]({seen.paper_url})", inline=False)
    if whole:
        return Reply(embeds=(embed,))
    embed.set_footer(text="The file has every module.")
    name = f"{card.name.replace(':', '-')}.txt"
    return Reply(embeds=(embed,), uploads=(Upload(name, as_text(card, seen).encode(), name),))


def facts(card: ModelCard, seen: Inspected) -> dict[str, str]:
    """Return what is known of a model besides its modules, each under its name."""
    kinds = [f"{one.layers} {one.kind}" for one in seen.layers if one.parameters]
    found = {
        "Parameters": f"{seen.parameters:,}",
        "In memory": f"{_size(seen.bytes)} in float32",
    }
    if seen.multiply_adds:
        found["Multiply-adds"] = f"{seen.multiply_adds / 1e9:.2f} billion"
    found["Layers with weights"] = ", ".join(kinds)
    if seen.side:
        found["Input"] = f"{seen.side}×{seen.side} pixels, RGB"
    if how := seen.preparation:
        found["Preprocessing"] = (
            f"short side to {how.resize} ({how.interpolation}), middle {how.crop}×{how.crop},"
            f" minus {_numbers(how.mean)}, divided by {_numbers(how.std)}"
        )
    if seen.labels:
        some = ", ".join(seen.labels[:_LABELS])
        found["Labels"] = f"{len(seen.labels):,}: {some}, …"
    if card.expects:
        found["Expects"] = card.expects
    if card.accuracy:
        found["Top-1 on ImageNet"] = f"{card.accuracy:.1f} %"
    if card.year:
        found["Year"] = str(card.year)
    size = f", {_size(card.size_bytes)}" if card.size_bytes else ""
    where = f"in the {card.location}" if card.location else "not here"
    found["Weights"] = f"{card.weights}{size}, {where}"
    found["Source"] = card.source
    found["Licence"] = card.license
    return found


def as_text(card: ModelCard, seen: Inspected) -> str:
    """Return all there is to say of a model as a plain text."""
    known = facts(card, seen)
    if seen.paper:
        known["Paper"] = f"{seen.paper}, {seen.paper_url}"
    lines = [card.name, "", *(f"{name}: {value}" for name, value in known.items())]
    lines += ["", seen.tree, "", "Layers of each kind, and their parameters:"]
    lines += [f"{one.layers:6} {one.kind}  {one.parameters:,}" for one in seen.layers]
    return "\n".join(lines) + "\n"


def recipe(script: str, model: str) -> Reply:
    """Return the script that gives a classifier's answer without Bobby."""
    return Reply(
        f"This asks **{model}** without me: save it as `ask.py` and run"
        f" `python ask.py picture.jpg`.\n```py\n{script}```"
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
