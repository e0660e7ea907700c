"""Puts Bobby together, runs it until it is told to stop, and takes it apart in order.

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

from bot.app import discord_patches
from bot.app.client import Bobby
from bot.app.monitoring import Watched
from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.executor.factory import open_executor
from bot.library.hub.workers import Hub
from bot.library.on_demand import Library
from bot.pictures.fetch import Fetcher
from bot.storage.store import Store

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

AUTHENTICATION_FAILED = 4004
"""The gateway's close code for a token that no longer holds."""

HOW_TO_GET_IN = """\
No Discord token found.
  1. Open https://discord.com/developers/applications and choose "New Application".
  2. On its page "Bot", choose "Reset Token" and copy the token.
  3. On the same page, switch on "Message Content Intent", so that Bobby can read text commands.
     Without it, people mention Bobby or use slash commands.
  4. Save it as DISCORD_TOKEN=… in a file named .env, then run `bobby run` again.
  5. Invite Bobby: https://discord.com/oauth2/authorize?client_id=APPLICATION_ID&{invite}
     with the "Application ID" of the page "General Information". The log shows this link, too.
To try Bobby without a Discord account, run `bobby playground`."""

HOW_TO_RENEW = """\
Discord rejected this token.
  1. Open https://discord.com/developers/applications, then your application, then "Bot".
  2. Choose "Reset Token", copy the new one and put it into .env as DISCORD_TOKEN=….
Copy the whole token: it contains two dots. It isn't the application ID or the public key."""

HOW_TO_BE_TOLD = """\
BOBBY_MESSAGE_CONTENT is on, but the application doesn't have the Message Content Intent.
  1. Open https://discord.com/developers/applications/{application}/bot
  2. Switch on "Message Content Intent", save, and run `bobby run` again.
  3. If you can't, set BOBBY_MESSAGE_CONTENT=auto: people then mention Bobby or use slash commands.
docs/message-content.md says more. If Bobby isn't in a server yet, invite it: {invite}"""


def invite_link(application_id: int) -> str:
    """Return the link with which somebody adds Bobby to a server."""
    return f"https://discord.com/oauth2/authorize?client_id={application_id}&{invitation()}"


def invitation() -> str:
    """Return the part of an invitation that says what is asked for, without the application."""
    return f"scope=bot+applications.commands&permissions={PERMISSIONS.value}"


def _without_intent(bot: Bobby) -> str:
    application = bot.application_id
    assert application is not None
    return HOW_TO_BE_TOLD.format(application=application, invite=invite_link(application))


@contextlib.asynccontextmanager
async def assembled(settings: Settings) -> AsyncIterator[Bobby]:
    """Open everything Bobby needs.

    On leaving, downloads and the executor end first, so that anyone who still waits is told, then
    the gateway.
    """
    store = Store(settings.data_folder)
    executor = open_executor(settings, lambda server: store.servers.get(server).per_person)
    library = Library(settings, executor)
    async with (
        store,
        Fetcher(max_bytes=settings.max_file_mib * 2**20) as fetcher,
        Hub(settings) as hub,
        Bobby(
            settings=settings,
            executor=executor,
            fetcher=fetcher,
            library=library,
            hub=hub,
            store=store,
        ) as bot,
        executor,
        library,
        watching(bot, settings.metrics_port),
    ):
        yield bot


def watching(bot: Bobby, port: int) -> contextlib.AbstractAsyncContextManager[object]:
    """Return what lets `bot` be watched on `port`; 0 is nobody."""
    return Watched(bot, port) if port else contextlib.nullcontext()


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
        raise SetupError(HOW_TO_GET_IN.format(invite=invitation()))
    await _find_api(settings.api_url)
    stop = stop_signal()
    async with assembled(settings) as bot, connected(bot, settings.token.get_secret_value()) as end:
        await asyncio.wait({end, asyncio.create_task(stop.wait())}, return_when=FIRST_COMPLETED)


async def _find_api(url: str) -> None:
    try:
        await discord_patches.point_at(url)
    except (aiohttp.ClientError, OSError) as error:
        raise SetupError(
            f"Can't reach the Discord API at {url} ({error}). Check BOBBY_API_URL and "
            f"your network connection."
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
        log.info("Invite link: %s", invite_link(bot.application_id))
        await bot.connect()
    except discord.LoginFailure:
        raise SetupError(HOW_TO_RENEW) from None
    except discord.PrivilegedIntentsRequired:
        raise SetupError(_without_intent(bot)) from None
    except discord.ConnectionClosed as error:
        if error.code == AUTHENTICATION_FAILED:
            raise SetupError(HOW_TO_RENEW) from None
        raise SetupError(
            f"Discord closed the connection for good (code {error.code}). Start again; if that"
            " does not help, look the code up at https://discord.com/developers/docs/topics/"
            "opcodes-and-status-codes."
        ) from None
    except discord.HTTPException as error:
        raise SetupError(
            f"Discord refused the login: {error.status} {error.text}. Try again in a minute."
        ) from error
    except (aiohttp.ClientConnectionError, OSError) as error:
        raise SetupError(
            f"Discord can't be reached ({error}). Check this machine's network and start again."
        ) from None
