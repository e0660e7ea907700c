"""Which events a bot hears: the intents it asks for, and those its application is allowed."""

from bot.playground.model.records import Application

GUILDS, MEMBERS, PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, GUILD_REACTIONS, GUILD_TYPING = 1 << 9, 1 << 10, 1 << 11
DIRECT_MESSAGES, DIRECT_REACTIONS, DIRECT_TYPING = 1 << 12, 1 << 13, 1 << 14
MESSAGE_CONTENT = 1 << 15
EVERY = (1 << 17) - 1 | 3 << 20 | 3 << 24
"""All intents that there are."""

_MESSAGES = (GUILD_MESSAGES, DIRECT_MESSAGES)
_REACTIONS = (GUILD_REACTIONS, DIRECT_REACTIONS)
_NEEDED: dict[str, tuple[int, int]] = {
    "GUILD_CREATE": (GUILDS, 0),
    "GUILD_DELETE": (GUILDS, 0),
    "GUILD_ROLE_CREATE": (GUILDS, 0),
    "GUILD_ROLE_UPDATE": (GUILDS, 0),
    "CHANNEL_CREATE": (GUILDS, 0),
    "CHANNEL_UPDATE": (GUILDS, 0),
    "CHANNEL_DELETE": (GUILDS, 0),
    "THREAD_CREATE": (GUILDS, 0),
    "THREAD_UPDATE": (GUILDS, 0),
    "THREAD_DELETE": (GUILDS, 0),
    "GUILD_MEMBER_ADD": (MEMBERS, 0),
    "GUILD_MEMBER_REMOVE": (MEMBERS, 0),
    "MESSAGE_CREATE": _MESSAGES,
    "MESSAGE_UPDATE": _MESSAGES,
    "MESSAGE_DELETE": _MESSAGES,
    "MESSAGE_REACTION_ADD": _REACTIONS,
    "MESSAGE_REACTION_REMOVE": _REACTIONS,
    "TYPING_START": (GUILD_TYPING, DIRECT_TYPING),
}
"""Event to the intent it takes in a guild and in direct messages; what is not here is for all."""


def intent_allows(intents: int, event: str, *, direct: bool) -> bool:
    """Whether a bot with `intents` is told of `event`, in direct messages or in a guild."""
    needed = _NEEDED.get(event)
    return needed is None or bool(intents & needed[1 if direct else 0])


def disallowed(intents: int, application: Application) -> bool:
    """Whether `intents` has a privileged one that the application was not given."""
    switches = (
        (MEMBERS, application.members),
        (PRESENCES, application.presences),
        (MESSAGE_CONTENT, application.message_content),
    )
    return any(intents & intent and not given for intent, given in switches)
