"""The gateway's websocket: hello, identify, resume, heartbeats and compression.

One connection at a time per session; what is told is the hub's business. Orders to misbehave come
from `faults`.
"""

import asyncio
import contextlib
import logging
import time
import zlib
from collections import deque
from collections.abc import Callable
from typing import Annotated, Any

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
(RATE_LIMITED, INVALID_VERSION, INVALID_INTENTS) = (4008, 4012, 4013)
MAX_FRAME_BYTES = 4096
MAX_FRAMES, FRAMES_WINDOW = 120, 60.0
"""How many frames a client may send in how many seconds."""
(UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED) = (4001, 4002, 4003)
(AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED) = (4004, 4005)
(INVALID_SEQUENCE, INVALID_SHARD, DISALLOWED_INTENTS) = (4007, 4010, 4014)

ACK_AFTER = 0.02
"""Seconds until a heartbeat is acknowledged. discord.py notes in a thread when it has sent one; an
answer that comes sooner, as it can without a network between, is measured from the one before."""


def _zlib_stream() -> Callable[[bytes], bytes]:
    packer = zlib.compressobj()
    return lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


def _zstd_stream() -> Callable[[bytes], bytes]:
    """One frame without end, of blocks that are stored as they are: as valid as packed ones."""
    begun = bytearray(b"\x28\xb5\x2f\xfd\x00\x38")  # magic, no options, a window of 128 KiB

    def frame(data: bytes) -> bytes:
        packed = bytes(begun)
        begun.clear()
        for at in range(0, len(data), _ZSTD_BLOCK):
            block = data[at : at + _ZSTD_BLOCK]
            packed += (len(block) << 3).to_bytes(3, "little") + block
        return packed

    return frame


_ZSTD_BLOCK = 128 * 1024 - 1
_COMPRESSORS = {"zlib-stream": _zlib_stream, "zstd-stream": _zstd_stream}


class Connection:
    """One websocket. A task of its own writes what is queued, so that nobody waits for it."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._transport = request.transport
        begin = _COMPRESSORS.get(request.query.get("compress", ""))
        self._compress = None if begin is None else begin()
        self._queue: asyncio.Queue[Json | int] = asyncio.Queue()
        self.session: Session | None = None
        self._silent = False
        self._frames: deque[float] = deque()
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

    def sends_too_much(self) -> bool:
        """Count a frame of the client; tell whether it is one too many."""
        self._frames.append(time.monotonic())
        full = len(self._frames) > MAX_FRAMES
        return full and self._frames[-1] - self._frames.popleft() < FRAMES_WINDOW

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
                encoded = msgspec.json.encode({"t": None, "s": None, "d": None, **item})
                if self._compress is None:
                    await self._socket.send_str(encoded.decode())
                else:
                    await self._socket.send_bytes(self._compress(encoded))


class _Frame(msgspec.Struct):
    op: int
    d: Any = None


class _Identify(msgspec.Struct):
    token: str
    intents: Annotated[int, msgspec.Meta(ge=0)] | None = None
    properties: Json | None = None
    shard: tuple[int, int] = (0, 1)


class _Resume(msgspec.Struct):
    token: str
    session_id: str
    seq: int = 0


_FORMS: dict[int, Any] = {IDENTIFY: _Identify, RESUME: _Resume}


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
        if request.query.get("v", "10") != "10":
            connection.close(INVALID_VERSION)
        elif request.query.get("encoding", "json") != "json":
            connection.close(DECODE_ERROR)
        writer = asyncio.create_task(connection.write())
        try:
            interval = int(self.heartbeat_interval * 1000)
            connection.send({"op": HELLO, "d": {"heartbeat_interval": interval}})
            async for message in socket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self._receive(connection, message.data)
        finally:
            self._end(connection, socket.close_code)
            if not connection.ours:  # else it waits for the client's own closing frame
                writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        return socket

    def _end(self, connection: Connection, code: int | None) -> None:
        """Let the session wait for a resume, unless the client closed it for good."""
        connection.detach()
        session = connection.session
        left = code in {1000, 1001} and not connection.ours
        if session is not None and session.wire is None and (left or not session.resumable):
            self._hub.sessions.pop(session.id, None)

    def _receive(self, connection: Connection, text: str | bytes) -> None:
        if connection.sends_too_much():
            connection.close(RATE_LIMITED)
            return
        try:
            message = msgspec.json.decode(text, type=_Frame)
            identity = msgspec.convert(message.d, _FORMS.get(message.op, Any))
        except bodies.NO_JSON:
            connection.close(DECODE_ERROR)
            return
        if len(text) > MAX_FRAME_BYTES:
            connection.close(DECODE_ERROR)
            return
        op = message.op
        if op == HEARTBEAT:
            if not self._faults.withhold_acks:
                acknowledge = asyncio.get_running_loop().call_later
                acknowledge(ACK_AFTER, connection.send, {"op": HEARTBEAT_ACK})
        elif isinstance(identity, _Identify):
            self._identify(connection, identity)
        elif isinstance(identity, _Resume):
            self._resume(connection, identity)
        elif connection.session is None:
            connection.close(NOT_AUTHENTICATED)
        elif op not in {PRESENCE, VOICE_STATE}:
            connection.close(UNKNOWN_OPCODE)

    def _person(self, token: str) -> Person | None:
        return self._world.by_token(token.removeprefix("Bot "))

    def _identify(self, connection: Connection, data: "_Identify") -> None:
        if connection.session is not None and connection.session.wire is connection:
            connection.close(ALREADY_AUTHENTICATED)
            return
        person = self._person(data.token)
        if person is None:
            connection.close(AUTHENTICATION_FAILED)
            return
        wanted = data.intents if person.bot else None
        if person.bot and (wanted is None or wanted & ~intents.EVERY):
            connection.close(INVALID_INTENTS)
            return
        if wanted is not None and intents.disallowed(wanted, self._world.application):
            connection.close(DISALLOWED_INTENTS)
            return
        shard = data.shard
        if not 0 <= shard[0] < shard[1]:
            connection.close(INVALID_SHARD)
            return
        self._note_locale(person, data.properties)
        connection.session = self._hub.open(person, wanted, connection, shard)
        log.debug("%s has identified as shard %d of %d", person.name, *shard)

    def _note_locale(self, person: Person, properties: Json | None) -> None:
        """Let a person have their browser's language, and the server too that is theirs."""
        locale = (properties or {}).get("system_locale")
        if person.bot or not isinstance(locale, str) or locale == person.locale:
            return
        person.locale = locale
        if self._world.guild.owner is person:
            self._world.set_locale(self._world.guild, locale)

    def _resume(self, connection: Connection, data: "_Resume") -> None:
        session = self._hub.sessions.get(data.session_id)
        known = session is not None and session.person is self._person(data.token)
        if session is None or not known or not session.resumable or self._faults.refuse_resume:
            connection.send({"op": INVALID_SESSION, "d": False})
            return
        if session.wire is not None:
            session.wire.close(ALREADY_AUTHENTICATED)
        session.wire = connection
        connection.session = session
        if not session.replay(data.seq):
            connection.detach()
            connection.close(INVALID_SEQUENCE)
            return
        session.dispatch("RESUMED", {})
        log.debug("%s has resumed", session.person.name)
