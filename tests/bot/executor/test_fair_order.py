"""Whose turn it is: by cost, between servers and between people; and the order that is told."""

from hypothesis import given
from hypothesis import strategies as st

from bot.executor.fair_order import Turns


def anything(_: str) -> bool:
    """Fit everything."""
    return True


def turns(**costs: float) -> Turns[str]:
    """Return turns of things that cost what the first letter of their name does, else 1."""
    return Turns(lambda thing: costs.get(thing[0], 1.0))


def served(line: Turns[str], count: int) -> list[str]:
    """Take `count` things."""
    return [thing for _ in range(count) if (thing := line.take(anything)) is not None]


def test_who_asks_for_something_dear_comes_later_by_as_much() -> None:
    """After one zebra, four classifications of another person go before the next zebra."""
    line = turns(z=4.0)
    for number in range(3):
        line.add("server", 1, f"z{number}")
    for number in range(8):
        line.add("server", 2, f"c{number}")
    assert served(line, 11) == ["z0", "c0", "c1", "c2", "c3", "z1", "c4", "c5", "c6", "c7", "z2"]


def test_servers_take_turns_however_many_people_they_have() -> None:
    """A person alone in a server gets half beside twenty of another server."""
    line = turns()
    for person in range(20):
        line.add("crowd", person, f"c{person}")
    for number in range(3):
        line.add("quiet", 99, f"q{number}")
    assert served(line, 6) == ["c0", "q0", "c1", "q1", "c2", "q2"]


def test_being_away_earns_nothing_and_leaving_forgives_nothing() -> None:
    """Who comes later starts now, and who has just had something dear waits although away."""
    line = turns(z=9.0)
    line.add("server", 1, "z0")
    for number in range(20):
        line.add("server", 2, f"c{number}")
    assert served(line, 4) == ["z0", "c0", "c1", "c2"]
    line.add("server", 1, "z1")
    line.add("server", 3, "d0")
    line.add("server", 3, "d1")
    assert served(line, 4) == ["c3", "d0", "c4", "d1"]
    assert served(line, 5) == ["c5", "c6", "c7", "c8", "z1"]


def test_of_those_due_at_the_same_time_the_last_served_comes_last() -> None:
    """Among people and among servers."""
    for apart in (False, True):
        line = turns(z=3.0)
        for number in range(5):
            line.add("one", 1, f"c{number}")
        for number in range(2):
            line.add("other" if apart else "one", 2, f"z{number}")
        assert served(line, 6) == ["c0", "z0", "c1", "c2", "z1", "c3"]


def test_a_server_that_was_away_is_treated_as_a_person_is() -> None:
    """It starts now if it had nothing, and makes up for what it has just had."""
    line = turns(z=9.0)
    line.add("dear", 1, "z0")
    for number in range(20):
        line.add("cheap", 2, f"c{number}")
    assert served(line, 4) == ["z0", "c0", "c1", "c2"]
    line.add("dear", 1, "z1")
    line.add("late", 3, "d0")
    line.add("late", 3, "d1")
    assert served(line, 9) == ["c3", "d0", "c4", "d1", "c5", "c6", "c7", "c8", "z1"]


def test_who_comes_starts_where_the_earliest_stands() -> None:
    """Beside somebody whose next turn is far away; among people and among servers."""
    for apart in (False, True):
        line = turns(z=9.0)
        for number in range(2):
            line.add("one", 1, f"z{number}")
        for number in range(20):
            line.add("two" if apart else "one", 2, f"c{number}")
        assert served(line, 4) == ["z0", "c0", "c1", "c2"]
        line.add("three" if apart else "one", 3, "d0")
        assert served(line, 2) == ["c3", "d0"]


def test_when_nobody_waits_all_is_forgotten() -> None:
    """Whether the last one was served or left."""
    for leaves in (False, True):
        line = turns(z=9.0)
        line.add("one", 1, "z0")
        if leaves:
            line.add("two", 2, "c0")
        assert served(line, 1) == ["z0"]
        assert line.remove("two", 2, "c0") == leaves
        line.add("one", 1, "z1")
        line.add("two", 2, "c1")
        assert line.order() == ["z1", "c1"]
        assert served(line, 2) == ["z1", "c1"]


def test_the_order_counts_what_everything_costs() -> None:
    """That of people and that of servers."""
    for apart in (False, True):
        line = turns(z=2.5)
        for number in range(3):
            line.add("one", 1, f"z{number}")
        for number in range(6):
            line.add("two" if apart else "one", 2, f"c{number}")
        expected = ["z0", "c0", "c1", "c2", "z1", "c3", "c4", "z2", "c5"]
        assert line.order() == expected
        assert served(line, 9) == expected


asked = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.sampled_from("xyz")), max_size=30
)


@given(asked, st.integers(0, 10))
def test_the_order_that_is_told_is_the_order_that_comes(
    things: list[tuple[str, int, str]], taken: int
) -> None:
    """Whatever was taken before, if nobody comes, the rest leaves as told."""
    line = turns(x=1.0, y=2.0, z=8.0)
    for number, (server, person, kind) in enumerate(things):
        line.add(server, person, f"{kind}{number}")
    served(line, taken)
    told = line.order()
    came = served(line, len(line))
    assert sorted(told) == sorted(came)
    # Where two are due at the very same time, either may be told first.
    assert all(abs(told.index(thing) - place) <= 8 for place, thing in enumerate(came))
