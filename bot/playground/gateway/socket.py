"""The gateway's websocket: hello, identify, resume, heartbeats and compression.

One connection at a time per session; what is told is the hub's business. Orders to misbehave come
from `faults`.
"""

import asyncio
import contextlib
import logging
import time
import zlib
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from bot.playground.faults import Faults
from bot.playground.gateway import intents
from bot.playground.gateway.sessions import Hub, Session
from bot.playground.messages import bodies
from bot.playground.model.records import Json, Person
from bot.playground.model.state import World

log = logging.getLogger(__name__)

(HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME) = (1, 2, 3, 4, 6)
(INVALID_SESSION, HELLO, HEARTBEAT_ACK) = (9, 10, 11)
(UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED) = (4001, 4002, 4003)
(AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED) = (4004, 4005)
(INVALID_SEQUENCE, INVALID_SHARD, DISALLOWED_INTENTS) = (4007, 4010, 4014)

ACK_AFTER = 0.02
"""Seconds until a heartbeat is acknowledged. discord.py notes in a thread when it has sent one; an
answer that comes sooner, as it can without a network between, is measured from the one before."""


class Connection:
    """One websocket. A task of its own writes what is queued, so that nobody waits for it."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._transport = request.transport
        self._compressor = (
            zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        )
        self._queue: asyncio.Queue[Json | int] = asyncio.Queue()
        self.session: Session | None = None
        self._silent = False
        self.ours = False
        """Whether the closing began on our side."""

    def send(self, message: Json) -> None:
        """Queue a gateway message."""
        self._queue.put_nowait(message)

    def close(self, code: int) -> None:
        """Close with `code` after what is queued."""
        self._queue.put_nowait(code)

    def abort(self) -> None:
        """Cut the TCP connection at once; the session stays, to be resumed."""
        self.detach()
        if self._transport is not None:
            self._transport.abort()

    def silence(self) -> None:
        """Let nothing more arrive at the other end; the connection stays open."""
        self._silent = True

    def detach(self) -> None:
        """Let the session buffer what comes, instead of sending it here."""
        if self.session is not None and self.session.wire is self:
            self.session.wire = None
            self.session.left_at = time.monotonic()

    async def write(self) -> None:
        """Send what is queued, in order, until closed."""
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._queue.get()
                if isinstance(item, int):
                    self.detach()
                    self.ours = True
                    await self._socket.close(code=item)
                    return
                if self._silent:
                    continue
                encoded = msgspec.json.encode(item)
                if self._compressor is None:
                    await self._socket.send_str(encoded.decode())
                else:
                    packed = self._compressor.compress(encoded)
                    packed += self._compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self._socket.send_bytes(packed)


class Gateway:
    """Accepts gateway connections; `heartbeat_interval` is in seconds."""

    def __init__(self, world: World, hub: Hub, faults: Faults) -> None:
        self._world = world
        self._hub = hub
        self._faults = faults
        self.heartbeat_interval = 41.25

    def routes(self) -> list[web.RouteDef]:
        """Return the gateway's one route."""
        return [web.get("/gateway", self.connect), web.get("/gateway/", self.connect)]

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Speak the gateway's protocol with one client until it or we close."""
        if self._faults.refuse_connections:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=64 * 1024, timeout=1.0)
        await socket.prepare(request)
        connection = Connection(request, socket)
        writer = asyncio.create_task(connection.write())
        try:
            interval = int(self.heartbeat_interval * 1000)
            connection.send({"op": HELLO, "d": {"heartbeat_interval": interval}})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._receive(connection, message.data)
        finally:
            self._end(connection, socket.close_code)
            with contextlib.suppress(asyncio.CancelledError):
                writer.cancel()
                await writer
        return socket

    def _end(self, connection: Connection, code: int | None) -> None:
        """Let the session wait for a resume, unless the client closed it for good."""
        connection.detach()
        session = connection.session
        left = code in {1000, 1001} and not connection.ours
        if session is not None and session.wire is None and (left or not session.resumable):
            self._hub.sessions.pop(session.id, None)

    def _receive(self, connection: Connection, text: str) -> None:
        try:
            message = msgspec.json.decode(text, type=Json)
        except bodies.NO_JSON:
            connection.close(DECODE_ERROR)
            return
        op, data = message.get("op"), message.get("d")
        if op == HEARTBEAT:
            if not self._faults.withhold_acks:
                acknowledge = asyncio.get_running_loop().call_later
                acknowledge(ACK_AFTER, connection.send, {"op": HEARTBEAT_ACK})
        elif op == IDENTIFY and isinstance(data, dict):
            self._identify(connection, data)
        elif op == RESUME and isinstance(data, dict):
            self._resume(connection, data)
        elif connection.session is None:
            connection.close(NOT_AUTHENTICATED)
        elif op not in {PRESENCE, VOICE_STATE}:
            connection.close(UNKNOWN_OPCODE)

    def _person(self, data: Json) -> Person | None:
        return self._world.by_token(str(data.get("token", "")).removeprefix("Bot "))

    def _identify(self, connection: Connection, data: Json) -> None:
        if connection.session is not None:
            connection.close(ALREADY_AUTHENTICATED)
            return
        person = self._person(data)
        if person is None:
            connection.close(AUTHENTICATION_FAILED)
            return
        wanted = int(data.get("intents") or 0) if person.bot else None
        if wanted is not None and intents.disallowed(wanted, self._world.application):
            connection.close(DISALLOWED_INTENTS)
            return
        shard = _shard(data.get("shard", [0, 1]))
        if shard is None:
            connection.close(INVALID_SHARD)
            return
        self._note_locale(person, data.get("properties"))
        connection.session = self._hub.open(person, wanted, connection, shard)
        log.debug("%s has identified as shard %d of %d", person.name, *shard)

    def _note_locale(self, person: Person, properties: Any) -> None:  # noqa: ANN401 - a client's
        """Let a person have their browser's language, and the server too that is theirs."""
        locale = properties.get("system_locale") if isinstance(properties, dict) else None
        if person.bot or not isinstance(locale, str) or locale == person.locale:
            return
        person.locale = locale
        if self._world.guild.owner is person:
            self._world.set_locale(self._world.guild, locale)

    def _resume(self, connection: Connection, data: Json) -> None:
        session = self._hub.sessions.get(str(data.get("session_id")))
        known = session is not None and session.person is self._person(data)
        if session is None or not known or not session.resumable or self._faults.refuse_resume:
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        if session.wire is not None:
            session.wire.close(ALREADY_AUTHENTICATED)
        session.wire = connection
        connection.session = session
        if not session.replay(int(data.get("seq") or 0)):
            connection.detach()
            connection.close(INVALID_SEQUENCE)
            return
        session.dispatch("RESUMED", {})
        log.debug("%s has resumed", session.person.name)


def _shard(value: Any) -> tuple[int, int] | None:  # noqa: ANN401 - whatever a client sends
    match value:
        case [int(number), int(count)] if 0 <= number < count:
            return number, count
        case _:
            return None
