"""Whose turn it is: servers take turns, and people within each server, weighted by cost.

Owns the order alone: first come first served within one person's things, start-time fair queueing
between people and between servers. Someone who took something dear comes later by as much; someone
who was away gathers no credit. It knows neither limits nor jobs.
"""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


@dataclass
class _PersonQueue(Generic[T]):
    """One person's things, oldest first. `turn` is the virtual time at which the next is due."""

    turn: float
    things: deque[T] = field(default_factory=deque)


@dataclass
class _ServerQueue(Generic[T]):
    """The people of one server, and its own turn among the servers.

    `now` is its people's virtual time; a person whose line is empty is kept while `turn` is later.
    """

    turn: float
    now: float = 0.0
    people: dict[int, _PersonQueue[T]] = field(default_factory=dict)


class Turns(Generic[T]):
    """Things that wait for their turn; `cost` says what one takes, in any one unit."""

    def __init__(self, cost: Callable[[T], float]) -> None:
        self._cost = cost
        self._servers: dict[Hashable, _ServerQueue[T]] = {}
        self._now = 0.0
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, server: Hashable, person: int, thing: T) -> None:
        """Put `thing` at the end of the line of `person` in `server`."""
        place = self._servers.setdefault(server, _ServerQueue(self._now))
        if not _waits(place):
            place.turn = max(place.turn, self._now)
        line = place.people.setdefault(person, _PersonQueue(place.now))
        if not line.things:
            line.turn = max(line.turn, place.now)
        line.things.append(thing)
        self._count += 1

    def take(self, fits: Callable[[T], bool]) -> T | None:
        """Take the thing whose turn it is among the oldest of each person for which `fits`."""
        ready = {
            key: people
            for key, place in self._servers.items()
            if (people := [p for p, line in place.people.items() if _fits(line, fits)])
        }
        if not ready:
            return None
        key = min(ready, key=lambda one: self._servers[one].turn)
        place = self._servers.pop(key)
        person = min(ready[key], key=lambda one: place.people[one].turn)
        line = place.people.pop(person)
        thing = line.things.popleft()
        cost = self._cost(thing)
        self._count -= 1
        # Behind those who are due at the same time.
        self._servers[key] = place
        place.people[person] = line
        line.turn += cost
        place.turn += cost
        self._tidy()
        return thing

    def remove(self, server: Hashable, person: int, thing: T) -> bool:
        """Take `thing` out of its line, and say whether it was there."""
        place = self._servers.get(server)
        line = place.people.get(person) if place else None
        if line is None or thing not in line.things:
            return False
        line.things.remove(thing)
        self._count -= 1
        self._tidy()
        return True

    def order(self) -> list[T]:
        """Return everything that waits in the order of its turn, if nothing else comes."""
        due: list[tuple[float, T]] = []
        for place in self._servers.values():
            turn = place.turn
            for thing in _in_turn(place, self._cost):
                due.append((turn, thing))
                turn += self._cost(thing)
        return [thing for _, thing in sorted(due, key=lambda one: one[0])]

    def _tidy(self) -> None:
        """Let time pass up to the earliest turn, and forget those with nothing to make up for."""
        if not self._count:
            self._servers.clear()
            self._now = 0.0
            return
        self._now = max(self._now, min(s.turn for s in self._servers.values() if _waits(s)))
        for key, place in list(self._servers.items()):
            if turns := [line.turn for line in place.people.values() if line.things]:
                place.now = max(place.now, min(turns))
            for person, line in list(place.people.items()):
                if not line.things and line.turn <= place.now:
                    del place.people[person]
            if not _waits(place) and place.turn <= self._now:
                del self._servers[key]


def _waits(place: _ServerQueue[T]) -> bool:
    return any(line.things for line in place.people.values())


def _fits(line: _PersonQueue[T], fits: Callable[[T], bool]) -> bool:
    return bool(line.things) and fits(line.things[0])


def _in_turn(place: _ServerQueue[T], cost: Callable[[T], float]) -> list[T]:
    due: list[tuple[float, T]] = []
    for line in place.people.values():
        turn = line.turn
        for thing in line.things:
            due.append((turn, thing))
            turn += cost(thing)
    return [thing for _, thing in sorted(due, key=lambda one: one[0])]
