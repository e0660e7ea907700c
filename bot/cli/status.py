"""`bobby status`: how the Bobby that runs on this machine is, asked over its local port."""

import asyncio

import aiohttp

from bot.core.console import print_line
from bot.core.errors import SetupError
from bot.core.settings import Settings

SECONDS = 5.0
"""A Bobby that answers no sooner is in trouble."""


async def show_status(settings: Settings) -> bool:
    """Print what `!status` shows; return whether Bobby can answer people.

    Raises:
        SetupError: Watching is off, or nobody answers on the port.
    """
    port = settings.metrics_port
    if port == 0:
        raise SetupError(
            "Status is unavailable because BOBBY_METRICS_PORT isn't set. Set it to a "
            "free port, such as 9090, and restart Bobby."
        )
    try:
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", trust_env=False) as session,
            session.get("/status", raise_for_status=True) as status,
            session.get("/healthz") as health,
        ):
            rows: dict[str, str] = await status.json()
            healthy, words = health.status == 200, (await health.text()).strip()
    except TimeoutError:
        raise SetupError(
            f"Anyone who listens on port {port} did not answer within {SECONDS:g} seconds."
        ) from None
    except (aiohttp.ClientError, ValueError):
        raise SetupError(
            f"Bobby isn't listening on port {port}. Is it running with the same BOBBY_METRICS_PORT?"
        ) from None
    width = max(map(len, rows))
    lines = [f"{name:<{width}}  {value}" for name, value in rows.items()]
    lines += [] if healthy else [f"{'Trouble':<{width}}  {words}"]
    print_line("\n".join(lines))
    return healthy
