"""The two kinds of client that the tests use: plain REST with a token, and plain discord.py."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import discord

from bot.playground.server import Playground

PATIENCE = 10.0
"""Seconds after which a test gives up waiting for something that must come."""


@dataclass(frozen=True)
class Answer:
    """An answer to a request: its status, its JSON (None without) and its headers."""

    status: int
    data: Any
    headers: Any


class Rest:
    """A plain REST client; knows nothing of Discord but how to send its token."""

    def __init__(self, api: str, token: str) -> None:
        self._api = api
        self._token = token

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers={"Authorization": self._token})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: list[tuple[str, bytes]] | None = None,
    ) -> Answer:
        """Send a request; with `files` as multipart, the way Discord takes them."""
        data: Any = None
        headers = {}
        if files is not None:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("payload_json", json.dumps(body or {}), content_type="application/json")
            for number, (name, content) in enumerate(files):
                data.add_field(f"files[{number}]", io.BytesIO(content), filename=name)
        elif body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        async with self._session.request(
            method, self._api + path, data=data, headers=headers
        ) as response:
            text = await response.read()
            parsed = json.loads(text) if response.content_type == "application/json" else None
            return Answer(response.status, parsed, response.headers)

    async def say(
        self, channel_id: int | str, content: str, *files: tuple[str, bytes], **more: Any
    ) -> Any:
        """Post a message and return it."""
        body = {"content": content, **more}
        path = f"/channels/{channel_id}/messages"
        answer = await self.ask("POST", path, body, files=list(files) or None)
        assert answer.status == 200, answer.data
        return answer.data

    async def fetch(self, url: str) -> tuple[int, bytes]:
        """Return status and body of what is at `url`, without a token."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(url) as response,
        ):
            return response.status, await response.read()


class Page:
    """A person's gateway connection, as the chat page has one; keeps every event it hears."""

    def __init__(self, playground: Playground, token: str, rest: Rest) -> None:
        self._playground = playground
        self._token = token
        self.rest = rest
        self.events: list[tuple[str, Any]] = []
        self.session_id = ""
        self.sequence = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(self._playground.gateway)
        await self._socket.send_json({"op": 2, "d": {"token": self._token, "intents": 0}})
        self._reader = asyncio.create_task(self._read())
        ready = await self.event("READY")
        self.session_id = ready["session_id"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()
        await self._reader
        await self._session.close()

    async def _read(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            if event["op"] == 0:
                self.sequence = event["s"]
                self.events.append((event["t"], event["d"]))

    def heard(self, name: str) -> list[Any]:
        """Return the data of the events of this name so far."""
        return [data for kind, data in self.events if kind == name]

    async def event(self, name: str, count: int = 1) -> Any:
        """Return the `count`-th event of this name, waiting for it if need be."""
        await eventually(lambda: len(self.heard(name)) >= count)
        return self.heard(name)[count - 1]

    async def interact(
        self,
        kind: int,
        data: dict[str, Any],
        *,
        channel_id: int | None = None,
        files: list[tuple[str, bytes]] | None = None,
        **more: Any,
    ) -> Answer:
        """Post an interaction the way the page does."""
        body = {
            "type": kind,
            "application_id": str(self._playground.application_id),
            "channel_id": str(channel_id or self._playground.channel_id),
            "session_id": self.session_id,
            "nonce": "7",
            "data": data,
            **more,
        }
        return await self.rest.ask("POST", "/interactions", body, files=files)

    async def command(self, name: str, channel_id: int | None = None) -> dict[str, Any]:
        """Return the id, version and name of a command, from the channel's index."""
        channel = channel_id or self._playground.channel_id
        path = f"/channels/{channel}/application-command-index"
        index = (await self.rest.ask("GET", path)).data
        for command in index["application_commands"]:
            if command["name"] == name:
                return {key: command[key] for key in ("id", "version", "name", "type")}
        raise AssertionError(f"{name} is not in the index")


class EchoBot(discord.Client):
    """A bot that answers `!ping`, and keeps what it hears for the tests to look at."""

    def __init__(self, intents: discord.Intents, **options: Any) -> None:
        super().__init__(
            intents=intents,
            guild_ready_timeout=0,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.resumed = asyncio.Event()
        self.connects = 0

    async def on_connect(self) -> None:
        """Count the logins."""
        self.connects += 1

    async def on_resumed(self) -> None:
        """Note that a session went on."""
        self.resumed.set()

    async def on_message(self, message: discord.Message) -> None:
        """Keep messages of people, and answer `!ping`."""
        if message.author.bot:
            return
        await self.heard.put(message)
        if message.content == "!ping":
            await message.reply("pong")

    async def hear(self) -> discord.Message:
        """Return the next message that a person wrote."""
        return await asyncio.wait_for(self.heard.get(), PATIENCE)


@contextlib.asynccontextmanager
async def logged_in(bot: EchoBot, playground: Playground) -> AsyncIterator[EchoBot]:
    """Log `bot` in, wait until it is ready, and log it out afterwards."""
    task = asyncio.create_task(bot.start(playground.bot_token))
    try:
        async with asyncio.timeout(PATIENCE):
            while not bot.is_ready():
                if task.done():
                    task.result()
                await asyncio.sleep(0.005)
        yield bot
    finally:
        await bot.close()
        with contextlib.suppress(asyncio.CancelledError):
            task.cancel()
            await task


async def eventually(condition: Callable[[], object], *, within: float = PATIENCE) -> None:
    """Wait until `condition()` holds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - it looks at a server that tells nobody
            await asyncio.sleep(0.005)
