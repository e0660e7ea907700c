"""Interactions: what people do with commands and components, and how long a bot has to answer.

Keeps the open interactions and their clocks, and tells both ends. People's requests come in by
`user_routes`, the bot's answers by `bot_routes`.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Literal

from bot.playground.interactions.registry import MESSAGE_MENU, SLASH, context_of
from bot.playground.messages.posting import MessageContext
from bot.playground.model import errors, message_payloads, payloads
from bot.playground.model.links import Links
from bot.playground.model.permissions import PermissionBits, in_channel
from bot.playground.model.records import (
    DEFAULT,
    EPHEMERAL,
    LOADING,
    MENU,
    REPLY,
    Channel,
    Json,
    Message,
    Person,
    Reference,
)
from bot.playground.model.records import SLASH as SLASH_MESSAGE
from bot.playground.model.state import Event, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
"""Kinds of interaction."""
USER_INSTALL_FOLLOW_UPS = 5

State = Literal["open", "answered", "failed"]


@dataclass(eq=False)
class Interaction:
    """One use of a command, component or modal.

    `data` is what the bot gets, `owners` by which installations it is allowed, `source` the
    message whose component was used. `original` is the first answer, once it is a message; `modal`
    the answer, until it is filled in, which is another interaction, whose `opener` is this one.
    """

    id: int
    kind: int
    person: Person
    channel: Channel
    data: Json
    owners: Json
    nonce: object = None
    source: Message | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(64), repr=False)
    began: float = field(default_factory=time.monotonic)
    state: State = "open"
    original: Message | None = None
    follow_ups: int = 0
    modal: Json | None = None
    opener: "Interaction | None" = None

    @property
    def is_menu(self) -> bool:
        """Whether it came from a message's or a person's menu."""
        return self.kind == COMMAND and self.data.get("type", SLASH) != SLASH

    @property
    def only_by_user(self) -> bool:
        """Whether only the person's own installation allows it."""
        return set(self.owners) == {"1"}


class Interactions:
    """All interactions. `answer_within` and `token_life` are in seconds."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self.answer_within = 3.0
        self.token_life = 15 * 60.0

    def begin(self, interaction: Interaction) -> None:
        """Tell the person and the bot of `interaction`, and start its clock."""
        self._forget_old()
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        if interaction.kind != AUTOCOMPLETE:
            self._tell(interaction, "INTERACTION_CREATE")
        bot = self._world.bot
        self._world.publish(Event("INTERACTION_CREATE", self._payload(interaction), to=(bot,)))
        loop = asyncio.get_running_loop()
        loop.call_later(self.answer_within, self._time_is_up, interaction)

    def _time_is_up(self, interaction: Interaction) -> None:
        if interaction.state == "open":
            interaction.state = "failed"
            self._tell(interaction, "INTERACTION_FAILURE")

    def answered(self, interaction: Interaction) -> None:
        """Note the first answer and tell the person."""
        interaction.state = "answered"
        self._tell(interaction, "INTERACTION_SUCCESS")

    def choices(self, interaction: Interaction, choices: list[Json]) -> None:
        """Hand the bot's suggestions to the person."""
        interaction.state = "answered"
        self._tell(interaction, "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", choices=choices)

    def open_modal(self, interaction: Interaction, modal: Json) -> None:
        """Show the person a modal, to be filled in."""
        interaction.modal = modal
        self.answered(interaction)
        self._tell(
            interaction,
            "INTERACTION_MODAL_CREATE",
            channel_id=str(interaction.channel.id),
            application=payloads.basic_application(self._world.application),
            **modal,
        )

    def with_modal(self, interaction_id: int, person: Person) -> Interaction:
        """Return the interaction whose modal `person` has open.

        Raises:
            ApiError: 10062 when there is none.
        """
        interaction = self._by_id.get(interaction_id)
        if interaction is None or interaction.person is not person or interaction.modal is None:
            raise errors.unknown("interaction")
        return interaction

    def _tell(self, interaction: Interaction, name: str, **more: object) -> None:
        data = {"id": str(interaction.id), "nonce": interaction.nonce, **more}
        self._world.publish(Event(name, data, to=(interaction.person,)))

    def to_answer(self, interaction_id: int, token: str) -> Interaction:
        """Return the interaction that awaits its first answer.

        Raises:
            ApiError: 10062 when there is none or its time is up, 40060 when it has one.
        """
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(interaction.token, token):
            raise errors.unknown("interaction")
        if interaction.state == "failed":
            raise errors.unknown("interaction")
        if interaction.state == "answered":
            raise errors.already_acknowledged()
        return interaction

    def by_token(self, token: str) -> Interaction:
        """Return the answered interaction to which `token` still opens the door.

        Raises:
            ApiError: 50027 when the token is unknown or too old, 10015 before the first answer.
        """
        interaction = self._by_token.get(token)
        if interaction is None or time.monotonic() - interaction.began > self.token_life:
            raise errors.invalid_webhook_token()
        if interaction.state != "answered":
            raise errors.unknown("Webhook")
        return interaction

    def _forget_old(self) -> None:
        past = time.monotonic() - self.token_life - 60
        for interaction in list(self._by_id.values()):
            if interaction.began < past:
                del self._by_id[interaction.id], self._by_token[interaction.token]

    # --- what the bot is told ---------------------------------------------------------------------

    def _payload(self, interaction: Interaction) -> Json:
        person, channel = interaction.person, interaction.channel
        application = self._world.application
        data: Json = {
            "id": str(interaction.id),
            "application_id": str(application.id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": str(channel.id),
            "channel": {
                **payloads.channel(channel, viewer=application.bot),
                "permissions": str(int(in_channel(person, channel))),
            },
            "locale": person.locale,
            "app_permissions": str(int(self._app_permissions(interaction))),
            "entitlements": [],
            "authorizing_integration_owners": interaction.owners,
            "context": context_of(channel, application),
            "attachment_size_limit": self._world.upload_limit,
        }
        if channel.guild is None:
            data["user"] = payloads.user(person)
        else:
            guild = channel.guild
            data["guild_id"] = str(guild.id)
            data["guild"] = {"id": str(guild.id), "locale": guild.locale, "features": []}
            data["guild_locale"] = guild.locale
            data["member"] = member_here(person, channel)
        if interaction.source is not None:
            data["message"] = message_payloads.message(interaction.source, self._links)
        return data

    def _app_permissions(self, interaction: Interaction) -> PermissionBits:
        """Return what the bot may do there; a guest has what its person lends it."""
        held = in_channel(self._world.bot, interaction.channel)
        if held or interaction.channel.guild is None:
            return (
                held
                or PermissionBits.SEND_MESSAGES
                | PermissionBits.EMBED_LINKS
                | PermissionBits.ATTACH_FILES
            )
        lent = (
            PermissionBits.EMBED_LINKS
            | PermissionBits.ATTACH_FILES
            | PermissionBits.MENTION_EVERYONE
            | PermissionBits.USE_EXTERNAL_EMOJIS
        )
        return in_channel(interaction.person, interaction.channel) & lent

    # --- what an answer is ------------------------------------------------------------------------

    def occasion(
        self, interaction: Interaction, flags: int, *, loading: bool = False
    ) -> MessageContext:
        """Return what makes a message that answers `interaction`, ephemeral if `flags` say so.

        Answers of an application that only the person has installed are seen by that person
        alone where people may not use external apps.
        """
        may_show = (
            in_channel(interaction.person, interaction.channel) & PermissionBits.USE_EXTERNAL_APPS
        )
        guest = interaction.only_by_user and interaction.channel.guild is not None
        hidden = bool(flags & EPHEMERAL) or (guest and not may_show)
        reference = _reference(interaction, hidden=hidden)
        return MessageContext(
            kind=_message_kind(interaction, reference),
            for_whom=interaction.person if hidden else None,
            interaction=self._metadata(interaction),
            command=_command(interaction) if interaction.original is None else None,
            application_id=self._world.application.id,
            flags=LOADING if loading else 0,
            reference=reference,
            may_be_empty=loading,
        )

    def _metadata(self, interaction: Interaction) -> Json:
        data: Json = {
            "id": str(interaction.id),
            "type": interaction.kind,
            "user": payloads.user(interaction.person),
            "authorizing_integration_owners": interaction.owners,
        }
        if interaction.opener is not None:
            data["triggering_interaction_metadata"] = self._metadata(interaction.opener)
        elif interaction.source is not None:
            data["interacted_message_id"] = str(interaction.source.id)
        if interaction.original is not None:
            data["original_response_message_id"] = str(interaction.original.id)
        if interaction.data.get("type") == MESSAGE_MENU and "target_id" in interaction.data:
            data["target_message_id"] = interaction.data["target_id"]
        return data


def _message_kind(interaction: Interaction, reference: Reference | None) -> int:
    if reference is not None:
        return REPLY
    if interaction.kind != COMMAND:
        return DEFAULT
    return MENU if interaction.is_menu else SLASH_MESSAGE


def _reference(interaction: Interaction, *, hidden: bool) -> Reference | None:
    """Return what an answer replies to: the first answer, or the message of the component.

    What everyone sees never quotes what only one person does.
    """
    target = interaction.original or interaction.source
    if target is None or (target.for_whom is not None and not hidden):
        return None
    return Reference(target.channel, target.id)


def _command(interaction: Interaction) -> Json | None:
    if interaction.kind != COMMAND:
        return None
    return {
        "id": str(interaction.id),
        "type": interaction.kind,
        "name": interaction.data["name"],
        "user": payloads.user(interaction.person),
    }


def member_here(person: Person, channel: Channel) -> Json:
    """Return a person's membership together with their permissions in `channel`."""
    assert channel.guild is not None
    data = payloads.member(channel.guild.members[person.id])
    return {**data, "permissions": str(int(in_channel(person, channel)))}
