"""Who is next: the bounded, fair queue of jobs.

Owns admission (limits in all, per server and per person) and order (round-robin between people,
first come first served within one person's jobs). Plain synchronous data: it hands batches to the
executor and never waits, never looks at a clock and never answers anyone.
"""

from collections import Counter, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from bot.errors import Overloaded
from bot.settings import Settings
from models.jobs import Job

MIB = 1024 * 1024


@dataclass(frozen=True)
class Asker:
    """Who asked: a person's id and the server's where they did; None in direct messages."""

    person: int
    server: int | None = None


@dataclass(frozen=True)
class Limits:
    """How many pictures may wait or run: `all` of them, `per_server`, `per_person`, and bytes."""

    all: int
    bytes: int
    per_server: int
    per_person: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the limits that the operator set."""
        return cls(
            all=settings.max_queue,
            bytes=settings.max_queue_mib * MIB,
            per_server=settings.max_per_server,
            per_person=settings.max_per_person,
        )


@dataclass(eq=False)
class Ticket:
    """A job's place in the queue; each is its own, whatever its job's content."""

    job: Job
    asker: Asker


T = TypeVar("T", bound=Ticket)


class FairQueue(Generic[T]):
    """Tickets that wait, and the count of those taken until they are released.

    `kind` tells what the jobs of one batch share; it is asked when a batch is taken.
    """

    def __init__(self, limits: Limits, kind: Callable[[Job], Hashable]) -> None:
        self._limits = limits
        self._kind = kind
        self._waiting: dict[int, deque[T]] = {}  # by person; whose turn is next comes first
        self._held: set[T] = set()
        self._bytes = 0
        self._by_server: Counter[int] = Counter()
        self._by_person: Counter[int] = Counter()

    def __len__(self) -> int:
        """Return how many tickets wait to be taken."""
        return sum(map(len, self._waiting.values()))

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
        self._by_person[ticket.asker.person] += 1
        if ticket.asker.server is not None:
            self._by_server[ticket.asker.server] += 1
        self._waiting.setdefault(ticket.asker.person, deque()).append(ticket)

    def take(self, most: int) -> list[T]:
        """Return the next batch, at most `most` tickets of one kind; empty when none waits.

        The oldest ticket of the person whose turn it is decides the kind. Then everyone whose
        oldest ticket is of that kind gives it, one a round, until the batch is full or none is
        left. Who gave goes behind those who did not, so that everybody's turn comes.
        """
        batch: list[T] = []
        kind: Hashable = None
        turns = deque(self._waiting)
        while turns and len(batch) < most:
            person = turns.popleft()
            line = self._waiting[person]
            if batch and self._kind(line[0].job) != kind:
                continue
            kind = self._kind(line[0].job)
            batch.append(line.popleft())
            del self._waiting[person]
            if line:
                self._waiting[person] = line
                turns.append(person)
        return batch

    def withdraw(self, ticket: T) -> bool:
        """Drop `ticket` if it still waits, and say whether it did."""
        line = self._waiting.get(ticket.asker.person)
        if line is None or ticket not in line:
            return False
        line.remove(ticket)
        if not line:
            del self._waiting[ticket.asker.person]
        self.release(ticket)
        return True

    def release(self, ticket: T) -> None:
        """Stop counting a taken `ticket` against the limits; a second time does nothing."""
        if ticket not in self._held:
            return
        self._held.remove(ticket)
        self._bytes -= len(ticket.job.picture)
        for counter, key in (
            (self._by_person, ticket.asker.person),
            (self._by_server, ticket.asker.server),
        ):
            if key is not None:
                counter[key] -= 1
                if not counter[key]:
                    del counter[key]

    def _refuse_over_limit(self, ticket: T) -> None:
        limits, asker = self._limits, ticket.asker
        if self._by_person[asker.person] >= limits.per_person:
            raise Overloaded(
                f"You have {_pictures(limits.per_person)} waiting here already, the most for one"
                " person. Please wait for an answer, then ask again."
            )
        if asker.server is not None and self._by_server[asker.server] >= limits.per_server:
            raise Overloaded(
                f"This server has {_pictures(limits.per_server)} waiting already, the most for"
                " one server. Please try again in a minute."
            )
        if len(self._held) >= limits.all:
            raise Overloaded(
                f"Bobby has {_pictures(limits.all)} waiting already, the most that it takes."
                " Please try again in a minute."
            )
        if self._bytes + len(ticket.job.picture) > limits.bytes:
            raise Overloaded(
                f"The pictures waiting here would come to more than {limits.bytes / MIB:g} MiB,"
                " the most that Bobby takes. Please try again in a minute, or with a smaller file."
            )


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
