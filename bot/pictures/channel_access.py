"""Who may read what was posted in a channel."""

import contextlib

import discord


async def as_by_gateway(message: discord.Message) -> discord.Message:
    """Return `message` with its author's membership, which histories leave out.

    Without it, nobody could be told to manage the server, or to read a channel of it.
    """
    if message.guild is not None and isinstance(message.author, discord.User):
        with contextlib.suppress(discord.HTTPException):
            message.author = await message.guild.fetch_member(message.author.id)
    return message


def may_look(channel: object, requester: discord.User | discord.Member) -> bool:
    """Tell whether `requester` can read what was posted in `channel`, as far as Bobby knows."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return False
    if not isinstance(requester, discord.Member) or channel.guild.id != requester.guild.id:
        return False
    have = _held(channel, requester)
    if have is None or (isinstance(channel, discord.Thread) and channel.is_private()):
        return False
    return have.read_messages and have.read_message_history


def may_search(channel: object) -> bool:
    """Tell whether Bobby can read what was posted in `channel`, or must try to find out."""
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return True
    have = _held(channel, channel.guild.me)
    return have is None or have.read_message_history


def _held(
    channel: discord.abc.GuildChannel | discord.Thread, member: discord.Member
) -> discord.Permissions | None:
    """Return what `member` may do in `channel`, None in a thread of a channel nobody told of."""
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return None
    return channel.permissions_for(member)
