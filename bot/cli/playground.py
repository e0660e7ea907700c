"""`bobby playground`: the server, the page and the very same bot, in one process."""

import asyncio
import contextlib
import logging
import os
import shutil
import tempfile
import webbrowser
from asyncio import FIRST_COMPLETED
from pathlib import Path

import discord
from rich.console import Console

from bot.app.client import Bobby
from bot.app.discord_patches import point_discord_at
from bot.app.lifecycle import assembled, connected, stop_signal
from bot.core.console import print_json, print_line
from bot.core.errors import SetupError
from bot.core.i18n import later, speak_to, tr
from bot.core.settings import Settings
from bot.executor.factory import warm
from bot.playground.server import Playground
from bot.replies.common import BLUE
from bot.storage.lock import is_free

log = logging.getLogger(__name__)

FOLDER = "bobby-playground-"
"""How the names of the folders for what is set and taught begin; one lives as long as a run."""

HELLO = (
    later(
        "I'm Bobby. Drop a picture in this channel with `{prefix}classify` and I'll "
        "give you my top five guesses, or use `{prefix}caption` for a one-line "
        "description. No picture handy? Try `{prefix}try`."
    ),
    later(
        "You can also type `/` to browse my commands, or open a message's **⋯** menu and "
        "choose **Classify**. `{prefix}help` has the rest."
    ),
)


async def play(settings: Settings, *, port: int, browser: bool, as_json: bool) -> None:
    """Run the playground until a signal says stop.

    Says where the page is once the bot can answer: as JSON on the first line of standard output,
    or in words, opening a browser if `browser`.

    Raises:
        SetupError: The port is taken, or the worker can't be started.
    """
    stop = stop_signal()
    progress = Console(stderr=True)
    async with contextlib.AsyncExitStack() as stack:
        with progress.status("Starting Bobby…"):
            try:
                playground = await stack.enter_async_context(
                    Playground(port=port, message_content=settings.message_content != "off")
                )
            except OSError as error:
                raise SetupError(
                    f"Can't use port {port} ({error.strerror}). Pick another with "
                    f"--port, or leave it out."
                ) from None
            point_discord_at(playground.api, gateway=playground.gateway)
            # Its servers are new each time, and none of a real Bobby's business.
            await asyncio.to_thread(_remove_left_behind)
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER)))
            mine = settings.model_copy(update={"data": data})
            bot = await stack.enter_async_context(assembled(mine))
            gateway = await stack.enter_async_context(connected(bot, playground.bot_token))
            stopping = asyncio.create_task(stop.wait())
            ready = asyncio.create_task(_ready(bot, playground.channel_id))
            await asyncio.wait({ready, gateway, stopping}, return_when=FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
        else:
            ready.result()
            _announce(playground, as_json=as_json)
            if browser:
                await asyncio.to_thread(webbrowser.open, playground.page)
            await asyncio.wait({gateway, stopping}, return_when=FIRST_COMPLETED)


def _remove_left_behind() -> None:
    """Remove the folders of playgrounds that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        if is_free(folder):
            shutil.rmtree(folder, ignore_errors=True)


async def _ready(bot: Bobby, channel_id: int) -> None:
    """Wait until `bot` can answer, then have it say hello in the channel."""
    await warm(bot.executor)
    await bot.wait_until_ready()
    await bot.publisher.tried.wait()
    channel = bot.get_channel(channel_id)
    assert isinstance(channel, discord.TextChannel)
    speak_to(os.environ.get("LANG", "").replace("_", "-"))
    hello = "\n\n".join(tr(part, prefix=bot.server_prefix) for part in HELLO)
    await channel.send(embed=discord.Embed(title=tr("Hello!"), description=hello, color=BLUE))


def _announce(playground: Playground, *, as_json: bool) -> None:
    if as_json:
        where = {
            name: getattr(playground, name) for name in ("page", "api", "gateway", "user_token")
        } | {
            name: str(getattr(playground, name))
            for name in ("bot_user_id", "guild_id", "channel_id")
        }
        print_json(where)
    else:
        print_line(f"Bobby is ready: {playground.page}\nPress Ctrl-C to stop.")
