"""REST: registering application commands, and the index that people pick them from."""

from aiohttp import web

from bot.playground.interactions.registry import Registry
from bot.playground.messages import bodies
from bot.playground.model import errors, payloads
from bot.playground.model.permissions import require
from bot.playground.model.records import Command, Json
from bot.playground.model.state import World
from bot.playground.rest.http import caller, channel_of, done, guild_of, ok, path_id


class CommandRoutes:
    """Routes about commands: the application's own for its bot, the index for everyone."""

    def __init__(self, world: World, registry: Registry) -> None:
        self._world = world
        self._registry = registry

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        application = "/applications/{application_id}"
        routes = [web.get("/channels/{channel_id}/application-command-index", self.index)]
        for where in (f"{application}/commands", f"{application}/guilds/{{guild_id}}/commands"):
            one = where + "/{command_id}"
            routes += [
                web.get(where, self.list),
                web.put(where, self.replace),
                web.post(where, self.create),
                web.get(one, self.get),
                web.patch(one, self.change),
                web.delete(one, self.remove),
            ]
        return routes

    def _guild_id(self, request: web.Request) -> int | None:
        """Return for which guild this is, None for global, after checking who asks."""
        application = self._world.application
        if path_id(request, "application_id") != application.id:
            raise errors.unknown("application")
        if caller(request) is not application.bot:
            raise errors.missing_access()
        return guild_of(self._world, request).id if "guild_id" in request.match_info else None

    def _shown(self, command: Command) -> Json:
        return payloads.command(command, self._world.application)

    def _found(self, request: web.Request) -> Command:
        guild_id = self._guild_id(request)
        return self._registry.get(guild_id, path_id(request, "command_id"))

    async def index(self, request: web.Request) -> web.Response:
        """Return the commands that the caller may use in a channel."""
        me, channel = caller(request), channel_of(self._world, request)
        require(me, channel)
        usable = self._registry.usable(me, channel)
        applications = [payloads.basic_application(self._world.application)] if usable else []
        version = max((command.version for command in usable), default=0)
        return ok(
            {
                "applications": applications,
                "application_commands": [self._shown(command) for command in usable],
                "version": str(version),
            }
        )

    async def list(self, request: web.Request) -> web.Response:
        """Return the commands; their names in other languages only if they are asked for."""
        commands = [self._shown(one) for one in self._registry.of(self._guild_id(request))]
        asked = request.query.get("with_localizations") in {"true", "1"}
        return ok(commands if asked else [_in_one_language(command) for command in commands])

    async def replace(self, request: web.Request) -> web.Response:
        """Replace all commands."""
        guild_id = self._guild_id(request)
        commands = self._registry.replace(guild_id, await bodies.read_list(request))
        return ok([self._shown(command) for command in commands])

    async def create(self, request: web.Request) -> web.Response:
        """Add a command: 201, or 200 when it took the place of one."""
        guild_id = self._guild_id(request)
        before = len(self._registry.of(guild_id))
        command = self._registry.create(guild_id, await bodies.read_json(request))
        added = len(self._registry.of(guild_id)) > before
        return ok(self._shown(command), status=201 if added else 200)

    async def get(self, request: web.Request) -> web.Response:
        """Return one command."""
        return ok(self._shown(self._found(request)))

    async def change(self, request: web.Request) -> web.Response:
        """Change one command."""
        command = self._found(request)
        self._registry.change(command, await bodies.read_json(request))
        return ok(self._shown(command))

    async def remove(self, request: web.Request) -> web.Response:
        """Delete one command."""
        self._registry.remove(self._found(request))
        return done()


def _in_one_language(command: Json) -> Json:
    """Return a command or an option as Discord lists it to anyone who does not ask for more."""
    shown = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    if options := command.get("options"):
        shown["options"] = [_in_one_language(option) for option in options]
    return shown
