"""REST: registering application commands, and the index that people pick them from."""

from aiohttp import web

from bot.playground.interactions.registry import Registry
from bot.playground.messages import bodies
from bot.playground.model import errors, payloads
from bot.playground.model.permissions import require
from bot.playground.model.records import Command, Json
from bot.playground.model.state import World
from bot.playground.rest.http import caller, channel_of, ok, path_id


class CommandRoutes:
    """Routes about commands: the application's own for its bot, the index for everyone."""

    def __init__(self, world: World, registry: Registry) -> None:
        self._world = world
        self._registry = registry

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the API's prefix."""
        commands = "/applications/{application_id}/commands"
        of_a_guild = "/applications/{application_id}/guilds/{guild_id}/commands"
        return [
            web.get("/channels/{channel_id}/application-command-index", self.index),
            web.get(commands, self.list),
            web.put(commands, self.replace),
            web.get(of_a_guild, self.of_guild),
            web.put(of_a_guild, self.clear_guild),
        ]

    def _check_bot(self, request: web.Request) -> None:
        application = self._world.application
        if path_id(request, "application_id") != application.id:
            raise errors.unknown("Application")
        if caller(request) is not application.bot:
            raise errors.missing_access()

    def _shown(self, command: Command) -> Json:
        return payloads.command(command, self._world.application)

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
        self._check_bot(request)
        commands = [self._shown(one) for one in self._world.application.commands.values()]
        asked = request.query.get("with_localizations") in {"true", "1"}
        return ok(commands if asked else [_in_one_language(command) for command in commands])

    async def of_guild(self, request: web.Request) -> web.Response:
        """Return the commands of one guild."""
        self._check_bot(request)
        left = self._world.application.guild_commands.get(path_id(request, "guild_id"), [])
        return ok([self._shown(one) for one in left])

    async def clear_guild(self, request: web.Request) -> web.Response:
        """Remove all commands of one guild; new ones are Bobby's to have everywhere."""
        self._check_bot(request)
        if await bodies.read_list(request):
            raise errors.missing_access()
        self._world.application.guild_commands.pop(path_id(request, "guild_id"), None)
        return ok([])

    async def replace(self, request: web.Request) -> web.Response:
        """Replace all commands."""
        self._check_bot(request)
        commands = self._registry.replace(await bodies.read_list(request))
        return ok([self._shown(command) for command in commands])


def _in_one_language(command: Json) -> Json:
    """Return a command or an option as Discord lists it to anyone who does not ask for more."""
    shown = {key: value for key, value in command.items() if not key.endswith("_localizations")}
    if options := command.get("options"):
        shown["options"] = [_in_one_language(option) for option in options]
    return shown
