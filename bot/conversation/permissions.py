"""What Bobby must be allowed to do for a reply, in Discord's own words."""

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


def lacking(permissions: discord.Permissions, needed: Iterable[str]) -> list[str]:
    """Return what of `needed`, by its attribute's name, is not in `permissions`."""
    have = dict(permissions)
    return [_PERMISSIONS[name] for name in needed if not have[name]]
