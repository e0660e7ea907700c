"""What Bobby must be allowed to do for a reply, in Discord's own words."""

import contextlib
from collections.abc import Iterable

import discord

from bot.core.i18n import later

EMBED_LINKS = later("Embed Links")
"""Without this permission Discord drops embeds in silence; replies are then plain text."""
ATTACH_FILES = later("Attach Files")
"""Without this permission Discord refuses a message with files altogether."""
_PERMISSIONS = {
    "send_messages": later("Send Messages"),
    "send_messages_in_threads": later("Send Messages in Threads"),
    "embed_links": EMBED_LINKS,
    "attach_files": ATTACH_FILES,
}
"""In Discord's own words."""
SPEAK = frozenset({_PERMISSIONS["send_messages"], _PERMISSIONS["send_messages_in_threads"]})
"""Without any of these nothing can be posted at all."""


async def know_parent(channel: object) -> None:
    """Have discord.py know the channel that a thread belongs to: it holds the permissions.

    Where Discord doesn't show that channel, it stays unknown.
    """
    if isinstance(channel, discord.Thread) and channel.parent is None:
        with contextlib.suppress(discord.DiscordException, OSError):
            parent = await channel.guild.fetch_channel(channel.parent_id)
            if isinstance(parent, discord.abc.GuildChannel):
                channel.guild._add_channel(parent)  # noqa: SLF001  (nothing else adds one)


def lacking(permissions: discord.Permissions, needed: Iterable[str]) -> list[str]:
    """Return what of `needed`, by its attribute's name, is not in `permissions`."""
    have = dict(permissions)
    return [_PERMISSIONS[name] for name in needed if not have[name]]
