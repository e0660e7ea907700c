"""Application commands: which there are, and which of them somebody may use where."""

from collections.abc import Iterator

from bot.playground.interactions import schemas
from bot.playground.model import errors
from bot.playground.model.errors import ValidationErrors
from bot.playground.model.fields import check
from bot.playground.model.records import DM, Application, Channel, Command, Json, Person
from bot.playground.model.state import World

SLASH, MESSAGE_MENU = 1, 3
MOST = {SLASH: 100, MESSAGE_MENU: 15}
CREATIONS_A_DAY = 200
IN_GUILD, IN_BOT_DM, IN_OTHER_DM = 0, 1, 2
"""Contexts in which a command may be used."""
BY_GUILD, BY_USER = 0, 1
"""Ways in which an application is installed."""
ATTACHMENT = 11
SUBCOMMANDS = frozenset({1, 2})


class Registry:
    """The application's commands. Identical ones keep their id and version when sent again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._application = world.application
        self._created = 0

    def replace(self, bodies: list[Json]) -> list[Command]:
        """Let `bodies` be all the commands.

        Raises:
            ApiError: One is not valid, there are too many, or too many were made today.
        """
        complaints = ValidationErrors()
        for index, body in enumerate(bodies):
            check(complaints, body, schemas.Command, str(index))
        complaints.close()
        keys = [_key(body) for body in bodies]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                sentence = "Application command names must be unique"
                complaints.add(str(index), "APPLICATION_COMMANDS_DUPLICATE_NAME", sentence)
        complaints.close()
        _count(bodies)
        old = {_key(command.body): command for command in self._application.commands.values()}
        new = [self._made(body, old.get(_key(body))) for body in bodies]
        self._application.commands = {command.id: command for command in new}
        return new

    def _made(self, sent: Json, old: Command | None) -> Command:
        body = _tidy(sent)
        if old is None:
            self._created += 1
            if self._created > CREATIONS_A_DAY:
                message = "Max number of daily application command creates has been reached (200)"
                raise errors.ApiError(400, 30034, message)
            return Command(self._world.new_id(), self._world.new_id(), body)
        version = old.version if old.body == body else self._world.new_id()
        return Command(old.id, version, body)

    def usable(self, person: Person, channel: Channel) -> list[Command]:
        """Return the commands that `person` may use in `channel`."""
        return [
            command
            for command in self._application.commands.values()
            if self.owners(command, person, channel)
        ]

    def owners(self, command: Command, person: Person, channel: Channel) -> Json:
        """Return by which installations `person` may use `command` in `channel`; {} if by none.

        This is what Discord calls the authorizing integration owners: "0" is the guild's
        installation, "1" the person's own.
        """
        context = context_of(channel, self._application)
        guild = channel.guild
        contexts = command.body.get("contexts")
        if contexts is None:
            direct = command.body.get("dm_permission", True) is not False
            contexts = [IN_GUILD, IN_BOT_DM, IN_OTHER_DM] if direct else [IN_GUILD]
        if context not in contexts:
            return {}
        ways = command.body.get("integration_types") or [BY_GUILD]
        owners: Json = {}
        if guild is not None and BY_GUILD in ways and self._application.bot.id in guild.members:
            owners["0"] = str(guild.id)
        if guild is None and context == IN_BOT_DM and BY_GUILD in ways:
            owners["0"] = "0"
        if BY_USER in ways and person.id in self._application.installed_by:
            owners["1"] = str(person.id)
        return owners


def context_of(channel: Channel, application: Application) -> int:
    """Return in which context `channel` is, seen from `application`."""
    if channel.kind != DM:
        return IN_GUILD
    return IN_BOT_DM if application.bot in channel.recipients else IN_OTHER_DM


def _key(body: Json) -> tuple[int, str]:
    return int(body.get("type") or SLASH), str(body.get("name"))


def _tidy(value: Json) -> Json:
    """Return `value` without the keys that say nothing, all the way down."""
    return {
        key: [_tidy(one) if isinstance(one, dict) else one for one in item]
        if isinstance(item, list)
        else item
        for key, item in value.items()
        if item is not None
    }


def _count(bodies: list[Json]) -> None:
    for kind, most in MOST.items():
        if sum(1 for body in bodies if _key(body)[0] == kind) > most:
            message = f"Maximum number of application commands reached ({most})"
            raise errors.ApiError(400, 30032, message)


def leaves(options: list[Json]) -> Iterator[Json]:
    """Yield the filled-in options, those inside subcommands instead of the subcommands."""
    for option in options:
        if option.get("type") in SUBCOMMANDS:
            yield from leaves(option.get("options") or [])
        else:
            yield option


def declared(command: Command, options: list[Json]) -> list[Json]:
    """Return the options that `command` declares on the level that `options` fills in."""
    level: list[Json] = command.body.get("options") or []
    while options and options[0].get("type") in SUBCOMMANDS:
        chosen = next((one for one in level if one["name"] == options[0].get("name")), None)
        if chosen is None:
            return []
        level, options = chosen.get("options") or [], options[0].get("options") or []
    return level
