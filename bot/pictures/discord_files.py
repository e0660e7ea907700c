"""Discord's own files by their addresses: which links lead to them, and how they are renewed.

A link to an attachment is signed and runs out after a day. Discord gives a fresh one to bots that
ask, also for a link that somebody copied without its signature.
"""

import re

import discord
from discord.http import Route
from yarl import URL

from bot.core.errors import LinkExpired
from bot.core.i18n import tr

_ORIGINS = frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"})
_ATTACHMENT = re.compile(r"/(?:media/)?(?:ephemeral-)?attachments/\d+/(\d+)/[\w.%-]+")


def attachment_id(url: str) -> str | None:
    """Return the id of the attachment that `url` leads to, None for any other address."""
    try:
        parts = URL(url)
        origin = str(parts.origin())
    except ValueError:
        return None
    if parts.user is not None or origin not in _ORIGINS | {discord.Asset.BASE}:
        return None
    found = _ATTACHMENT.fullmatch(parts.raw_path)
    return found[1] if found else None


def emoji_url(emoji: int) -> str:
    """Return where a custom emoji is, as large as Discord gives it; of a moving one a still."""
    return f"{discord.Asset.BASE}/emojis/{emoji}.png?size=512"


async def renewed(client: discord.Client, url: str) -> str:
    """Return a fresh link to the attachment at `url`.

    Raises:
        LinkExpired: Discord gives none.
    """
    route = Route("POST", "/attachments/refresh-urls")
    try:
        answer = await client.http.request(route, json={"attachment_urls": [url]})
        return str(answer["refreshed_urls"][0]["refreshed"])
    except (discord.HTTPException, LookupError, TypeError):
        raise LinkExpired(
            tr("That Discord link has expired and can't be renewed. Upload the picture instead.")
        ) from None
