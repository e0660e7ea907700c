"""REST: people using commands, menus, components and autocomplete, as Discord's clients do."""

from aiohttp import web

from bot.playground.gateway.sessions import Hub
from bot.playground.interactions import schemas
from bot.playground.interactions.lifecycle import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL,
    Interaction,
    Interactions,
    member_here,
)
from bot.playground.interactions.modals import UPLOAD, filled
from bot.playground.interactions.registry import (
    ATTACHMENT,
    MESSAGE_MENU,
    Registry,
    declared,
    leaves,
)
from bot.playground.messages import bodies, building
from bot.playground.messages.bodies import Form
from bot.playground.messages.building import snowflake
from bot.playground.messages.limits import SELECT, walk
from bot.playground.messages.rules import check_slow_mode
from bot.playground.model import errors, message_payloads, payloads
from bot.playground.model.fields import require_form
from bot.playground.model.links import Links
from bot.playground.model.permissions import PermissionBits, require
from bot.playground.model.records import Attachment, Channel, Command, Json, Message, Person
from bot.playground.model.state import World
from bot.playground.rest.http import caller, done

USER, CHANNEL = 6, 7


class InteractionRoutes:
    """The one route by which people interact with an application."""

    def __init__(
        self, world: World, registry: Registry, interactions: Interactions, hub: Hub, links: Links
    ) -> None:
        self._world = world
        self._registry = registry
        self._interactions = interactions
        self._hub = hub
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """Return the route, below the API's prefix."""
        return [web.post("/interactions", self.interact)]

    async def interact(self, request: web.Request) -> web.Response:
        """Use a command, a component or a command's autocomplete, or fill in a modal."""
        me = caller(request)
        form = await bodies.read(request, file_limit=self._world.upload_limit)
        body = form.payload
        require_form(body, schemas.Use)
        channel = self._channel(me, body)
        self._check_session(me, body)
        if snowflake(body.get("application_id"), "application_id") != self._world.application.id:
            raise errors.unknown("Application")
        kind = body.get("type")
        if kind in {COMMAND, AUTOCOMPLETE}:
            interaction = self._command(me, channel, form, int(kind))
        elif kind == COMPONENT:
            interaction = self._component(me, channel, body)
        else:
            interaction = self._modal(me, channel, form)
        interaction.nonce = body.get("nonce")
        self._interactions.begin(interaction)
        return done()

    def _channel(self, me: Person, body: Json) -> Channel:
        channel = self._world.channels.get(snowflake(body.get("channel_id"), "channel_id"))
        if channel is None:
            raise errors.unknown("Channel")
        require(me, channel)
        return channel

    def _check_session(self, me: Person, body: Json) -> None:
        session = self._hub.sessions.get(str(body.get("session_id")))
        if session is None or session.person is not me:
            raise errors.invalid("session_id", "BASE_TYPE_REQUIRED", "No such gateway session")

    # --- commands ---------------------------------------------------------------------------------

    def _command(self, me: Person, channel: Channel, form: Form, kind: int) -> Interaction:
        held = require(me, channel, PermissionBits.USE_APPLICATION_COMMANDS)
        sent: Json = form.payload.get("data") or {}
        command = self._world.application.commands.get(snowflake(sent.get("id"), "data.id"))
        owners = self._registry.owners(command, me, channel) if command else {}
        if command is None or not owners:
            raise errors.unknown("application command")
        if "version" in sent and str(sent["version"]) != str(command.version):
            sentence = "This command is outdated, please try again in a few minutes"
            raise errors.invalid(
                "data", "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION", sentence
            )
        options: list[Json] = sent.get("options") or []
        data: Json = {
            "id": str(command.id),
            "name": command.body["name"],
            "type": command.kind,
            "options": options,
        }
        if kind == COMMAND:
            _check_options(command, options)
            check_slow_mode(me, channel, held)
            data["resolved"] = self._resolved(channel, form, options)
            if command.kind == MESSAGE_MENU:
                self._target(me, channel, sent, data)
        return Interaction(self._world.new_id(), kind, me, channel, data, owners)

    def _resolved(self, channel: Channel, form: Form, options: list[Json]) -> Json:
        """Return the people, channels and files of `options`, and give the files their ids."""
        resolved: Json = {}
        files = self._files(form)
        for option in leaves(options):
            kind, value = option.get("type"), option.get("value")
            if kind in {USER, CHANNEL}:
                self._resolve(channel, snowflake(value, "data.options"), resolved)
            elif kind == ATTACHMENT:
                option["value"] = self._keep(files, value, resolved)
        return resolved

    def _files(self, form: Form) -> dict[int, Attachment]:
        described = Form({"attachments": form.payload["data"].get("attachments")}, form.files)
        made = building.attachments(described, self._world.application.id, self._world)
        return dict(zip(sorted(form.files), made, strict=True))

    def _keep(self, files: dict[int, Attachment], number: object, resolved: Json) -> str:
        """Let the bot have the file `number` of `files`; return its id."""
        file = files.get(snowflake(number, "data"))
        if file is None:
            raise errors.invalid("data", "BASE_TYPE_REQUIRED", "No file of this number")
        file.ephemeral = True
        self._world.files[file.channel_id, file.id] = file
        shown = message_payloads.attachment(file, self._links)
        resolved.setdefault("attachments", {})[str(file.id)] = shown
        return str(file.id)

    def _resolve(self, channel: Channel, identifier: int, resolved: Json) -> None:
        key = str(identifier)
        if person := self._world.people.get(identifier):
            resolved.setdefault("users", {})[key] = payloads.user(person)
            if channel.guild is not None and identifier in channel.guild.members:
                member = member_here(person, channel)
                del member["user"]
                resolved.setdefault("members", {})[key] = member
        elif named := self._world.channels.get(identifier):
            shown = {**payloads.channel(named), "permissions": "0"}
            resolved.setdefault("channels", {})[key] = shown
        else:
            raise errors.invalid("data.options", "UNKNOWN_VALUE", "Nothing has this id")

    def _target(self, me: Person, channel: Channel, sent: Json, data: Json) -> None:
        target_id = snowflake(sent.get("target_id"), "data.target_id")
        data["target_id"] = str(target_id)
        message = channel.messages.get(target_id)
        if message is None or message.for_whom not in {None, me}:
            raise errors.unknown("Message")
        shown = message_payloads.message(message, self._links, viewer=self._world.bot)
        data["resolved"]["messages"] = {str(target_id): shown}

    # --- components -------------------------------------------------------------------------------

    def _component(self, me: Person, channel: Channel, body: Json) -> Interaction:
        message = channel.messages.get(snowflake(body.get("message_id"), "message_id"))
        if message is None or message.for_whom not in {None, me}:
            raise errors.unknown("Message")
        sent: Json = body.get("data") or {}
        component = _used(message, str(sent.get("custom_id")))
        data: Json = {
            "custom_id": component["custom_id"],
            "component_type": component["type"],
            "id": component["id"],
        }
        if component["type"] == SELECT:
            data["values"] = sent.get("values") or []
            _check_values(component, data["values"])
        owners = (message.interaction or {}).get("authorizing_integration_owners")
        if owners is None:
            guild_id = channel.guild.id if channel.guild else 0
            owners = {"0": str(guild_id)}
        return Interaction(
            self._world.new_id(), COMPONENT, me, channel, data, owners, source=message
        )

    # --- modals -----------------------------------------------------------------------------------

    def _modal(self, me: Person, channel: Channel, form: Form) -> Interaction:
        sent: Json = form.payload["data"]
        opener = self._interactions.with_modal(snowflake(sent.get("id"), "data.id"), me)
        modal, files = opener.modal, self._files(form)
        assert modal is not None
        resolved: Json = {}

        def resolve(kind: int, value: object) -> str:
            if kind == UPLOAD:
                return self._keep(files, value, resolved)
            self._resolve(channel, snowflake(value, "data.components"), resolved)
            return str(value)

        data: Json = {
            "custom_id": modal["custom_id"],
            "components": filled(modal["components"], sent.get("components") or [], resolve),
            "resolved": resolved,
        }
        opener.modal = None
        return Interaction(
            self._world.new_id(),
            MODAL,
            me,
            channel,
            data,
            opener.owners,
            source=opener.source,
            opener=opener,
        )


def _check_options(command: Command, options: list[Json]) -> None:
    filled = {option.get("name"): option for option in leaves(options)}
    known = {option["name"]: option for option in declared(command, options)}
    for name, option in known.items():
        if option.get("required") and name not in filled:
            raise errors.invalid(
                f"data.options.{name}", "BASE_TYPE_REQUIRED", "This field is required"
            )
    for name, option in filled.items():
        if name not in known or option.get("type") != known[name]["type"]:
            sentence = "This command is outdated, please try again in a few minutes"
            raise errors.invalid(
                "data", "INTERACTION_APPLICATION_COMMAND_INVALID_OPTIONS", sentence
            )
        choices = [choice["value"] for choice in known[name].get("choices") or []]
        if choices and option.get("value") not in choices:
            raise errors.invalid(
                f"data.options.{name}", "BASE_TYPE_CHOICES", "Value must be one of the choices."
            )


def _used(message: Message, custom_id: str) -> Json:
    for _, component in walk(message.components, "components"):
        if component.get("custom_id") == custom_id and not component.get("disabled"):
            return component
    raise errors.invalid(
        "data.custom_id", "COMPONENT_VALIDATION_FAILED", "Component validation failed"
    )


def _check_values(component: Json, values: list[object]) -> None:
    fewest, most = component.get("min_values", 1), component.get("max_values", 1)
    options = {option["value"] for option in component.get("options") or []}
    if not set(values) <= options or not fewest <= len(values) <= most:
        raise errors.invalid(
            "data.values", "COMPONENT_VALIDATION_FAILED", "Component validation failed"
        )
