"""Where Bobby answers: in every channel, unless a server has named those in which it may.

Owns the rule and its sentence. A thread counts as the channel that it belongs to.
"""

from typing import Any

import discord

from bot.core.i18n import tr
from bot.storage.guild_settings import Servers, ServerSettings

EVERYWHERE = frozenset({"settings", "forget", "privacy"})
"""Commands that are answered in any channel: a manager could otherwise lock themselves out."""


def is_open(servers: Servers, channel: Any, command: str) -> bool:  # noqa: ANN401 - of any kind
    """Tell whether `command` ("settings model") is answered in `channel`."""
    guild = getattr(channel, "guild", None)
    allowed = servers.get(guild.id).channels if guild else ()
    if not allowed or command.partition(" ")[0] in EVERYWHERE:
        return True
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return channel.id in allowed or parent in allowed


def channels_hint(settings: ServerSettings) -> str:
    """Return the sentence that says where Bobby answers instead."""
    rooms = tr(" and ").join(f"<#{channel}>" for channel in settings.channels)
    return tr("On this server I only answer in {rooms}.", rooms=rooms)
