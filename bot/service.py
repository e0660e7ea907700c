"""Puts Bobby together, runs him until he is told to stop, and takes him apart in order.

Owns the life of the process: what is opened, when it stops, and what an operator is told when
Discord won't let Bobby in.
"""

import asyncio
import contextlib
import logging
import signal
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator

import aiohttp
import discord

from bot import discord_api
from bot.client import Bobby
from bot.errors import SetupError
from bot.executor.factory import open_executor
from bot.fetch import Fetcher
from bot.settings import Settings

log = logging.getLogger(__name__)

PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)
"""What Bobby asks for in a server: to read, to answer with pictures, and nothing else."""

HOW_TO_GET_IN = """\
There is no token, so I can't log in to Discord.
  1. Open https://discord.com/developers/applications and choose "New Application".
  2. On its page "Bot", choose "Reset Token" and copy the token.
  3. On the same page, switch on "Message Content Intent", so that I can read commands.
  4. Put the token into a file named .env, as DISCORD_TOKEN=…, and start `bobby run` again.
To try me without an account, start `bobby playground`."""

HOW_TO_RENEW = """\
Discord does not know this token.
  1. Open https://discord.com/developers/applications, then your application, then "Bot".
  2. Choose "Reset Token", copy the new one and put it into .env as DISCORD_TOKEN=….
Copy it whole: it has two dots in it, and is not the application's id or its public key."""

HOW_TO_BE_TOLD = """\
Discord lets me in only with the Message Content Intent, so that I can read commands.
  1. Open https://discord.com/developers/applications/{application}/bot
  2. Switch on "Message Content Intent", save, and start `bobby run` again."""


def invite_link(application_id: int) -> str:
    """Return the link with which somebody adds Bobby to a server."""
    return discord.utils.oauth_url(
        application_id, permissions=PERMISSIONS, scopes=("bot", "applications.commands")
    )


@contextlib.asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Bobby]:
    """Open everything Bobby needs.

    On leaving, the executor closes first, so that whoever still waits is told, then the gateway.
    """
    executor = open_executor(settings)
    async with (
        Fetcher(max_bytes=settings.max_file_mib * 2**20) as fetcher,
        Bobby(settings=settings, executor=executor, fetcher=fetcher) as bot,
        executor,
    ):
        yield bot


def stop_signal() -> asyncio.Event:
    """Return an event that the first SIGINT or SIGTERM sets, so that all is closed in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows ends by KeyboardInterrupt
            loop.add_signal_handler(kind, stop.set)
    return stop


async def run_on_discord(settings: Settings) -> None:
    """Log in to Discord and answer people until a signal says stop.

    Raises:
        SetupError: Discord won't let Bobby in; the text says what to do, step by step.
    """
    if settings.token is None:
        raise SetupError(HOW_TO_GET_IN)
    await _find_api(settings.api_url)
    stop = stop_signal()
    async with assembled(settings) as bot, connected(bot, settings.token.get_secret_value()) as end:
        await asyncio.wait({end, asyncio.create_task(stop.wait())}, return_when=FIRST_COMPLETED)


async def _find_api(url: str) -> None:
    try:
        await discord_api.point_at(url)
    except (aiohttp.ClientError, OSError) as error:
        raise SetupError(
            f"The Discord API at {url} can't be reached ({error}). Check BOBBY_API_URL and this"
            " machine's network, and start again."
        ) from None


@contextlib.asynccontextmanager
async def connected(bot: Bobby, token: str) -> AsyncIterator[asyncio.Task[None]]:
    """Keep `bot` logged in while the block lasts; yields the task, which ends if it can't be.

    Raises:
        SetupError: See `run_on_discord`; raised on leaving.
    """
    task = asyncio.create_task(_log_in(bot, token), name="gateway")
    yield task
    if task.done():
        task.result()


async def _log_in(bot: Bobby, token: str) -> None:
    try:
        await bot.login(token)
        assert bot.application_id is not None
        log.info("Add me to a server with %s", invite_link(bot.application_id))
        await bot.connect()
    except discord.LoginFailure:
        raise SetupError(HOW_TO_RENEW) from None
    except discord.PrivilegedIntentsRequired:
        raise SetupError(HOW_TO_BE_TOLD.format(application=bot.application_id)) from None
    except discord.HTTPException as error:
        raise SetupError(
            f"Discord refused the login: {error.status} {error.text}. Try again in a minute."
        ) from error
    except (aiohttp.ClientConnectionError, OSError) as error:
        raise SetupError(
            f"Discord can't be reached ({error}). Check this machine's network and start again."
        ) from None
