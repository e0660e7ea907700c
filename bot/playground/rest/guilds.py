"""REST: guilds with their channels, members, roles and active threads."""

from aiohttp import web

from bot.playground.messages.building import snowflake
from bot.playground.model import errors, payloads
from bot.playground.model.permissions import in_channel
from bot.playground.model.state import World
from bot.playground.rest.http import caller, guild_of, ok, path_id, with_counts


class GuildRoutes:
    """Routes about guilds; all of them for members only."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        return [
            web.get("/guilds/{guild_id}", self.guild),
            web.get("/guilds/{guild_id}/channels", self.channels),
            web.get("/guilds/{guild_id}/members", self.members),
            web.get("/guilds/{guild_id}/members/{user_id}", self.member),
            web.get("/guilds/{guild_id}/roles", self.roles),
            web.get("/guilds/{guild_id}/threads/active", self.active_threads),
            web.get("/guilds/{guild_id}/emojis", self.emojis),
            web.get("/guilds/{guild_id}/stickers/{sticker_id}", self.sticker),
        ]

    async def guild(self, request: web.Request) -> web.Response:
        """Return a guild."""
        guild = guild_of(self._world, request)
        data = payloads.guild(guild)
        return ok(data | payloads.counts(guild) if with_counts(request) else data)

    async def channels(self, request: web.Request) -> web.Response:
        """Return the channels that the caller sees."""
        me, guild = caller(request), guild_of(self._world, request)
        seen = [channel for channel in guild.channels.values() if in_channel(me, channel)]
        return ok([payloads.channel(channel) for channel in seen])

    async def members(self, request: web.Request) -> web.Response:
        """Return members by ascending id, from `after` on."""
        guild = guild_of(self._world, request)
        limit = snowflake(request.query.get("limit", "1"), "limit")
        after = snowflake(request.query.get("after", "0"), "after")
        if not 1 <= limit <= 1000:
            raise errors.invalid("limit", "NUMBER_TYPE_MAX", "Must be between 1 and 1000.")
        later = [member for key, member in sorted(guild.members.items()) if key > after]
        return ok([payloads.member(member) for member in later[:limit]])

    async def member(self, request: web.Request) -> web.Response:
        """Return one member."""
        guild = guild_of(self._world, request)
        member = guild.members.get(path_id(request, "user_id"))
        if member is None:
            raise errors.unknown("member")
        return ok(payloads.member(member))

    async def roles(self, request: web.Request) -> web.Response:
        """Return the roles."""
        guild = guild_of(self._world, request)
        return ok([payloads.role(role) for role in guild.roles.values()])

    async def active_threads(self, request: web.Request) -> web.Response:
        """Return the threads that are not archived and that the caller sees."""
        me, guild = caller(request), guild_of(self._world, request)
        seen = [t for t in guild.threads.values() if not t.archived and in_channel(me, t)]
        joined = [payloads.thread_member(t, me) for t in seen if me.id in t.members]
        threads = [payloads.channel(thread) for thread in seen]
        return ok({"threads": threads, "members": joined, "has_more": False})

    async def emojis(self, request: web.Request) -> web.Response:
        """Return the guild's own emoji."""
        guild = guild_of(self._world, request)
        return ok([payloads.emoji(emoji) for emoji in guild.emojis.values()])

    async def sticker(self, request: web.Request) -> web.Response:
        """Return one of the guild's stickers."""
        guild = guild_of(self._world, request)
        sticker = guild.stickers.get(path_id(request, "sticker_id"))
        if sticker is None:
            raise errors.ApiError(404, 10060, "Unknown sticker")
        return ok(payloads.sticker(sticker, guild))
