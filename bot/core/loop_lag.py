"""Measures how late the event loop is: the figure that tells whether the bot process is healthy."""

import asyncio
import time
from collections import deque

INTERVAL = 0.1
"""Seconds between two beats."""
WINDOW = 600
"""Beats that are remembered: a minute."""


class LoopLagMonitor:
    """A heartbeat of the event loop. `run()` beats until it is cancelled."""

    def __init__(self) -> None:
        self._late: deque[float] = deque([0.0], maxlen=WINDOW)

    async def run(self) -> None:
        """Beat for ever, with_note how late each beat is."""
        while True:
            due = time.monotonic() + INTERVAL
            await asyncio.sleep(INTERVAL)
            self._late.append(max(0.0, time.monotonic() - due))

    @property
    def worst_ms(self) -> float:
        """The longest that the loop was late within the last minute, in milliseconds."""
        return max(self._late) * 1000
