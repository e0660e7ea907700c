"""Gateway sessions: who is listening, what they are told, what is replayed after a break.

Turns the world's events into numbered dispatches per session, kept in a bounded buffer while no
connection is there to take them. The sockets themselves are `gateway`'s.
"""

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from bot.playground.gateway import intents
from bot.playground.model import message_payloads, payloads
from bot.playground.model.permissions import PermissionBits, in_channel
from bot.playground.model.records import DM, Json, Person
from bot.playground.model.state import Event, World

BUFFER_EVENTS = 2000
RESUMABLE_SECONDS = 300.0


class GatewayConnection(Protocol):
    """A connection that takes gateway messages, in order."""

    def send(self, message: Json) -> None:
        """Queue `message`."""

    def close(self, code: int) -> None:
        """Queue a closing with `code`."""

    def abort(self) -> None:
        """Cut the connection at once, without a word."""

    def detach(self) -> None:
        """Let go of the session; another may begin on the same connection."""

    def silence(self) -> None:
        """Stay open, and let nothing more arrive."""


@dataclass(eq=False)
class Session:
    """One login to the gateway; `intents` None is a person's client, which hears everything."""

    person: Person
    intents: int | None
    shard: tuple[int, int] = (0, 1)
    """Which of how many: guilds are dealt out among them, and the first has all that is direct."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    buffer: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=BUFFER_EVENTS))
    wire: GatewayConnection | None = None
    resumable: bool = True
    left_at: float = 0.0

    def dispatch(self, name: str, data: Json) -> None:
        """Send the event, numbered, if someone is there, and keep it for a replay."""
        self.sequence += 1
        message = {"op": 0, "t": name, "s": self.sequence, "d": data}
        self.buffer.append((self.sequence, message))
        if self.wire is not None:
            self.wire.send(message)

    def minds(self, guild_id: int | None) -> bool:
        """Tell whether events of this guild, or of none, are this session's shard's."""
        number, count = self.shard
        return ((guild_id or 0) >> 22) % count == number

    def replay(self, after: int) -> bool:
        """Send again what came after number `after`; False when that is no longer known."""
        if after > self.sequence or (self.buffer and self.buffer[0][0] > after + 1):
            return False
        assert self.wire is not None
        for number, message in self.buffer:
            if number > after:
                self.wire.send(message)
        return True


class Hub:
    """All sessions; subscribes to the world and tells each what it may hear."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: dict[str, Session] = {}
        self.gateway_url = ""
        world.subscribe(self.tell)

    def connected(self, person: Person | None = None) -> list[Session]:
        """Return the sessions that have a connection now, of `person` or of everyone."""
        return [
            session
            for session in self.sessions.values()
            if session.wire is not None and person in {None, session.person}
        ]

    def tell(self, event: Event) -> None:
        """Dispatch `event` to every session that may hear of it."""
        for session in list(self.sessions.values()):
            if self._concerns(event, session):
                session.dispatch(event.name, self._as_heard(event, session))

    def _concerns(self, event: Event, session: Session) -> bool:
        if not session.minds(_guild_id(event)):
            return False
        direct = event.channel is not None and event.channel.kind == DM
        if session.intents is not None and not intents.intent_allows(
            session.intents, event.name, direct=direct
        ):
            return False
        if event.to is not None:
            return session.person in event.to
        if event.channel is not None:
            return bool(in_channel(session.person, event.channel) & PermissionBits.VIEW_CHANNEL)
        return event.guild is not None and session.person.id in event.guild.members

    def _as_heard(self, event: Event, session: Session) -> Json:
        is_message = event.name in {"MESSAGE_CREATE", "MESSAGE_UPDATE"}
        if not is_message or session.intents is None or session.intents & intents.MESSAGE_CONTENT:
            return event.data
        direct = event.channel is not None and event.channel.kind == DM
        return message_payloads.without_content(event.data, session.person, direct=direct)

    def open(
        self,
        person: Person,
        wanted: int | None,
        wire: GatewayConnection,
        shard: tuple[int, int] = (0, 1),
    ) -> Session:
        """Begin a session of `person` and greet it: READY, then the guilds of its shard."""
        self._forget_the_left()
        session = Session(person, wanted, shard, wire=wire)
        self.sessions[session.id] = session
        mine = [g for g in self._world.guilds.values() if person.id in g.members]
        guilds = [guild for guild in mine if session.minds(guild.id)]
        if wanted is not None and not wanted & intents.GUILDS:
            guilds = []
        session.dispatch("READY", self._ready(session, [g.id for g in guilds]))
        for guild in guilds:
            session.dispatch("GUILD_CREATE", payloads.guild_create(guild, person))
        return session

    def _ready(self, session: Session, guild_ids: list[int]) -> Json:
        application = self._world.application
        ready: Json = {
            "v": 10,
            "user": payloads.myself(session.person),
            "session_id": session.id,
            "resume_gateway_url": self.gateway_url,
            "session_type": "normal",
            "shard": list(session.shard),
            "guilds": [{"id": str(one), "unavailable": True} for one in guild_ids],
            "private_channels": [],
        }
        if session.intents is None:
            ready["private_channels"] = [
                payloads.channel(channel, viewer=session.person)
                for channel in self._world.dms_of(session.person)
            ]
        else:
            flags = payloads.private_application(application, len(self._world.guilds))["flags"]
            ready["application"] = {"id": str(application.id), "flags": flags}
        return ready

    def _forget_the_left(self) -> None:
        past = time.monotonic() - RESUMABLE_SECONDS
        for session in list(self.sessions.values()):
            if session.wire is None and session.left_at < past:
                del self.sessions[session.id]


def _guild_id(event: Event) -> int | None:
    guild = event.guild or (event.channel.guild if event.channel else None)
    if guild is not None:
        return guild.id
    known = event.data.get("id" if event.name in {"GUILD_CREATE", "GUILD_DELETE"} else "guild_id")
    return None if known is None else int(known)
