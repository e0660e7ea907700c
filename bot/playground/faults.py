"""What tests and people may order the playground to do wrong, and what tests look up afterwards.

Keeps the log of requests and of typing. Nothing here happens unless somebody asks for it.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.playground.gateway.sessions import GatewayConnection, Hub, Session
from bot.playground.model.links import Links
from bot.playground.model.records import Json, Person

MOST_LOGGED = 100_000
EVERYTHING = ("*", "*")
"""The method and route of an order that stands for every request."""
MANY = 1_000_000
SLOW = 20_000.0
"""Bytes that a slow CDN delivers per second."""
Break = Literal["invalidate", "reconnect", "cut", "limit", "fail", "slow"]
"""What *Break something* offers: op 9, op 7, lost sockets, 429, 502, and a slow CDN."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A request that was answered: `route` is the pattern, without the API's prefix.

    `who` is the id of whose token it carried, `at` is `time.monotonic()`.
    """

    method: str
    route: str
    path: str
    status: int
    who: int | None
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody showed as typing; `at` is `time.monotonic()`."""

    channel_id: int
    user_id: int
    at: float


@dataclass(slots=True)
class Order:
    """An answer that the next requests to a route get instead of the real one."""

    method: str
    route: str
    status: int
    body: Json
    headers: dict[str, str]
    left: int
    after: bool
    by: Person | None
    until: float = math.inf
    """The end of it, by `time.monotonic()`."""

    def meets(self, method: str, route: str, person: Person | None) -> bool:
        """Tell whether it stands for this request."""
        if self.left <= 0 or time.monotonic() > self.until or self.by not in {None, person}:
            return False
        return (self.method, self.route) in {(method, route), EVERYTHING}


@dataclass(slots=True)
class SlowFiles:
    """How the CDN delivers: `delay` in seconds, `stall_after` in bytes (then it stops for good)."""

    delay: float = 0.0
    bytes_per_second: float | None = None
    stall_after: int | None = None


@dataclass(slots=True)
class Faults:
    """Orders to misbehave, and the logs.

    `refuse_connections`: the gateway answers 503; `refuse_resume`: every resume is answered with
    op 9; `withhold_acks`: heartbeats are not acknowledged.
    """

    hub: Hub = field(repr=False)
    links: Links = field(repr=False)
    requests: list[Logged] = field(default_factory=list)
    typing: list[Typing] = field(default_factory=list)
    cdn: SlowFiles = field(default_factory=SlowFiles)
    refuse_connections: bool = False
    refuse_resume: bool = False
    withhold_acks: bool = False
    orders: list[Order] = field(default_factory=list)

    def break_something(self, kind: Break, person: Person, seconds: float = 8.0) -> None:
        """Do `kind` to `person`; what lasts ends after `seconds`. The CDN is slow for everybody."""
        match kind:
            case "invalidate":
                self.invalidate_sessions(resumable=False, person=person)
            case "reconnect":
                self.ask_to_reconnect(person)
            case "cut":
                self.drop_connections(person)
            case "limit":
                order = self.rate_limit(*EVERYTHING, retry_after=seconds, times=MANY, by=person)
                order.until = time.monotonic() + seconds
            case "fail":
                order = self.answer(*EVERYTHING, 502, times=MANY, by=person)
                order.until = time.monotonic() + seconds
            case "slow":
                self.cdn.bytes_per_second = SLOW
                asyncio.get_running_loop().call_later(seconds, self._deliver_again)

    def _deliver_again(self) -> None:
        self.cdn.bytes_per_second = None

    # --- REST -------------------------------------------------------------------------------------

    def answer(
        self,
        method: str,
        route: str,
        status: int,
        *,
        code: int = 0,
        message: str = "",
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        extra: Json | None = None,
        after: bool = False,
        by: Person | None = None,
    ) -> Order:
        """Answer the next `times` requests to `route` ("/channels/{channel_id}/messages") so.

        With `by`, only those of that person or bot. With `after`, the request is carried out
        first and only its answer is lost. Returns the order, whose `left` counts down.
        """
        body = {"message": message or f"{status}: ordered", "code": code, **(extra or {})}
        order = Order(method, route, status, body, dict(headers or {}), times, after, by)
        self.orders.append(order)
        return order

    def rate_limit(
        self,
        method: str,
        route: str,
        *,
        retry_after: float,
        times: int = 1,
        by: Person | None = None,
        everywhere: bool = False,
    ) -> Order:
        """Answer the next `times` requests to `route` with 429, to wait `retry_after` seconds.

        With `everywhere` it is the limit on all routes together that is told of.
        """
        scope = {"X-RateLimit-Global": "true"} if everywhere else {}
        return self.answer(
            method,
            route,
            429,
            message="You are being rate limited.",
            times=times,
            headers={
                "Retry-After": str(math.ceil(retry_after)),
                "X-RateLimit-Scope": "global" if everywhere else "user",
                **scope,
            },
            extra={"retry_after": retry_after, "global": everywhere},
            by=by,
        )

    def take(self, method: str, route: str, person: Person | None) -> Order | None:
        """Return the order that stands for this request, used up by one, if there is one."""
        for order in self.orders:
            if order.meets(method, route, person):
                order.left -= 1
                return order
        return None

    def log(self, request: Logged) -> None:
        """Keep `request`; of very many, the older half is let go."""
        if len(self.requests) >= MOST_LOGGED:
            del self.requests[: MOST_LOGGED // 2]
        self.requests.append(request)

    def asked(self, method: str, route: str) -> list[Logged]:
        """Return the logged requests to `route`."""
        return [one for one in self.requests if (one.method, one.route) == (method, route)]

    def typed(self, channel_id: int, user_id: int) -> None:
        """Log that somebody types."""
        self.typing.append(Typing(channel_id, user_id, time.monotonic()))

    # --- gateway ----------------------------------------------------------------------------------

    def drop_connections(self, person: Person | None = None) -> int:
        """Cut every gateway connection (of `person`) without a word; return how many."""
        return self._each(person, lambda session: _wire(session).abort())

    def silence_connections(self, person: Person | None = None) -> int:
        """Let nothing more arrive by any connection (of `person`), each of which stays open."""
        return self._each(person, lambda session: _wire(session).silence())

    def close_connections(self, code: int, person: Person | None = None) -> int:
        """Close every gateway connection (of `person`) with `code`; return how many."""
        return self._each(person, lambda session: _wire(session).close(code))

    def ask_to_reconnect(self, person: Person | None = None) -> int:
        """Send op 7; return to how many."""
        return self._each(person, lambda session: _wire(session).send({"op": 7, "d": None}))

    def invalidate_sessions(self, *, resumable: bool, person: Person | None = None) -> int:
        """Send op 9; return to how many. A session that is not resumable is gone."""

        def invalidate(session: Session) -> None:
            session.resumable = resumable
            wire = _wire(session)
            wire.send({"op": 9, "d": resumable})
            wire.detach()
            if not resumable:
                del self.hub.sessions[session.id]

        return self._each(person, invalidate)

    def _each(self, person: Person | None, act: Callable[[Session], None]) -> int:
        sessions = self.hub.connected(person)
        for session in sessions:
            act(session)
        return len(sessions)

    # --- CDN --------------------------------------------------------------------------------------

    def expire_links(self) -> None:
        """Let every attachment's link that was given out so far be one that has run out."""
        self.links.expire()


def _wire(session: Session) -> GatewayConnection:
    assert session.wire is not None, "only connected sessions are asked"
    return session.wire
