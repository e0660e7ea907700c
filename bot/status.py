"""How Bobby is: what `!status` and `bobby status` show, and whether he can answer at all."""

import platform
from collections.abc import Mapping

import discord

from bot.client import Bobby


def rows(bot: Bobby) -> Mapping[str, str]:
    """Return how `bot` is, by what each line is about."""
    snapshot = bot.executor.snapshot()
    ready = sum(card.ready for card in snapshot.models)
    return {
        "Worker": snapshot.state,
        "Device": snapshot.device or "–",
        "Models ready": f"{ready} of {len(snapshot.models)}",
        "Default model": snapshot.default or "–",
        "Queue": f"{snapshot.waiting} waiting, {snapshot.running} running",
        "Answered": f"{snapshot.answered} pictures, {snapshot.restarts} worker restarts",
        "Loop lag": f"{bot.pulse.worst_ms:.0f} ms at worst in the last minute",
        "Gateway": f"{bot.latency * 1000:.0f} ms",
        "Built with": f"Python {platform.python_version()}, discord.py {discord.__version__}",
    }


def trouble(bot: Bobby) -> str | None:
    """Return why `bot` can't answer anybody just now, None if he can."""
    snapshot = bot.executor.snapshot()
    if snapshot.state != "ready":
        why = f": {snapshot.reason}" if snapshot.reason else "."
        return f"The worker is {snapshot.state}{why}"
    if not bot.connected:
        return "Discord's gateway is not connected."
    return None
