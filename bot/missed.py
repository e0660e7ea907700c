"""What was said while Bobby was cut off and Discord had forgotten his session.

A session that is resumed has everything replayed; a new one has nothing. Then the channels in
which somebody wrote meanwhile are read, as far back as a minute: who asked longer ago has gone.
Owns which messages were heard of, a bounded number, so that none is answered twice.
"""

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import discord

log = logging.getLogger(__name__)

YOUNGEST = timedelta(minutes=1)
"""Messages that are older are not answered any more."""
HEARD = 5000
"""Messages that are remembered by their ids."""
MOST = 20
"""Messages that are read in one channel."""

Readable = discord.TextChannel | discord.Thread


class Missed:
    """The ids of the messages that came by the gateway, and what came by without it."""

    def __init__(self) -> None:
        self._heard: OrderedDict[int, None] = OrderedDict()
        self._sessions = 0

    def hear(self, message_id: int) -> bool:
        """Note that a message has come; return whether it is news."""
        if message_id in self._heard:
            return False
        self._heard[message_id] = None
        while len(self._heard) > HEARD:
            self._heard.popitem(last=False)
        return True

    async def catch_up(self, guilds: Iterable[discord.Guild]) -> AsyncIterator[discord.Message]:
        """Yield the messages of the last minute that were not heard of, oldest first by channel.

        In the first session of this process nothing counts as missed.
        """
        self._sessions += 1
        if self._sessions == 1:
            return
        since = discord.Object(discord.utils.time_snowflake(discord.utils.utcnow() - YOUNGEST))
        for channel in _written_in(guilds, since.id):
            if channel.last_message_id in self._heard:
                continue
            try:
                async for message in channel.history(limit=MOST, after=since, oldest_first=True):
                    if message.id not in self._heard:
                        yield message
            except discord.HTTPException as error:
                log.warning("What was missed in channel %d can't be read: %s", channel.id, error)


def _written_in(guilds: Iterable[discord.Guild], since: int) -> list[Readable]:
    """Return the channels that Bobby may read and that have a message younger than `since`."""
    channels: list[Readable] = []
    for guild in guilds:
        readable: list[Readable] = [*guild.text_channels, *guild.threads]
        for channel in readable:
            may = channel.permissions_for(guild.me)
            young = (channel.last_message_id or 0) > since
            if young and may.view_channel and may.read_message_history:
                channels.append(channel)
    return channels
