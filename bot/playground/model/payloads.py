"""People, guilds and channels as the JSON that Discord's API v10 sends.

Pure functions from records to JSON; messages have a module of their own.
"""

from datetime import UTC, datetime

from bot.playground.model.permissions import in_channel, in_guild
from bot.playground.model.records import (
    DM,
    Application,
    Channel,
    Command,
    Guild,
    Json,
    Member,
    Person,
    Role,
)

GATEWAY_PRESENCE, GATEWAY_GUILD_MEMBERS = 1 << 12, 1 << 14
GATEWAY_MESSAGE_CONTENT, APPLICATION_COMMAND_BADGE = 1 << 18, 1 << 23


def stamp(when: datetime | None) -> str | None:
    """Return `when` as Discord writes times: ISO 8601 with microseconds, in UTC."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="microseconds")


def user(person: Person) -> Json:
    """Return a user as everyone sees them."""
    return {
        "id": str(person.id),
        "username": person.name,
        "global_name": None if person.bot else person.name,
        "discriminator": "0000" if person.bot else "0",
        "avatar": person.avatar_hash,
        "bot": person.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def myself(person: Person) -> Json:
    """Return a user as they see themselves."""
    return {**user(person), "mfa_enabled": False, "locale": person.locale}


def partial_member(member: Member) -> Json:
    """Return a membership without its user, as it comes along with messages."""
    return {
        "nick": None,
        "avatar": None,
        "banner": None,
        "roles": [str(role.id) for role in member.roles],
        "joined_at": stamp(member.joined_at),
        "premium_since": None,
        "communication_disabled_until": stamp(member.silenced_until),
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def member(member: Member) -> Json:
    """Return a membership with its user."""
    return {**partial_member(member), "user": user(member.person)}


def role(role: Role) -> Json:
    """Return a role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(role.permissions),
        "position": role.position,
    }


def channel(channel: Channel, *, viewer: Person | None = None) -> Json:
    """Return a channel; of a direct one `viewer` sees the other end as its recipient."""
    last = max(channel.messages, default=None)
    data: Json = {
        "id": str(channel.id),
        "type": channel.kind,
        "flags": 0,
        "last_message_id": None if last is None else str(last),
    }
    if channel.kind == DM:
        others = [person for person in channel.recipients if person is not viewer]
        return {**data, "recipients": [user(person) for person in others]}
    assert channel.guild is not None
    data |= {
        "guild_id": str(channel.guild.id),
        "name": channel.name,
        "parent_id": str(channel.parent.id) if channel.parent else None,
        "rate_limit_per_user": channel.slow_mode,
    }
    return data | (_thread_part(channel) if channel.is_thread else _text_part(channel))


def _text_part(channel: Channel) -> Json:
    overwrites = [
        {
            "id": str(overwrite.id),
            "type": overwrite.kind,
            "allow": str(overwrite.allow),
            "deny": str(overwrite.deny),
        }
        for overwrite in channel.overwrites.values()
    ]
    return {
        "topic": channel.topic,
        "position": channel.position,
        "permission_overwrites": overwrites,
        "nsfw": False,
    }


def _thread_part(channel: Channel) -> Json:
    assert channel.owner is not None
    count = len(channel.messages)
    return {
        "owner_id": str(channel.owner.id),
        "thread_metadata": {
            "archived": channel.archived,
            "archive_timestamp": stamp(channel.created_at),
            "auto_archive_duration": 1440,
            "locked": channel.locked,
            "create_timestamp": stamp(channel.created_at),
        },
        "message_count": count,
        "member_count": 1,
        "total_message_sent": count,
    }


def guild(guild: Guild) -> Json:
    """Return a guild with its roles."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "roles": [role(known) for known in guild.roles.values()],
        "preferred_locale": guild.locale,
        "system_channel_id": str(guild.system_channel) if guild.system_channel else None,
    }


def guild_create(of: Guild, viewer: Person) -> Json:
    """Return a guild as the gateway announces it to `viewer`; bots are told of no other member."""
    shown = [of.members[viewer.id]] if viewer.bot else of.members.values()
    active = [thread for thread in of.threads.values() if not thread.archived]
    return {
        **guild(of),
        "joined_at": stamp(of.members[viewer.id].joined_at),
        "unavailable": False,
        "member_count": len(of.members),
        "members": [member(known) for known in shown],
        "channels": [channel(known) for known in of.channels.values() if in_channel(viewer, known)],
        "threads": [channel(known) for known in active if in_channel(viewer, known)],
    }


def counts(guild: Guild) -> Json:
    """Return how many are in a guild, as Discord tells it where it is asked for."""
    many = len(guild.members)
    return {"approximate_member_count": many, "approximate_presence_count": many}


def my_guild(guild: Guild, person: Person) -> Json:
    """Return a guild as it stands in a person's own list."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "banner": None,
        "owner": guild.owner is person,
        "permissions": str(int(in_guild(person, guild))),
        "features": [],
    }


def basic_application(application: Application) -> Json:
    """Return the application as it comes along with commands and modals."""
    return {
        "id": str(application.id),
        "name": application.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(application.bot),
    }


def private_application(application: Application, guilds: int) -> Json:
    """Return the application as its own bot sees it."""
    flags = (
        GATEWAY_PRESENCE * application.presences
        | GATEWAY_GUILD_MEMBERS * application.members
        | GATEWAY_MESSAGE_CONTENT * application.message_content
        | APPLICATION_COMMAND_BADGE * bool(application.commands)
    )
    return {
        **basic_application(application),
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "bot_public": True,
        "bot_require_code_grant": False,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(application.owner),
        "approximate_guild_count": guilds,
        "approximate_user_install_count": len(application.installed_by),
        "approximate_user_authorization_count": len(application.installed_by),
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": ["applications.commands", "bot"],
    }


def command(command: Command, application: Application) -> Json:
    """Return a registered command, with what the server fills in."""
    body = command.body
    data: Json = {
        "id": str(command.id),
        "application_id": str(application.id),
        "version": str(command.version),
        "type": command.kind,
        "name": body["name"],
        "name_localizations": body.get("name_localizations"),
        "description": body.get("description") or "",
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": body.get("default_member_permissions"),
        "nsfw": bool(body.get("nsfw")),
    }
    if data["default_member_permissions"] is not None:
        data["default_member_permissions"] = str(data["default_member_permissions"])
    if body.get("options"):
        data["options"] = body["options"]
    return {
        **data,
        "dm_permission": body.get("dm_permission", True) is not False,
        "contexts": body.get("contexts"),
        "integration_types": body.get("integration_types") or [0],
    }
