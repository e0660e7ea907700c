"""The playground's world: the people, guilds, channels and commands that there are, in memory.

Owns every record and the making of ids. Whatever changes is published as an `Event` to those who
subscribed (the gateway). Knows nothing of HTTP; checks no permissions: that is the routes' work.
Tests use it directly to arrange a scene.
"""

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.playground.model import media, payloads
from bot.playground.model.permissions import EVERYONE, NONE, PermissionBits, in_channel
from bot.playground.model.records import (
    DM,
    PUBLIC_THREAD,
    TEXT,
    Application,
    Attachment,
    Channel,
    Emoji,
    Guild,
    Json,
    Member,
    Message,
    Overwrite,
    Person,
    Role,
    Sticker,
)

DISCORD_EPOCH_MS = 1_420_070_400_000
MIB = 1024 * 1024

_BOBBY = Path(__file__).parents[1] / "page" / "bobby.png"


def now() -> datetime:
    """Return the present time, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the gateway to tell.

    Who hears of it: `to` when given, else those who see `channel`, else the members of `guild`.
    """

    name: str
    data: Json
    channel: Channel | None = None
    guild: Guild | None = None
    to: tuple[Person, ...] | None = None


class World:
    """Everything there is. `bot` and `owner` are there from the start, in `guild`."""

    def __init__(self, *, message_content: bool = True) -> None:
        self._last_id = 0
        self._listeners: list[Callable[[Event], None]] = []
        self.people: dict[int, Person] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.stickers: dict[int, Sticker] = {}
        self.emoji: dict[int, Emoji] = {}
        self.files: dict[tuple[int, int], Attachment] = {}
        self._by_token: dict[str, Person] = {}
        self._dms: dict[frozenset[int], Channel] = {}
        self.upload_limit = 10 * MIB
        """Bytes that one file may have."""
        self.owner = self._make_person("you")
        self.bot = self._make_person("Bobby", bot=True, picture=_BOBBY.read_bytes())
        self.application = Application(
            id=self.bot.id,
            bot=self.bot,
            owner=self.owner,
            message_content=message_content,
            installed_by={self.owner.id},
        )
        self.guild = self.add_guild("Bobby’s playground")
        self.channel = self.add_channel("pictures", topic="Post a picture and say !classify")

    # --- ids and events ---------------------------------------------------------------------------

    def new_id(self) -> int:
        """Return a snowflake, greater than every one before."""
        stamp = (time.time_ns() // 1_000_000 - DISCORD_EPOCH_MS) << 22
        self._last_id = max(self._last_id + 1, stamp)
        return self._last_id

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on."""
        self._listeners.append(listener)

    def publish(self, event: Event) -> None:
        """Tell everyone who subscribed of `event`."""
        for listener in self._listeners:
            listener(event)

    # --- people -----------------------------------------------------------------------------------

    def _make_person(self, name: str, *, bot: bool = False, picture: bytes | None = None) -> Person:
        picture = picture or media.avatar(name)
        identifier = self.new_id()
        first = base64.b64encode(str(identifier).encode()).decode().rstrip("=")
        person = Person(
            id=identifier,
            name=name,
            token=f"{first}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}",
            avatar=picture,
            avatar_hash=media.avatar_hash(picture),
            bot=bot,
        )
        self.people[person.id] = person
        self._by_token[person.token] = person
        return person

    def add_person(self, name: str, *, guild: Guild | None = None, bot: bool = False) -> Person:
        """Return a new person (or another bot), a member of `guild` (by default the first)."""
        person = self._make_person(name, bot=bot)
        self.join(guild or self.guild, person)
        return person

    def add_stranger(self, name: str) -> Person:
        """Return a new person who is a member of no guild."""
        return self._make_person(name)

    def by_token(self, token: str) -> Person | None:
        """Return whose token this is, if anyone's."""
        return self._by_token.get(token)

    def by_header(self, text: str) -> Person | None:
        """Return who sends `text` as authorization: a bot says that it is one, a person doesn't."""
        person = self.by_token(text.removeprefix("Bot "))
        return person if person and person.bot == text.startswith("Bot ") else None

    def join(self, guild: Guild, person: Person) -> Member:
        """Make `person` a member of `guild`."""
        member = guild.members[person.id] = Member(person, now())
        data = {**payloads.member(member), "guild_id": str(guild.id)}
        self.publish(Event("GUILD_MEMBER_ADD", data, guild=guild))
        created = payloads.guild_create(guild, person)
        del created["unavailable"]  # Discord says it only of guilds that were there before
        self.publish(Event("GUILD_CREATE", created, to=(person,)))
        return member

    def leave(self, guild: Guild, person: Person) -> None:
        """End the membership of `person` in `guild`."""
        del guild.members[person.id]
        gone = {"guild_id": str(guild.id), "user": payloads.user(person)}
        self.publish(Event("GUILD_MEMBER_REMOVE", gone, guild=guild))
        self.publish(Event("GUILD_DELETE", {"id": str(guild.id)}, to=(person,)))

    def silence(self, guild: Guild, person: Person, until: datetime | None) -> None:
        """Let `person` only look on in `guild` until then, or, with None, speak again."""
        guild.members[person.id].silenced_until = until
        self._member_changed(guild, person)

    def _member_changed(self, guild: Guild, person: Person) -> None:
        data = {**payloads.member(guild.members[person.id]), "guild_id": str(guild.id)}
        self.publish(Event("GUILD_MEMBER_UPDATE", data, to=(person,)))

    # --- guilds -----------------------------------------------------------------------------------

    def add_guild(self, name: str, *, owner: Person | None = None, with_bot: bool = True) -> Guild:
        """Return a new guild without channels; `owner` (by default the page's person) is in it."""
        guild = Guild(self.new_id(), name, owner or self.owner)
        guild.roles[guild.id] = Role(guild.id, "@everyone", int(EVERYONE))
        self.guilds[guild.id] = guild
        self.join(guild, guild.owner)
        if with_bot:
            self.join(guild, self.bot)
        return guild

    def set_locale(self, guild: Guild, locale: str) -> None:
        """Let `guild` prefer another language."""
        guild.locale = locale
        self.publish(Event("GUILD_UPDATE", payloads.guild(guild), guild=guild))

    def add_role(
        self, name: str, permissions: PermissionBits, *, guild: Guild | None = None
    ) -> Role:
        """Return a new role above those of `guild`."""
        guild = guild or self.guild
        role = Role(self.new_id(), name, int(permissions), position=len(guild.roles))
        guild.roles[role.id] = role
        self._role_event("GUILD_ROLE_CREATE", guild, role)
        return role

    def set_role(self, role: Role, permissions: PermissionBits) -> None:
        """Give `role` other permissions."""
        role.permissions = int(permissions)
        guild = next(g for g in self.guilds.values() if role.id in g.roles)
        self._role_event("GUILD_ROLE_UPDATE", guild, role)

    def _role_event(self, name: str, guild: Guild, role: Role) -> None:
        data = {"guild_id": str(guild.id), "role": payloads.role(role)}
        self.publish(Event(name, data, guild=guild))

    def give_role(self, person: Person, role: Role) -> None:
        """Let `person` have `role` in its guild."""
        guild = next(g for g in self.guilds.values() if role.id in g.roles)
        guild.members[person.id].roles.append(role)
        self._member_changed(guild, person)

    def add_sticker(self, name: str, data: bytes, *, format: int = 1) -> Sticker:  # noqa: A002
        """Return a new sticker; `format` is 1 PNG, 2 APNG, 3 LOTTIE, 4 GIF."""
        sticker = Sticker(self.new_id(), name, data, format)
        self.stickers[sticker.id] = sticker
        return sticker

    def add_emoji(self, name: str, data: bytes) -> Emoji:
        """Return a new custom emoji."""
        emoji = Emoji(self.new_id(), name, data)
        self.emoji[emoji.id] = emoji
        return emoji

    # --- channels ---------------------------------------------------------------------------------

    def add_channel(
        self, name: str, *, guild: Guild | None = None, topic: str | None = None
    ) -> Channel:
        """Return a new text channel of `guild` (by default the first)."""
        guild = guild or self.guild
        channel = Channel(
            self.new_id(), TEXT, name, guild, topic=topic, position=len(guild.channels)
        )
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.publish(Event("CHANNEL_CREATE", payloads.channel(channel), channel=channel))
        return channel

    def add_thread(
        self,
        parent: Channel,
        name: str,
        *,
        owner: Person | None = None,
        starter: Message | None = None,
    ) -> Channel:
        """Return a new thread below `parent`; one begun at a message has that message's id."""
        owner = owner or self.owner
        thread = Channel(
            id=starter.id if starter else self.new_id(),
            kind=PUBLIC_THREAD,
            name=name,
            guild=parent.guild,
            parent=parent,
            owner=owner,
            created_at=now(),
        )
        assert parent.guild is not None
        parent.guild.threads[thread.id] = self.channels[thread.id] = thread
        data = {**payloads.channel(thread), "newly_created": True}
        self.publish(Event("THREAD_CREATE", data, channel=thread))
        return thread

    def open_dm(self, one: Person, other: Person) -> Channel:
        """Return the direct conversation of two people, new when they have none."""
        pair = frozenset({one.id, other.id})
        if pair not in self._dms:
            channel = Channel(self.new_id(), DM, recipients=[one, other])
            self._dms[pair] = self.channels[channel.id] = channel
            for person in (one, other):
                if not person.bot:  # bots are told of a conversation by its first message
                    data = payloads.channel(channel, viewer=person)
                    self.publish(Event("CHANNEL_CREATE", data, to=(person,)))
        return self._dms[pair]

    def dms_of(self, person: Person) -> list[Channel]:
        """Return the direct conversations that `person` has."""
        return [channel for pair, channel in self._dms.items() if person.id in pair]

    def channel_changed(self, channel: Channel) -> None:
        """Tell everyone of changes made to `channel`."""
        name = "THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE"
        self.publish(Event(name, payloads.channel(channel), channel=channel))

    def set_overwrite(
        self,
        channel: Channel,
        target: Person | Role,
        *,
        allow: PermissionBits = NONE,
        deny: PermissionBits = NONE,
    ) -> None:
        """Allow and deny permissions in `channel` to one person or role."""
        seen_by = self._who_sees(channel)
        kind = 1 if isinstance(target, Person) else 0
        channel.overwrites[target.id] = Overwrite(target.id, kind, int(allow), int(deny))
        data = payloads.channel(channel)
        self.publish(Event("CHANNEL_UPDATE", data, channel=channel))
        lost = tuple(seen_by - self._who_sees(channel))
        self.publish(Event("CHANNEL_UPDATE", data, to=lost))

    def _who_sees(self, channel: Channel) -> set[Person]:
        assert channel.guild is not None
        members = channel.guild.members.values()
        return {
            m.person for m in members if in_channel(m.person, channel) & PermissionBits.VIEW_CHANNEL
        }

    def remove_channel(self, channel: Channel) -> None:
        """Delete `channel` and its messages."""
        data = payloads.channel(channel)
        name = "THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE"
        self.publish(Event(name, data, channel=channel))
        del self.channels[channel.id]
        if channel.guild is not None:
            channel.guild.channels.pop(channel.id, None)
            channel.guild.threads.pop(channel.id, None)
