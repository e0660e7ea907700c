"""Who may post what where: permissions, threads, slow mode, blocked words, closed doors.

Checks alone, in Discord's order; changes nothing but the clock of slow mode.
"""

import time

from bot.playground.messages.bodies import Form
from bot.playground.model import errors
from bot.playground.model.permissions import PermissionBits, in_channel, in_guild, may_send, require
from bot.playground.model.records import Channel, Person
from bot.playground.model.state import World


def check_post(world: World, person: Person, channel: Channel, form: Form) -> None:
    """Check that `person` may post the body `form` in `channel` now.

    Raises:
        ApiError: The first rule that is broken.
    """
    held = require(person, channel)
    if channel.guild is None:
        check_direct(world, person, channel)
    check_thread(channel, held)
    if not held & may_send(channel):
        raise errors.missing_permissions()
    payload = form.payload
    if payload.get("embeds") and not held & PermissionBits.EMBED_LINKS:
        raise errors.missing_permissions()
    if form.files and not held & PermissionBits.ATTACH_FILES:
        raise errors.missing_permissions()
    reference = payload.get("message_reference") or {}
    if reference and not reference.get("type") and not held & PermissionBits.READ_MESSAGE_HISTORY:
        raise errors.reply_needs_history()
    check_words(person, channel, str(payload.get("content") or ""))
    check_slow_mode(person, channel, held)


def check_direct(world: World, person: Person, channel: Channel) -> None:
    """Check that the other end takes direct messages and, of a bot, knows it from somewhere.

    Raises:
        ApiError: 50007.
    """
    other = next(end for end in channel.recipients if end is not person)
    known = any(
        person.id in guild.members and other.id in guild.members for guild in world.guilds.values()
    )
    bot, human = (person, other) if person.bot else (other, person)
    if bot is world.bot:
        known = known or human.id in world.application.installed_by
    if not other.accepts_dms or not known:
        raise errors.cannot_dm()


def check_thread(channel: Channel, held: PermissionBits) -> None:
    """Check that a thread is open, or that the one who holds `held` may open it.

    Raises:
        ApiError: 160005 when it is locked, 50083 when it is archived as well.
    """
    if channel.is_thread and channel.locked and not held & PermissionBits.MANAGE_THREADS:
        raise errors.thread_archived() if channel.archived else errors.thread_locked()


def check_words(person: Person, channel: Channel, text: str) -> None:
    """Check the guild's blocked words; those who manage the guild are exempt.

    Raises:
        ApiError: 200000.
    """
    if channel.guild is None or in_guild(person, channel.guild) & PermissionBits.MANAGE_GUILD:
        return
    lowered = text.lower()
    if any(word.lower() in lowered for word in channel.guild.blocked_words):
        raise errors.blocked_by_automod()


def check_slow_mode(person: Person, channel: Channel, held: PermissionBits) -> None:
    """Check that enough time has passed since the person last posted; bots are exempt.

    Raises:
        ApiError: 20016, with the seconds to wait.
    """
    if (
        not channel.slow_mode
        or person.bot
        or held & (PermissionBits.MANAGE_MESSAGES | PermissionBits.MANAGE_CHANNELS)
    ):
        return
    present = time.monotonic()
    wait = channel.spoke_at.get(person.id, -1e9) + channel.slow_mode - present
    if wait > 0:
        raise errors.slow_mode(round(wait, 3))
    channel.spoke_at[person.id] = present


def may_read(person: Person, channel: Channel) -> bool:
    """Whether `person` may read what was posted in `channel` before."""
    return bool(in_channel(person, channel) & PermissionBits.READ_MESSAGE_HISTORY)
