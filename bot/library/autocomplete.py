"""Offers the names of models while somebody types one."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.core.i18n import tr
from models.jobs.model_info import ModelInfo

OFFERED = 25
"""Discord shows no more choices."""

Choices: TypeAlias = list[app_commands.Choice[str]]
Offer: TypeAlias = Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, Choices]]


def complete(task: str | None) -> Offer:
    """Return what offers the models of `task`, or of any, as an option's autocompletion."""

    async def offer(interaction: discord.Interaction[Any], typed: str) -> Choices:
        return completions(interaction.client.executor.models, task, typed)

    return offer


async def complete_classifier(interaction: discord.Interaction[Any], typed: str) -> Choices:
    """Offer the classifiers, those of a hub among them."""
    bot = interaction.client
    return completions((*bot.executor.models, *bot.hub.cards), "classify", typed)


def completions(cards: Iterable[ModelInfo], task: str | None, typed: str) -> Choices:
    """Return the models of `task`, or of any, whose name contains `typed`, ready ones first."""
    wanted = typed.lower().replace("-", "_").replace(" ", "_")
    found = [card for card in cards if task in {None, card.task} and wanted in card.name]
    found.sort(key=lambda card: (not card.ready, not card.name.startswith(wanted), card.name))
    return [
        app_commands.Choice(name=_shown(card)[:100], value=card.name) for card in found[:OFFERED]
    ]


def _shown(card: ModelInfo) -> str:
    about = f": {tr(card.expects)}" if card.expects else ""
    missing = "" if card.ready else " " + tr("(not installed)")
    return f"{card.name}{about}{missing}"
