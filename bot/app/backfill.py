"""What was said while Bobby was cut off and Discord had forgotten its session, or was not running.

A session that is resumed has everything replayed; a new one has nothing. Then the channels in
which somebody wrote meanwhile are read, as far back as ten minutes: who asked longer ago has gone.
Owns which messages were heard of, a bounded number, so that none is answered twice; what an earlier
process has answered, `bot.storage.open_questions` knows. Direct messages are not looked through:
Discord does not tell which have news.
"""

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

import discord

from bot.app.discord_clock import DiscordClock
from bot.pictures.channel_access import as_by_gateway

log = logging.getLogger(__name__)

LONGEST = timedelta(minutes=10)
"""Messages that are older are not answered any more."""
HEARD = 5000
"""Messages that are remembered by their ids."""
MOST = 100
"""Messages that are read in one channel, the newest: as many as one request gives."""

Readable = discord.TextChannel | discord.VoiceChannel | discord.Thread


class MessageBackfill:
    """The ids of the messages that came by the gateway, and what came by without it."""

    def __init__(self, clock: DiscordClock) -> None:
        self._heard: OrderedDict[int, None] = OrderedDict()
        self._newest_before = 0
        self._gaps = self._filled = 0
        self._since: datetime | None = None
        self._clock = clock

    def hear(self, message_id: int) -> bool:
        """Note that a message has come; return whether it is news."""
        if message_id in self._heard:
            return False
        self._clock.heard(message_id)
        self._heard[message_id] = None
        while len(self._heard) > HEARD:
            self._heard.popitem(last=False)
        return True

    def let_in(self) -> None:
        """Note that the gateway is there: what was said before the first time is not ours."""
        self._since = self._since or self._clock.now()

    def go_on_from(self, moment: int) -> None:
        """Note that an earlier process has heard what was said up to id `moment`."""
        self._since = discord.utils.snowflake_time(moment)
        self._gaps += 1

    def cut_off(self) -> None:
        """Note that the gateway is gone: until it is back, nothing is heard."""
        if self._gaps == self._filled:  # else something may be missing from before
            self._newest_before = max(self._heard, default=0)
        self._gaps += 1

    async def catch_up(self, guilds: Iterable[discord.Guild]) -> AsyncIterator[discord.Message]:
        """Yield the messages of the last minutes that were not heard of, oldest first by channel.

        Until the gateway was gone once, nothing counts as missed.
        """
        gaps = self._gaps
        if gaps == self._filled or self._since is None:
            return
        since = max(self._clock.now() - LONGEST, self._since)
        for channel in _written_in(guilds, discord.utils.time_snowflake(since)):
            if self._knows_all_of(channel):
                continue
            try:
                latest = [message async for message in channel.history(limit=MOST)]
            except discord.HTTPException as error:
                log.warning("What was missed in channel %d can't be read: %s", channel.id, error)
                gaps = self._filled
                continue
            for message in reversed(latest):
                if message.created_at > since and message.id not in self._heard:
                    yield await as_by_gateway(message)
        self._filled = max(self._filled, gaps)

    def _knows_all_of(self, channel: Readable) -> bool:
        """Tell whether the channel's last message came before the gateway was gone.

        One that came since it is back says nothing about those before it.
        """
        last = channel.last_message_id or 0
        return last in self._heard and last <= self._newest_before


def _written_in(guilds: Iterable[discord.Guild], since: int) -> list[Readable]:
    """Return the channels that Bobby may read and that have a message younger than `since`.

    The one that has been waiting longest comes first.
    """
    channels: list[Readable] = []
    for guild in guilds:
        threads = (one for one in guild.threads if one.parent)  # which holds the permissions
        readable: list[Readable] = [*guild.text_channels, *guild.voice_channels, *threads]
        for channel in readable:
            may = channel.permissions_for(guild.me)
            young = (channel.last_message_id or 0) > since
            if young and may.view_channel and may.read_message_history:
                channels.append(channel)
    return sorted(channels, key=lambda channel: channel.last_message_id or 0)
