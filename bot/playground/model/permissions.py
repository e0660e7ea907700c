"""Who may do what where: Discord's permission bits and how they are computed.

Base permissions of the roles, then the channel's overwrites; a thread has its parent's. Nothing
is stored here.
"""

from datetime import UTC, datetime
from enum import IntFlag

from bot.playground.model import errors
from bot.playground.model.records import Channel, Guild, Member, Person


class PermissionBits(IntFlag):
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


NONE = PermissionBits(0)
ALL = PermissionBits((1 << 53) - 1)

EVERYONE = (
    PermissionBits.CREATE_INVITE
    | PermissionBits.ADD_REACTIONS
    | PermissionBits.VIEW_CHANNEL
    | PermissionBits.SEND_MESSAGES
    | PermissionBits.EMBED_LINKS
    | PermissionBits.ATTACH_FILES
    | PermissionBits.READ_MESSAGE_HISTORY
    | PermissionBits.USE_EXTERNAL_EMOJIS
    | PermissionBits.USE_APPLICATION_COMMANDS
    | PermissionBits.CREATE_PUBLIC_THREADS
    | PermissionBits.CREATE_PRIVATE_THREADS
    | PermissionBits.USE_EXTERNAL_STICKERS
    | PermissionBits.SEND_MESSAGES_IN_THREADS
    | PermissionBits.USE_EXTERNAL_APPS
)
"""What a new guild gives to everyone."""

DIRECT = (
    PermissionBits.VIEW_CHANNEL
    | PermissionBits.SEND_MESSAGES
    | PermissionBits.EMBED_LINKS
    | PermissionBits.ATTACH_FILES
    | PermissionBits.READ_MESSAGE_HISTORY
    | PermissionBits.ADD_REACTIONS
    | PermissionBits.MENTION_EVERYONE
    | PermissionBits.USE_EXTERNAL_EMOJIS
    | PermissionBits.USE_EXTERNAL_STICKERS
    | PermissionBits.USE_APPLICATION_COMMANDS
)
"""What the two ends of a direct conversation may do in it."""


SILENCED = PermissionBits.VIEW_CHANNEL | PermissionBits.READ_MESSAGE_HISTORY
"""What is left to a member whom a moderator has silenced for a while."""


def in_guild(person: Person, guild: Guild) -> PermissionBits:
    """Return the base permissions of `person` in `guild`; none for a stranger."""
    member = guild.members.get(person.id)
    if member is None:
        return NONE
    if guild.owner is person:
        return ALL
    held = PermissionBits(guild.roles[guild.id].permissions)
    for role in member.roles:
        held |= PermissionBits(role.permissions)
    if held & PermissionBits.ADMINISTRATOR:
        return ALL
    return held & SILENCED if _is_silenced(member) else held


def _is_silenced(member: Member) -> bool:
    return member.silenced_until is not None and member.silenced_until > datetime.now(UTC)


def in_channel(person: Person, channel: Channel) -> PermissionBits:
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
    if not held & PermissionBits.VIEW_CHANNEL:
        return NONE
    sending = (
        PermissionBits.SEND_MESSAGES_IN_THREADS
        if channel.is_thread
        else PermissionBits.SEND_MESSAGES
    )
    if not held & sending:
        held &= ~(
            PermissionBits.EMBED_LINKS
            | PermissionBits.ATTACH_FILES
            | PermissionBits.MENTION_EVERYONE
        )
    return held


def _overwritten(
    held: PermissionBits, person: Person, guild: Guild, place: Channel
) -> PermissionBits:
    overwrites = place.overwrites
    if everyone := overwrites.get(guild.id):
        held = held & ~PermissionBits(everyone.deny) | PermissionBits(everyone.allow)
    allow = deny = NONE
    for role in guild.members[person.id].roles:
        if found := overwrites.get(role.id):
            allow |= PermissionBits(found.allow)
            deny |= PermissionBits(found.deny)
    held = held & ~deny | allow
    if own := overwrites.get(person.id):
        held = held & ~PermissionBits(own.deny) | PermissionBits(own.allow)
    return held & SILENCED if _is_silenced(guild.members[person.id]) else held


def may_send(channel: Channel) -> PermissionBits:
    """Return the permission that sending in `channel` takes: in threads it is another one."""
    return (
        PermissionBits.SEND_MESSAGES_IN_THREADS
        if channel.is_thread
        else PermissionBits.SEND_MESSAGES
    )


def require(person: Person, channel: Channel, *needed: PermissionBits) -> PermissionBits:
    """Return what `person` may do in `channel`, after checking that it includes all `needed`.

    Raises:
        ApiError: 50001 when the channel can't be seen, 50013 when a needed permission is missing.
    """
    held = in_channel(person, channel)
    if not held & PermissionBits.VIEW_CHANNEL:
        raise errors.missing_access()
    if any(not held & permission for permission in needed):
        raise errors.missing_permissions()
    return held
