"""Puts Bobby together, runs it until it is told to stop, and takes it apart in order.

Owns the life of the process: what is opened, when it stops, and what an operator is told when
Discord won't let Bobby in. What passes by itself is no reason to end: Bobby waits for it.
"""

import asyncio
import contextlib
import logging
import signal
from asyncio import FIRST_COMPLETED
from collections.abc import AsyncIterator

import discord

from bot.app import discord_patches
from bot.app.client import Bobby
from bot.app.monitoring import Watched
from bot.app.outage import FAILURES, outlast, status_of
from bot.core import network
from bot.core.errors import WrongSetting
from bot.core.settings import Settings
from bot.executor.factory import open_executor
from bot.library.hub.workers import HubWorkers
from bot.library.on_demand import ModelDownloads
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

LOGIN_SECONDS = 60.0
"""How long one login may take; what then has no answer is tried again."""

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

CLOSED_FOR_GOOD = {
    4004: HOW_TO_RENEW,
    4010: "Discord doesn't know these shards. Check BOBBY_SHARDS and BOBBY_SHARD_IDS.",
    4011: "Bobby is in too many servers for so few shards. Set BOBBY_SHARDS to 0 or higher.",
}
"""What to do about the gateway's close codes after which no new try helps."""


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
    bot = unopened(settings)
    async with (
        bot.store,
        bot.fetcher,
        bot.hub,
        bot,
        bot.executor,
        bot.downloads,
        watching(bot, settings.metrics_port),
    ):
        yield bot


def unopened(settings: Settings) -> Bobby:
    """Return a Bobby that can do nothing yet but tell which commands it has."""
    store = Store(settings.data_folder)
    executor = open_executor(settings, lambda server: store.servers.get(server).per_person)
    return Bobby(
        settings=settings,
        executor=executor,
        fetcher=Fetcher(max_bytes=settings.max_file_mib * 2**20),
        downloads=ModelDownloads(settings, executor),
        hub=HubWorkers(settings),
        store=store,
    )


def watching(bot: Bobby, port: int) -> contextlib.AbstractAsyncContextManager[object]:
    """Return what lets `bot` be watched on `port`; 0 is nobody."""
    return Watched(bot, port) if port else contextlib.nullcontext()


def stop_signal() -> asyncio.Event:
    """Return an event that the first signal to end sets, so that all is closed in order."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        # Windows knows no SIGHUP, and ends by KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), stop.set)
    return stop


async def run_on_discord(settings: Settings) -> None:
    """Log in to Discord and answer people until a signal says stop.

    Raises:
        WrongSetting: Discord won't let Bobby in; the text says what to do, step by step.
        SetupError: Something on this machine can't be opened.
    """
    if (token := settings.bot_token) is None:
        raise WrongSetting(HOW_TO_GET_IN.format(invite=invitation()))
    stop = stop_signal()
    async with assembled(settings) as bot, connected(bot, token, settings.api_url) as end:
        await asyncio.wait({end, asyncio.create_task(stop.wait())}, return_when=FIRST_COMPLETED)


@contextlib.asynccontextmanager
async def connected(
    bot: Bobby, token: str, api: str | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Keep `bot` logged in while the block lasts; yields the task, which ends if it can't be.

    The process is first pointed at `api`, if given.

    Raises:
        WrongSetting: See `run_on_discord`; raised on leaving.
    """
    task = asyncio.create_task(_stay(bot, token, api), name="gateway")
    yield task
    if task.done():
        task.result()


async def _stay(bot: Bobby, token: str, api: str | None) -> None:
    try:
        if api is not None:
            await outlast(lambda: discord_patches.point_at(api))
        await outlast(lambda: _log_in(bot, token))
        assert bot.application_id is not None
        log.info("Invite link: %s", invite_link(bot.application_id))
        await outlast(bot.connect)
    except discord.LoginFailure:
        raise WrongSetting(HOW_TO_RENEW) from None
    except discord.PrivilegedIntentsRequired:
        raise WrongSetting(_without_intent(bot)) from None
    except discord.ConnectionClosed as error:
        advice = CLOSED_FOR_GOOD.get(error.code, "Bobby is too old for Discord: update it.")
        raise WrongSetting(
            f"Discord closed the connection for good (code {error.code}). {advice}"
        ) from None
    except FAILURES as failure:
        raise WrongSetting(_refused(failure)) from None


async def _log_in(bot: Bobby, token: str) -> None:
    # A wait that Discord orders is said in the log, and not slept through by the library.
    bot.http.max_ratelimit_timeout = LOGIN_SECONDS / 2
    try:
        async with asyncio.timeout(LOGIN_SECONDS):
            await bot.login(token)
    except BaseException:
        await bot.http.close()  # each login opens another session, with another connector
        bot.http.connector = network.Connector(limit=0)
        raise
    finally:
        bot.http.max_ratelimit_timeout = None


def _refused(failure: Exception) -> str:
    if status_of(failure) == 401:
        return HOW_TO_RENEW
    return f"Discord refused the login: {failure}. If BOBBY_API_URL is set, check it."
