"""`bobby doctor`: everything that has to be right before Bobby can answer, each on a line.

Owns what is looked at and the words; it changes nothing, and never prints the token. What concerns
Discord is asked of its API alone, so a Bobby that runs meanwhile is not disturbed.
"""

import asyncio
import difflib
import os
import platform
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import discord
from yarl import URL

from bot.app.command_sync import declared, differing
from bot.app.lifecycle import (
    HOW_TO_BE_TOLD,
    HOW_TO_GET_IN,
    HOW_TO_RENEW,
    PERMISSIONS,
    invitation,
    invite_link,
    unopened,
)
from bot.core import network
from bot.core.console import print_json, print_line
from bot.core.errors import BobbyError, SetupError
from bot.core.settings import Settings
from bot.executor.factory import open_executor, warm
from models.jobs.model_info import ModelInfo

SECONDS = 10.0
"""How long Discord may take to answer one question."""
LEAST_DISK = 2 * 2**30
"""Bytes: NeuralTalk2 and a few large classifiers fit."""
LEAST_MEMORY = 2 * 2**30
"""Bytes: what a worker needs on a processor, with room for large pictures."""

PUBLISHING = (
    "Start Bobby: it publishes them. If it is running, its log and `bobby status` say why it can't:"
    " Discord takes only 200 new commands a day, for instance."
)

PAGE = 200
"""Servers that Discord lists in one answer."""
REVIEWED = 10_000
"""Discord reviews the Message Content Intent of an application that more people can reach."""
NEAR_REVIEW = 5_000

_APPROVED, _LIMITED = 1 << 18, 1 << 19
"""Flags of an application that may read messages: after Discord's review, and without one."""

REVIEW = (
    f"Above {REVIEWED:,}, Discord wants an application for the Message Content Intent within 90"
    " days of its notice, and again each year. See docs/message-content.md."
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `wrong` is None where it is right, else what to do."""

    name: str
    seen: str
    wrong: str | None = None

    def as_line(self) -> str:
        """Return it for people to read."""
        if self.wrong is None:
            return f"ok     {self.name}: {self.seen}"
        todo = self.wrong.replace("\n", "\n       ")
        return f"WRONG  {self.name}: {self.seen}\n       {todo}"


async def run_checks(settings: Settings, *, as_json: bool) -> bool:
    """Look at everything, print each finding as it comes, and return whether all is well."""
    well = True
    async for finding in findings(settings, os.environ):
        well = well and finding.wrong is None
        if as_json:
            print_json({"name": finding.name, "seen": finding.seen, "wrong": finding.wrong})
        else:
            print_line(finding.as_line())
    return well


async def findings(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Check]:
    """Yield what is found of the machine, the settings, the worker and Discord, in this order."""
    yield Check("Python", f"{platform.python_version()} on {platform.system()}")
    for slip in _unknown_settings(environment):
        yield slip
    yield _folder("Weights folder", settings.weights_folder, "BOBBY_CACHE")
    yield _folder("Data folder", settings.data_folder, "BOBBY_DATA")
    if sys.platform == "linux":
        yield _memory()
    yield _proxy(URL(settings.api_url))
    yield _certificates(environment.get("SSL_CERT_FILE"))
    async for finding in _of_worker(settings):
        yield finding
    async for finding in _of_discord(settings):
        yield finding


def _unknown_settings(environment: Mapping[str, str]) -> list[Check]:
    """Return the variables that look like settings and are none."""
    known = [f"BOBBY_{name}".upper() for name in Settings.model_fields]
    found = []
    for name in sorted(environment):
        if name.startswith("BOBBY_") and name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = (
                f"Did you mean {close[0]}?"
                if close
                else ("Remove it. See .env.example for all settings.")
            )
            found.append(Check("Setting", f"{name} isn't a known setting", hint))
    return found


def _folder(name: str, folder: Path, setting: str) -> Check:
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    seen = f"{folder}, {free / 2**30:.0f} GiB free"
    if not (place.is_dir() and os.access(place, os.W_OK)):
        return Check(name, seen, f"Bobby can't write there. Set {setting} to another folder.")
    if free < LEAST_DISK:
        return Check(name, seen, f"Free up space, or set {setting} to a folder on another disk.")
    return Check(name, seen)


def _memory() -> Check:
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    facts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines()}
    free, whole = facts["MemAvailable"], facts["MemTotal"]
    seen = f"{free / 2**30:.1f} of {whole / 2**30:.1f} GiB free"
    if free < LEAST_MEMORY:
        return Check("Memory", seen, "A worker needs 2 GiB: end other programs, or add memory.")
    return Check("Memory", seen)


def _proxy(api: URL) -> Check:
    proxy = network.proxy_for(api)
    if proxy is None:
        return Check("Proxy", f"none for {api.host}")
    seen = f"{proxy.with_user(None)} for {api.host}"
    if not network.is_usable(proxy):
        todo = "Bobby can't use that kind of proxy. Set HTTPS_PROXY to one that begins with http://"
        return Check("Proxy", seen, todo)
    return Check("Proxy", seen)


def _certificates(file: str | None) -> Check:
    if not file:
        return Check("Certificates", "this system's own")
    try:
        ssl.create_default_context().load_verify_locations(file)
    except OSError as error:  # also what is no certificate
        todo = "Set SSL_CERT_FILE to a file of certificates in PEM form, or remove it."
        return Check("Certificates", f"{file} can't be read ({error.strerror})", todo)
    return Check("Certificates", f"{file} (SSL_CERT_FILE)")


async def _of_worker(settings: Settings) -> AsyncIterator[Check]:
    async with open_executor(settings) as executor:
        try:
            await warm(executor)
        except BobbyError as error:
            yield Check("Worker", "it does not start", str(error))
            return
        snapshot = executor.snapshot()
        ready = [card for card in snapshot.models if card.ready]
        yield Check("Worker", f"running on {snapshot.device} ({settings.precision})")
        seen = f"{len(ready)} of {len(snapshot.models)} models installed"
        wanted = settings.default_model
        if snapshot.default == wanted:
            yield Check("Weights", f"{seen}, including {wanted}")
        else:
            todo = (
                f"The default model {wanted} isn't installed, so Bobby uses "
                f"{snapshot.default}. To install it: `bobby fetch {wanted}`"
            )
            yield Check("Weights", seen, todo)
        yield _reading(ready)


def _reading(ready: Sequence[ModelInfo]) -> Check:
    readers = [card.name for card in ready if card.task == "read"]
    if readers:
        return Check("Words in pictures", ", ".join(readers))
    lacking = "nothing here reads them; `pip install rapidocr openvino` may, where there are wheels"
    return Check("Words in pictures", lacking)


async def _of_discord(settings: Settings) -> AsyncIterator[Check]:
    if settings.bot_token is None:
        yield Check("Token", "not set", HOW_TO_GET_IN.format(invite=invitation()))
        return
    headers = {"Authorization": f"Bot {settings.bot_token}"}
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    connector = network.Connector()
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, timeout=timeout
    ) as session:
        discord_api = _Api(session, settings.api_url)
        try:
            async for finding in _of_account(discord_api, settings):
                yield finding
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = network.reason(error)
            todo = "Check your network and BOBBY_API_URL, then run `bobby doctor` again."
            yield Check("Discord", f"{settings.api_url} can't be reached ({reason})", todo)


class _Api:
    """Discord's API, as far as it is asked here."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(self, path: str) -> Any:  # noqa: ANN401 - JSON; None where the token is refused
        while True:
            async with self._session.get(self._url + path) as response:
                if response.status == 401:
                    return None
                if response.status != 429:
                    response.raise_for_status()
                    return await response.json()
                await asyncio.sleep(float(response.headers.get("Retry-After", 1)))

    async def servers(self) -> list[Any]:
        """Return every server that the bot is in, with about how many members each has."""
        found: list[Any] = []
        path = f"/users/@me/guilds?with_counts=true&limit={PAGE}"
        while True:
            page = await self.ask(path + (f"&after={found[-1]['id']}" if found else ""))
            found += page
            if len(page) < PAGE:
                return found


async def _of_account(api: _Api, settings: Settings) -> AsyncIterator[Check]:
    wanted = settings.message_content
    me = await api.ask("/users/@me")
    if me is None:
        yield Check("Token", "rejected by Discord", HOW_TO_RENEW)
        return
    yield Check("Token", f"valid (bot user {me['username']})")
    application, gateway, guilds = await asyncio.gather(
        api.ask("/applications/@me"), api.ask("/gateway/bot"), api.servers()
    )
    invite = invite_link(int(application["id"]))
    flags = int(application["flags"])
    yield _intent(
        flags, wanted, HOW_TO_BE_TOLD.format(application=application["id"], invite=invite)
    )
    yield _reach(guilds, flags, wanted)
    left = gateway["session_start_limit"]["remaining"]
    yield Check(
        "Logins",
        f"{left} left today",
        None
        if left
        else (
            "You've used today's logins. Wait until "
            "tomorrow, and check what keeps "
            "restarting Bobby."
        ),
    )
    yield await _commands(api, application["id"], settings)
    for guild in guilds:
        yield _permissions(guild)
    yield Check("Invite link", invite)


async def _commands(api: _Api, application: str, settings: Settings) -> Check:
    try:
        bot = unopened(settings)
    except SetupError as error:
        return Check("Slash commands", "unknown", str(error))
    await bot.load()
    there = await api.ask(f"/applications/{application}/commands?with_localizations=true")
    if not there:
        return Check("Slash commands", "none yet, `bobby run` publishes them")
    if odd := differing(there, await declared(bot)):
        return Check("Slash commands", f"not up to date: {', '.join(odd)}", PUBLISHING)
    return Check("Slash commands", f"{len(there)} published")


def _intent(flags: int, wanted: str, todo: str) -> Check:
    name, enabled = "Message Content Intent", bool(flags & (_APPROVED | _LIMITED))
    if wanted == "off":
        return Check(name, "not used (BOBBY_MESSAGE_CONTENT=off)")
    if enabled:
        return Check(name, "enabled")
    if wanted == "on":
        return Check(name, "disabled", todo)
    return Check(name, "disabled, so text commands in servers have to mention Bobby")


def _reach(guilds: Sequence[Mapping[str, Any]], flags: int, wanted: str) -> Check:
    """Tell how far Bobby is from Discord's review; people in several servers count in each."""
    people = sum(guild.get("approximate_member_count", 0) for guild in guilds)
    seen = f"about {people:,} members (servers: {len(guilds)})"
    due = wanted != "off" and flags & _LIMITED
    if due and people > REVIEWED:
        return Check("Reach", seen, REVIEW)
    near = people >= NEAR_REVIEW and wanted != "off"
    return Check("Reach", f"{seen}. {REVIEW}" if near else seen)


def _permissions(guild: Mapping[str, Any]) -> Check:
    held = discord.Permissions(int(guild["permissions"]))
    missing = [
        name.replace("_", " ").title()
        for name, needed in PERMISSIONS
        if needed and not (getattr(held, name) or held.administrator)
    ]
    name = f"Server “{guild['name']}”"
    if missing:
        todo = "Add these permissions to Bobby's role, or re-invite it with the link below."
        return Check(name, f"missing {', '.join(missing)}", todo)
    return Check(name, "all permissions granted (a channel can still override them)")
