"""REST: the caller's own account and application, fellow members, and where the gateway is."""

from aiohttp import web

from bot.playground.gateway.sessions import Hub
from bot.playground.messages import bodies
from bot.playground.messages.building import snowflake
from bot.playground.model import errors, payloads
from bot.playground.model.state import World
from bot.playground.rest.http import caller, guild_of, ok, path_id, query_number, with_counts


class UserRoutes:
    """Routes about people."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world = world
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        return [
            web.get("/gateway", self.gateway),
            web.get("/gateway/bot", self.gateway_bot),
            web.get("/users/@me", self.myself),
            web.get("/users/@me/guilds", self.my_guilds),
            web.post("/users/@me/channels", self.open_dm),
            web.get("/guilds/{guild_id}/members/{user_id}", self.member),
            web.get("/applications/@me", self.application),
            web.get("/oauth2/applications/@me", self.application),
        ]

    async def gateway(self, _: web.Request) -> web.Response:
        """Say where the gateway is."""
        return ok({"url": self._hub.gateway_url})

    async def gateway_bot(self, request: web.Request) -> web.Response:
        """Say where the gateway is, and how many shards to use."""
        caller(request)
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return ok({"url": self._hub.gateway_url, "shards": 1, "session_start_limit": limit})

    async def myself(self, request: web.Request) -> web.Response:
        """Return the caller."""
        return ok(payloads.myself(caller(request)))

    async def my_guilds(self, request: web.Request) -> web.Response:
        """Return the guilds that the caller is in by ascending id, from `after` on."""
        me = caller(request)
        limit = query_number(request, "limit", 200, 200)
        after = snowflake(request.query.get("after", "0"), "after")
        later = [guild for key, guild in sorted(self._world.guilds.items()) if key > after]
        mine = [guild for guild in later if me.id in guild.members][:limit]
        counted = with_counts(request)
        return ok(
            [payloads.my_guild(one, me) | (payloads.counts(one) if counted else {}) for one in mine]
        )

    async def open_dm(self, request: web.Request) -> web.Response:
        """Open a direct conversation with `recipient_id`, or return the one there is."""
        me = caller(request)
        body = (await bodies.read(request, file_limit=0)).payload
        other = self._world.people.get(snowflake(body.get("recipient_id"), "recipient_id"))
        if other is None or other is me:
            raise errors.invalid("recipient_id", "INVALID_RECIPIENT", "Invalid Recipient(s)")
        if me.bot and other.bot:
            raise errors.cannot_dm()
        return ok(payloads.channel(self._world.open_dm(me, other), viewer=me))

    async def member(self, request: web.Request) -> web.Response:
        """Return a member of one of the caller's guilds."""
        found = guild_of(self._world, request).members.get(path_id(request, "user_id"))
        if found is None:
            raise errors.unknown("Member")
        return ok(payloads.member(found))

    async def application(self, request: web.Request) -> web.Response:
        """Return the caller's own application."""
        if caller(request) is not self._world.bot:
            raise errors.unauthorized()
        application = self._world.application
        return ok(payloads.private_application(application, len(self._world.guilds)))
