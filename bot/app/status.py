"""How Bobby is: what `!status` and `bobby status` show, and whether it can answer at all."""

import platform
from collections.abc import Mapping

import discord

from bot.app.client import Bobby
from bot.core.i18n import later, tr
from bot.executor.engines.base import EngineState

_STATES: Mapping[EngineState, str] = {
    "starting": later("starting"),
    "ready": later("ready"),
    "unavailable": later("unavailable"),
    "closed": later("closed"),
}


def rows(bot: Bobby) -> Mapping[str, str]:
    """Return how `bot` is, by what each line is about."""
    snapshot = bot.executor.snapshot()
    ready = sum(card.ready for card in snapshot.models)
    return {
        later("Worker"): tr(_STATES[snapshot.state]),
        later("Device"): snapshot.device or "–",
        later("Models installed"): tr("{ready} of {all}", ready=ready, all=len(snapshot.models)),
        later("Default model"): snapshot.default or "–",
        later("Queue"): tr(
            "{waiting} waiting, {running} running",
            waiting=snapshot.waiting,
            running=snapshot.running,
        ),
        later("Answered"): tr(
            "{answered} pictures, {restarts} worker restarts",
            answered=snapshot.answered,
            restarts=snapshot.restarts,
        ),
        later("Loop lag"): tr(
            "{worst_ms:.0f} ms at worst in the last minute", worst_ms=bot.pulse.worst_ms
        ),
        later("Slash commands"): tr(bot.publisher.state),
        later("Message content"): tr(bot.content.state),
        later("Discord latency"): f"{bot.latency * 1000:.0f} ms",
        later("Versions"): f"Python {platform.python_version()}, discord.py {discord.__version__}",
    }


def health_problem(bot: Bobby) -> str | None:
    """Return why `bot` can't answer anybody just now, None if it can."""
    snapshot = bot.executor.snapshot()
    if snapshot.state != "ready":
        why = f": {snapshot.reason}" if snapshot.reason else "."
        return f"The worker is {snapshot.state}{why}"
    if not bot.connected:
        return "Discord's gateway is not connected."
    return None
