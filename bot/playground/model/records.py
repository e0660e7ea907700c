"""What the playground's world is made of: people, guilds, channels, messages, commands.

Plain mutable records without behavior, referring to one another by object. `World` makes and
keeps them, the payload modules turn them into JSON; neither ids nor times are made here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
"""A JSON object."""

TEXT, DM, PUBLIC_THREAD = 0, 1, 11
"""Kinds of channel."""

EPHEMERAL, LOADING, SUPPRESS_EMBEDS, HAS_THREAD = 1 << 6, 1 << 7, 1 << 2, 1 << 5
SUPPRESS_NOTIFICATIONS, VOICE, HAS_SNAPSHOT, COMPONENTS_V2 = 1 << 12, 1 << 13, 1 << 14, 1 << 15
"""Flags of a message."""

DEFAULT, REPLY, SLASH, THREAD_STARTER, MENU = 0, 19, 20, 21, 23
"""Kinds of message."""


@dataclass(eq=False, slots=True)
class Person:
    """A user, people and bots alike; `token` is what they authenticate with."""

    id: int
    name: str
    token: str = field(repr=False)
    avatar: bytes = field(repr=False)
    avatar_hash: str
    bot: bool = False
    locale: str = "en-US"
    accepts_dms: bool = True


@dataclass(eq=False, slots=True)
class Role:
    """A role of a guild; the one whose id is the guild's is everyone's."""

    id: int
    name: str
    permissions: int
    position: int = 0


@dataclass(slots=True)
class Overwrite:
    """Permissions that a channel allows or denies to one role (kind 0) or member (kind 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(eq=False, slots=True)
class Member:
    """A person's membership of one guild."""

    person: Person
    joined_at: datetime
    roles: list[Role] = field(default_factory=list)
    silenced_until: datetime | None = None
    """Until when a moderator lets them only look on."""


@dataclass(eq=False, slots=True)
class Sticker:
    """A sticker; `format` is 1 PNG, 2 APNG, 3 LOTTIE, 4 GIF."""

    id: int
    name: str
    data: bytes = field(repr=False)
    format: int = 1


@dataclass(eq=False, slots=True)
class Emoji:
    """A custom emoji, as it stands in a text: `<:name:id>`."""

    id: int
    name: str
    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"<:{self.name}:{self.id}>"


@dataclass(eq=False, slots=True)
class Guild:
    """A server. `blocked_words` is what its AutoMod refuses, `locale` its language.

    `system_channel` is the id of the channel that is for news of the server, if any.
    """

    id: int
    name: str
    owner: Person
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, "Channel"] = field(default_factory=dict)
    threads: dict[int, "Channel"] = field(default_factory=dict)
    blocked_words: set[str] = field(default_factory=set)
    locale: str = "en-US"
    system_channel: int | None = None


@dataclass(eq=False, slots=True)
class Channel:
    """A text channel, a thread (with a parent) or a direct conversation (with recipients)."""

    id: int
    kind: int
    name: str = ""
    guild: Guild | None = None
    parent: "Channel | None" = None
    owner: Person | None = None
    recipients: list[Person] = field(default_factory=list)
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: dict[int, "Message"] = field(default_factory=dict, repr=False)
    topic: str | None = None
    position: int = 0
    slow_mode: int = 0
    spoke_at: dict[int, float] = field(default_factory=dict, repr=False)
    archived: bool = False
    locked: bool = False
    created_at: datetime | None = None

    @property
    def is_thread(self) -> bool:
        """Whether it is below another channel."""
        return self.parent is not None


@dataclass(eq=False, slots=True)
class Attachment:
    """A file of a message. `shown` is False once an embed shows it in the file's stead."""

    id: int
    channel_id: int
    filename: str
    data: bytes = field(repr=False)
    content_type: str | None
    width: int | None = None
    height: int | None = None
    description: str | None = None
    title: str | None = None
    spoiler: bool = False
    ephemeral: bool = False
    shown: bool = True


@dataclass(slots=True)
class Reference:
    """What a message points at: a reply (kind 0) or a forward (kind 1)."""

    channel: Channel
    message_id: int
    kind: int = 0


@dataclass(eq=False, slots=True)
class Message:
    """A message. `for_whom` is set on ephemeral ones: nobody else sees it.

    `embeds` are the author's, `unfurled` those the server made of links; `snapshots` are the JSON
    of what was forwarded, `poll` is that of a poll, `interaction` the JSON of what this message
    answers, and `command` the older JSON of it that names the command.
    """

    id: int
    channel: Channel
    author: Person
    sent_at: datetime
    kind: int = DEFAULT
    content: str = ""
    edited_at: datetime | None = None
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    unfurled: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    stickers: list[Sticker] = field(default_factory=list)
    poll: Json | None = None
    mentions: list[Person] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    flags: int = 0
    tts: bool = False
    nonce: int | str | None = None
    reference: Reference | None = None
    snapshots: list[Json] = field(default_factory=list)
    reactions: dict[str, list[int]] = field(default_factory=dict)
    interaction: Json | None = None
    command: Json | None = None
    application_id: int | None = None
    thread: Channel | None = None
    for_whom: Person | None = None


@dataclass(eq=False, slots=True)
class Command:
    """An application command as registered; `body` is the JSON that its owner sent, complete."""

    id: int
    version: int
    body: Json

    @property
    def kind(self) -> int:
        """1 slash, 3 message menu."""
        return int(self.body.get("type") or 1)


@dataclass(eq=False, slots=True)
class Application:
    """The bot's application and what its owner has switched on for it.

    `guild_commands` are what an earlier program has left in a guild, by the guild's id.
    """

    id: int
    bot: Person
    owner: Person
    message_content: bool = True
    members: bool = False
    presences: bool = False
    installed_by: set[int] = field(default_factory=set)
    commands: dict[int, Command] = field(default_factory=dict)
    guild_commands: dict[int, list[Command]] = field(default_factory=dict)
