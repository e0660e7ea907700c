"""Who is next: the bounded, fair queue of jobs.

Owns admission (limits in all, per server and per person) and who may wait beside whom;
`bot.executor.fair_order` decides the order. Plain synchronous data: it hands batches to the
executor and never waits, never looks at a clock and never answers anyone.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from bot.core.durations import duration
from bot.core.errors import Overloaded
from bot.core.i18n import tr, tr_n
from bot.core.settings import Settings
from bot.executor.fair_order import Turns
from models.jobs.requests import Job

MIB = 1024 * 1024


@dataclass(frozen=True)
class Requester:
    """Who asked; `guild_id` is None in direct messages.

    `request_id` is that of the message or interaction that asked, which may come to several jobs.
    """

    user_id: int
    guild_id: int | None = None
    request_id: int | None = None


@dataclass(frozen=True)
class Limits:
    """How many pictures may wait or run: `all` of them, `per_server`, `per_person`, and bytes.

    `set_by` a server may be less than `per_person` for those who ask there.
    """

    all: int
    bytes: int
    per_server: int
    per_person: int
    set_by: Callable[[int], int | None] = lambda _: None

    def person(self, server: int | None) -> int:
        """Return how many pictures one person may have waiting who asks in `server`."""
        own = self.set_by(server) if server is not None else None
        return self.per_person if own is None else min(own, self.per_person)

    @classmethod
    def of(cls, settings: Settings, set_by: Callable[[int], int | None] = lambda _: None) -> Self:
        """Return the limits that the operator set, and what servers have `set_by` themselves."""
        return cls(
            all=settings.max_queue,
            bytes=settings.max_queue_mib * MIB,
            per_server=settings.max_per_server,
            per_person=settings.max_per_person,
            set_by=set_by,
        )


@dataclass(eq=False)
class Ticket:
    """A job's place in the queue; each is its own, whatever its job's content."""

    job: Job
    requester: Requester


T = TypeVar("T", bound=Ticket)

BATCH_SECONDS = 2.0
"""A batch that costs so much takes no more: anyone who is next waits for all of it."""


class FairQueue(Generic[T]):
    """Tickets that wait, and the count of those taken until they are released.

    `kind` tells what the jobs of one batch share, `cost` how many seconds a job takes; both are
    asked when a batch is taken.
    """

    def __init__(
        self, limits: Limits, kind: Callable[[Job], Hashable], cost: Callable[[Job], float]
    ) -> None:
        self._limits = limits
        self._kind = kind
        self._cost = cost
        self._turns: Turns[T] = Turns(lambda ticket: cost(ticket.job))
        self._held: set[T] = set()
        self._bytes = 0
        self._by_server: Counter[int] = Counter()
        self._by_person: Counter[int] = Counter()
        self._order: dict[T, tuple[int, float]] | None = None

    def __len__(self) -> int:
        return len(self._turns)

    @property
    def held(self) -> frozenset[T]:
        """The tickets that count against the limits: those waiting and those taken."""
        return frozenset(self._held)

    def admit(self, ticket: T) -> None:
        """Put `ticket` at the end of its person's line.

        Raises:
            Overloaded: A limit is reached; the sentence names it and its number.
        """
        self._refuse_over_limit(ticket)
        self._held.add(ticket)
        self._bytes += len(ticket.job.picture)
        self._by_person[ticket.requester.user_id] += 1
        if ticket.requester.guild_id is not None:
            self._by_server[ticket.requester.guild_id] += 1
        self._turns.add(_server(ticket.requester), ticket.requester.user_id, ticket)
        self._order = None

    def take(self, most: int) -> list[T]:
        """Return the next batch, at most `most` tickets of one kind; empty when none waits.

        The ticket whose turn it is decides the kind. Then each person whose oldest ticket is of
        that kind gives it, in their turns, until the batch is full, costs `BATCH_SECONDS`, or none
        is left.
        """
        batch: list[T] = []
        cost = 0.0
        self._order = None
        while len(batch) < most and cost < BATCH_SECONDS:
            ticket = self._turns.take(self._fits(batch))
            if ticket is None:
                break
            batch.append(ticket)
            cost += self._cost(ticket.job)
        return batch

    def _fits(self, batch: list[T]) -> Callable[[T], bool]:
        if not batch:
            return lambda _: True
        kind = self._kind(batch[0].job)
        return lambda ticket: self._kind(ticket.job) == kind

    def places(self) -> Mapping[T, tuple[int, float]]:
        """Return for each ticket that waits its place, from 1, and the seconds until its answer.

        Counted from the moment when the batches in flight are done. Later requesters may still come
        before it, and batches of one kind may change the order a little.
        """
        if self._order is None:
            self._order = {}
            seconds = 0.0
            for place, ticket in enumerate(self._turns.order(), start=1):
                seconds += self._cost(ticket.job)
                self._order[ticket] = place, seconds
        return self._order

    def withdraw(self, ticket: T) -> bool:
        """Drop `ticket` if it still waits, and say whether it did."""
        if not self._turns.remove(_server(ticket.requester), ticket.requester.user_id, ticket):
            return False
        self._order = None
        self.release(ticket)
        return True

    def release(self, ticket: T) -> None:
        """Stop counting a taken `ticket` against the limits; a second time does nothing."""
        if ticket not in self._held:
            return
        self._held.remove(ticket)
        self._bytes -= len(ticket.job.picture)
        for counter, key in (
            (self._by_person, ticket.requester.user_id),
            (self._by_server, ticket.requester.guild_id),
        ):
            if key is not None:
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]

    def _refuse_over_limit(self, ticket: T) -> None:
        limits, requester, held = self._limits, ticket.requester, len(self._held)
        person, server = requester.user_id, requester.guild_id
        if (over := self._by_person[person] - (most := limits.person(server))) >= 0:
            sentence = tr(
                "You already have {most} in the queue, which is the limit per "
                "person. Try again in about {wait}, once one is done.",
                most=_pictures(most),
                wait=self._wait(over + 1, lambda one: one.requester.user_id == person),
            )
            raise Overloaded(sentence, limit="person")
        if server is not None and self._by_server[server] >= limits.per_server:
            sentence = tr(
                "This server already has {per_server} in the queue, which is its "
                "limit. Try again in about {wait}.",
                per_server=_pictures(limits.per_server),
                wait=self._wait(1, lambda one: one.requester.guild_id == server),
            )
            raise Overloaded(sentence, limit="server")
        if held >= limits.all:
            sentence = tr(
                "My queue is full ({all}). Try again in about {wait}.",
                all=_pictures(limits.all),
                wait=self._wait(1, lambda _: 1),
            )
            raise Overloaded(sentence, limit="all")
        if (over := self._bytes + len(ticket.job.picture) - limits.bytes) > 0:
            sentence = tr(
                "My queue is full ({bytes:g} MiB of pictures). Try again in about "
                "{wait}, or send a smaller file.",
                bytes=limits.bytes / MIB,
                wait=self._wait(over, lambda one: len(one.job.picture)),
            )
            raise Overloaded(sentence, limit="bytes")

    def _wait(self, room: int, frees: Callable[[T], int]) -> str:
        """Return in words how long it takes until `room` is free; `frees` tells what each gives.

        Where all that is held would not free as much, it is the time until all of it is done.
        """
        places = self.places()
        flying = sum(self._cost(one.job) for one in self._held if one not in places)
        done = {one: flying + (places[one][1] if one in places else 0.0) for one in self._held}
        seconds = 0.0
        for one in sorted(done, key=lambda one: done[one]):
            if room <= 0:
                break
            if freed := frees(one):
                room, seconds = room - freed, done[one]
        return duration(seconds)


def _pictures(count: int) -> str:
    return tr_n("1 picture", "{count} pictures", count)


def _server(requester: Requester) -> Hashable:
    """Return whose turn it is among servers; in direct messages everybody is a server."""
    return ("person", requester.user_id) if requester.guild_id is None else requester.guild_id
