"""Pointing discord.py at a server other than Discord's: a proxy, or the playground.

The library keeps its addresses in class attributes; this sets them, for the whole process, and
touches nothing else of it.
"""

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket
from discord.http import Route
from discord.shard import EventItem, EventType, Shard

from bot.app.message_content import goes_on
from bot.core import network
from bot.core.errors import WrongSetting

DISCORD = Route.BASE
_DISCORD_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY
_DISCORD_CDN = discord.Asset.BASE


def point_discord_at(api_url: str, *, gateway: str | None = None) -> None:
    """Let every client of this process talk to the API at `api_url`.

    `gateway` is the websocket's address; without it, `/gateway` on the same host is taken. Files
    without a link of their own (avatars, emoji, stickers) are then asked of the same host too.
    Discord's own address puts everything back.
    """
    Route.BASE = api_url.rstrip("/")
    if Route.BASE == DISCORD:
        DiscordWebSocket.DEFAULT_GATEWAY = _DISCORD_GATEWAY
        discord.Asset.BASE = _DISCORD_CDN
        return
    origin = yarl.URL(api_url).origin()
    beside = origin.with_scheme("wss" if origin.scheme == "https" else "ws") / "gateway"
    DiscordWebSocket.DEFAULT_GATEWAY = beside if gateway is None else yarl.URL(gateway)
    discord.Asset.BASE = str(origin)


async def point_at(api_url: str) -> None:
    """Let every client of this process talk to the API at `api_url` and to its gateway.

    An API other than Discord's is asked where its gateway is.

    Raises:
        aiohttp.ClientError: The API does not answer, or with an error.
        WrongSetting: It answers with something else than an address.
    """
    gateway = None
    if api_url.rstrip("/") != DISCORD:
        gateway = await _gateway_of(api_url)
    point_discord_at(api_url, gateway=gateway)


async def _gateway_of(api_url: str) -> str:
    timeout, connector = aiohttp.ClientTimeout(total=10), network.Connector()
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=timeout, raise_for_status=True
        ) as session,
        session.get(f"{api_url.rstrip('/')}/gateway") as response,
    ):
        try:
            return str((await response.json())["url"])
        except (aiohttp.ContentTypeError, ValueError, LookupError, TypeError):
            raise WrongSetting(f"{api_url} isn't Discord's API. Check BOBBY_API_URL.") from None


_give_up = Shard._handle_disconnect  # noqa: SLF001  # discord.py has no other way in
_reidentify = Shard.reidentify


def apply() -> None:
    """Make discord.py's shards resume, go on without an intent, and keep quiet about voice."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    Shard.reconnect = _resume  # type: ignore[method-assign,assignment]  # as it is without shards
    Shard.reidentify = _come_back  # type: ignore[method-assign,assignment]
    Shard._handle_disconnect = _go_on  # type: ignore[method-assign,assignment]  # noqa: SLF001


async def _resume(shard: Shard) -> None:
    """Come back to the session there was: a new one would not hear what was said meanwhile."""
    await shard.reidentify(ReconnectWebSocket(shard.id, resume=True))


async def _come_back(shard: Shard, how: ReconnectWebSocket) -> None:
    """Log in again where there is no session: it was cut before one began, or Discord ended it."""
    known = shard.ws.session_id is not None
    await _reidentify(shard, ReconnectWebSocket(shard.id, resume=how.resume and known))


async def _go_on(shard: Shard, error: Exception) -> None:
    """Log in again without the intent that was refused, instead of ending for good."""
    if goes_on(shard, error):
        again = ReconnectWebSocket(shard.id, resume=False)
        shard._queue_put(EventItem(EventType.identify, shard, again))  # noqa: SLF001
    else:
        await _give_up(shard, error)
