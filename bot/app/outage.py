"""Trying again while Discord can't be reached: what passes, how long to wait, what to log."""

import logging
import random
import re
import time
from asyncio import sleep
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import discord

from bot.core import network

log = logging.getLogger(__name__)

LONGEST = 60.0
"""Seconds between two tries at most, unless Discord itself asks for more."""
SAID_EVERY = 45.0
"""Seconds between two lines in the log at least: at the longest pauses there is one a try."""

FAILURES = (
    *(discord.HTTPException, discord.RateLimited, discord.GatewayNotFound),
    *(aiohttp.ClientError, OSError),  # a TimeoutError is an OSError
)
"""What talking to Discord may fail with; `will_pass` tells of each."""


def will_pass(failure: BaseException) -> bool:
    """Tell whether the same request may succeed later, though nobody changes anything here.

    403 is how Discord's firewall turns an address away for a while; whom it doesn't know gets 401.
    """
    status = status_of(failure)
    return status is None or status in {403, 408, 429} or status >= 500


def status_of(failure: BaseException) -> int | None:
    """Return the HTTP status with which Discord answered, None if it did not."""
    return getattr(_cause(failure), "status", None)


def reason(failure: BaseException) -> str:
    """Return what a line of the log says of `failure`."""
    if status := status_of(failure):
        return f"HTTP {status}"
    return network.reason(failure)


def asked_to_wait(failure: BaseException) -> float:
    """Return how many seconds Discord wants to be left alone, as far as it says so."""
    if isinstance(failure, discord.RateLimited):
        return failure.retry_after
    cause = _cause(failure)
    headers = getattr(getattr(cause, "response", cause), "headers", None) or {}
    seconds = headers.get("Retry-After", "")
    return float(seconds) if re.fullmatch(r"\d+(\.\d+)?", seconds) else 0.0


def pauses() -> Iterator[float]:
    """Yield how long to wait after each failure; many Bobbys don't all come back at once."""
    pause = 1.0
    while True:
        yield pause * random.uniform(0.8, 1.0)  # noqa: S311 - no secret
        pause = min(2 * pause, LONGEST)


async def outlast(
    attempt: Callable[[], Awaitable[None]], trouble: str = "Discord can't be reached"
) -> None:
    """Make `attempt` again and again until it does not fail with what will pass.

    `trouble` is how the lines of the log begin. Whatever else it raises is raised.
    """
    began, said = time.monotonic(), float("-inf")
    for pause in pauses():
        try:
            await attempt()
        except FAILURES as failure:
            if not will_pass(failure):
                raise
            now, wait = time.monotonic(), max(pause, asked_to_wait(failure))
            if now - said >= SAID_EVERY:
                said = now
                log.warning(
                    "%s (%s), for %.0f seconds so far. Trying again in %.0f seconds.",
                    *(trouble, reason(failure), now - began, wait),
                )
        else:
            return
        await sleep(wait)


def _cause(failure: BaseException) -> BaseException:
    """Return what a missing gateway was missing for."""
    return failure.__cause__ or failure if isinstance(failure, discord.GatewayNotFound) else failure
