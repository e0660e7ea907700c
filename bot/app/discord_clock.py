"""What time it is at Discord, whatever this machine's clock says.

Messages carry Discord's time in their ids, and so do its HTTP answers in their headers; ages are
told by these alone. In between, the monotonic clock goes on.
"""

import contextlib
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp
import discord


class DiscordClock:
    """Discord's time, once Discord has told it; until then this machine's."""

    def __init__(self) -> None:
        # Discord's time when the monotonic clock was zero, by its answers and by messages' ids.
        self._by_answer: datetime | None = None
        self._by_message: datetime | None = None

    def now(self) -> datetime:
        """Return the time, with its zone."""
        zero = self._by_message or self._by_answer
        if zero is None:
            return discord.utils.utcnow()
        return zero + timedelta(seconds=time.monotonic())

    def heard(self, message_id: int) -> None:
        """Set the clock by a message that the gateway has just brought, unless it came late."""
        zero = _zero(discord.utils.snowflake_time(message_id))
        self._by_message = max(self._by_message or zero, zero)

    def trace(self) -> aiohttp.TraceConfig:
        """Return what sets the clock by every answer to a request."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._on_answer)
        return trace

    async def _on_answer(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        answered: aiohttp.TraceRequestEndParams,
    ) -> None:
        with contextlib.suppress(ValueError):
            told = parsedate_to_datetime(answered.response.headers.get("Date", ""))
            self._by_answer = _zero(told if told.tzinfo else told.replace(tzinfo=UTC))


def _zero(now: datetime) -> datetime:
    return now - timedelta(seconds=time.monotonic())
