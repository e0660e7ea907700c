"""Who may do what where: Discord's permission bits and how they are computed.

Base permissions of the roles, then the channel's overwrites; a thread has its parent's. Nothing
is stored here.
"""

from datetime import UTC, datetime
from enum import IntFlag

from bot.playground.model import errors
from bot.playground.model.records import Channel, Guild, Member, Person


class P(IntFlag):
    """The permissions the playground knows by name; other bits are carried but mean nothing."""

    CREATE_INVITE = 1 << 0
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EXTERNAL_APPS = 1 << 50


NONE = P(0)
ALL = P((1 << 53) - 1)

EVERYONE = (
    P.CREATE_INVITE
    | P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.USE_EXTERNAL_STICKERS
    | P.SEND_MESSAGES_IN_THREADS
    | P.USE_EXTERNAL_APPS
)
"""What a new guild gives to everyone."""

DIRECT = (
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.ADD_REACTIONS
    | P.MENTION_EVERYONE
    | P.USE_EXTERNAL_EMOJIS
    | P.USE_EXTERNAL_STICKERS
    | P.USE_APPLICATION_COMMANDS
)
"""What the two ends of a direct conversation may do in it."""


SILENCED = P.VIEW_CHANNEL | P.READ_MESSAGE_HISTORY
"""What is left to a member whom a moderator has silenced for a while."""


def in_guild(person: Person, guild: Guild) -> P:
    """Return the base permissions of `person` in `guild`; none for a stranger."""
    member = guild.members.get(person.id)
    if member is None:
        return NONE
    if guild.owner is person:
        return ALL
    held = P(guild.roles[guild.id].permissions)
    for role in member.roles:
        held |= P(role.permissions)
    if held & P.ADMINISTRATOR:
        return ALL
    return held & SILENCED if _is_silenced(member) else held


def _is_silenced(member: Member) -> bool:
    return member.silenced_until is not None and member.silenced_until > datetime.now(UTC)


def in_channel(person: Person, channel: Channel) -> P:
    """Return what `person` may do in `channel`, overwrites included.

    Without View Channel nothing is left; without the right to send, nothing that goes along with
    sending.
    """
    if channel.guild is None:
        return DIRECT if person in channel.recipients else NONE
    held = in_guild(person, channel.guild)
    if held in {ALL, NONE}:
        return held
    place = channel.parent or channel
    held = _overwritten(held, person, channel.guild, place)
    if not held & P.VIEW_CHANNEL:
        return NONE
    sending = P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES
    if not held & sending:
        held &= ~(P.EMBED_LINKS | P.ATTACH_FILES | P.MENTION_EVERYONE)
    return held


def _overwritten(held: P, person: Person, guild: Guild, place: Channel) -> P:
    overwrites = place.overwrites
    if everyone := overwrites.get(guild.id):
        held = held & ~P(everyone.deny) | P(everyone.allow)
    allow = deny = NONE
    for role in guild.members[person.id].roles:
        if found := overwrites.get(role.id):
            allow |= P(found.allow)
            deny |= P(found.deny)
    held = held & ~deny | allow
    if own := overwrites.get(person.id):
        held = held & ~P(own.deny) | P(own.allow)
    return held & SILENCED if _is_silenced(guild.members[person.id]) else held


def may_send(channel: Channel) -> P:
    """Return the permission that sending in `channel` takes: in threads it is another one."""
    return P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES


def require(person: Person, channel: Channel, *needed: P) -> P:
    """Return what `person` may do in `channel`, after checking that it includes all `needed`.

    Raises:
        ApiError: 50001 when the channel can't be seen, 50013 when a needed permission is missing.
    """
    held = in_channel(person, channel)
    if not held & P.VIEW_CHANNEL:
        raise errors.missing_access()
    if any(not held & permission for permission in needed):
        raise errors.missing_permissions()
    return held
