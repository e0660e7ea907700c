"""How a server's settings look, and what is said once something was deleted."""

import discord

from bot.exchange import Reply
from bot.replies import BLUE
from bot.settings import Settings
from bot.store.servers import ServerSettings


def shown(server: ServerSettings, operator: Settings) -> Reply:
    """Return the reply that lists what holds in a server."""
    channels = " ".join(f"<#{channel}>" for channel in server.channels)
    embed = discord.Embed(title="What holds in this server", colour=BLUE)
    embed.add_field(name="Classifier", value=server.model or f"{operator.default_model} (mine)")
    embed.add_field(name="Channels", value=channels or "all")
    limit = min(server.per_person or operator.max_per_person, operator.max_per_person)
    embed.add_field(name="Pictures waiting, each person", value=str(limit))
    embed.add_field(name="Who may teach me", value=server.teachers)
    return Reply(embeds=(embed,))


def forgotten(records: int, whose: str) -> Reply:
    """Return the reply to a wish to forget: how many `records` `whose` were deleted."""
    if not records:
        return Reply(f"I kept nothing {whose}.")
    what = "1 record" if records == 1 else f"{records} records"
    return Reply(f"Deleted {what} {whose}; nothing is left.")
