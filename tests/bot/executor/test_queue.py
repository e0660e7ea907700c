"""The fair queue: order, batches, limits and what counts against them."""

import re
from collections import Counter
from collections.abc import Hashable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import Overloaded
from bot.core.settings import Settings
from bot.executor.queue import FairQueue, Limits, Requester, Ticket
from models.jobs.requests import Classify, Job

WIDE = Limits(all=10_000, bytes=10_000_000, per_server=10_000, per_person=10_000)


def kind(job: Job) -> Hashable:
    """Tell jobs apart by the model's name."""
    return job.model


def queue(**limits: int) -> FairQueue[Ticket]:
    """Return a queue as wide as the tests need, but for `limits`."""
    return FairQueue(replace(WIDE, **limits), kind, lambda _: 0.1)  # type: ignore[arg-type]  # none of them is the callable


def ticket(person: int, name: str = "", *, model: str = "m", server: int | None = None) -> Ticket:
    """Return a ticket whose picture's bytes are `name`."""
    return Ticket(Classify(picture=name.encode(), model=model), Requester(person, server))


def names(batch: list[Ticket]) -> list[str]:
    """Return the pictures of `batch`."""
    return [ticket.job.picture.decode() for ticket in batch]


def test_people_take_turns_and_each_is_served_in_order() -> None:
    """Ann's four pictures and Ben's two alternate; nobody's own order changes."""
    line = queue()
    for name in ("a1", "a2", "a3", "a4"):
        line.admit(ticket(1, name))
    for name in ("b1", "b2"):
        line.admit(ticket(2, name))
    assert names(line.take(3)) == ["a1", "b1", "a2"]
    assert names(line.take(3)) == ["b2", "a3", "a4"]
    assert line.take(3) == []


def test_a_batch_is_of_one_kind_and_the_first_in_turn_decides_it() -> None:
    """Somebody who wants another model keeps the place at the front and decides the next batch."""
    line = queue()
    line.admit(ticket(1, "a1", model="resnet"))
    line.admit(ticket(2, "b1", model="vit"))
    line.admit(ticket(1, "a2", model="resnet"))
    line.admit(ticket(3, "c1", model="resnet"))
    assert names(line.take(8)) == ["a1", "c1", "a2"]
    assert names(line.take(8)) == ["b1"]


def test_nobodys_later_picture_overtakes_the_earlier_one() -> None:
    """A person's second job waits behind the first, even if it would fit the batch."""
    line = queue()
    line.admit(ticket(1, "a1", model="resnet"))
    line.admit(ticket(2, "b1", model="vit"))
    line.admit(ticket(2, "b2", model="resnet"))
    assert names(line.take(8)) == ["a1"]
    assert names(line.take(8)) == ["b1"]
    assert names(line.take(8)) == ["b2"]


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (
            {"per_person": 2},
            r"You already have 2 pictures in the queue.* person.* in about 1 s, once one is done",
        ),
        (
            {"per_server": 2},
            r"This server already has 2 pictures in the queue.* again in about 1 s",
        ),
        ({"all": 2}, r"My queue is full \(2 pictures\)"),
        ({"all": 2, "per_person": 2}, r"You already have 2 pictures"),
    ],
)
def test_a_reached_limit_is_named_with_its_number(limits: dict[str, int], sentence: str) -> None:
    """The third picture is refused, the refusal changes nothing, and a release makes room."""
    line = queue(**limits)
    line.admit(ticket(1, server=7))
    line.admit(ticket(1, server=7))
    for _ in range(2):
        with pytest.raises(Overloaded, match=sentence):
            line.admit(ticket(1, server=7))
    taken = line.take(1)
    with pytest.raises(Overloaded):
        line.admit(ticket(1, server=7))
    line.release(taken[0])
    line.release(taken[0])
    line.admit(ticket(1, server=7))
    with pytest.raises(Overloaded):
        line.admit(ticket(1, server=7))


def test_a_refusal_says_when_there_is_room() -> None:
    """When the first of one's own is done, or as many as make room for the file."""
    line: FairQueue[Ticket] = FairQueue(replace(WIDE, per_person=2, bytes=10), kind, lambda _: 30.0)
    line.admit(ticket(1, "x" * 5))
    line.take(1)
    line.admit(ticket(2, "y" * 2))
    line.admit(ticket(2, "y" * 2))
    for late, wait in ((ticket(2), "about 60 s"), (ticket(3, "z" * 6), "about 30 s")):
        with pytest.raises(Overloaded, match=wait):
            line.admit(late)
    with pytest.raises(Overloaded, match="about 60 s"):
        line.admit(ticket(3, "z" * 8))


def test_bytes_are_limited_and_the_sentence_has_them_in_mib() -> None:
    """What would go over the limit is refused, what just fits is not."""
    line = queue(bytes=3 * 2**19)
    line.admit(ticket(1, "x" * 2**20))
    with pytest.raises(Overloaded, match=re.escape("1.5 MiB of pictures")):
        line.admit(ticket(2, "x" * (2**19 + 1)))
    line.admit(ticket(2, "x" * 2**19))


def test_a_ticket_that_leaves_gives_its_bytes_back() -> None:
    """Pictures that fill the queue together may come again and again, answered or withdrawn."""
    line = queue(bytes=10)
    for _ in range(10):
        first, second = ticket(1, "x" * 5), ticket(2, "y" * 5)
        line.admit(first)
        line.admit(second)
        with pytest.raises(Overloaded):
            line.admit(ticket(3, "z"))
        assert line.withdraw(first)
        assert line.take(8) == [second]
        line.release(second)


def test_a_refusal_has_the_name_of_its_limit() -> None:
    """Figures tell the limits apart by it."""
    for name, limits in {
        "person": {"per_person": 1},
        "server": {"per_server": 1},
        "all": {"all": 1},
        "bytes": {"bytes": 0},
    }.items():
        line = queue(**limits)
        if name != "bytes":
            line.admit(ticket(1, server=7))
        with pytest.raises(Overloaded) as caught:
            line.admit(ticket(1, "x", server=7))
        assert caught.value.limit == name


def test_a_server_may_allow_its_people_less_and_never_more() -> None:
    """What it set holds there alone, up to what the operator allows."""
    limits = replace(WIDE, per_person=3, set_by={7: 1, 8: 99}.get)
    assert [limits.person(server) for server in (7, 8, 9, None)] == [1, 3, 3, 3]
    line: FairQueue[Ticket] = FairQueue(limits, kind, lambda _: 0.1)
    line.admit(ticket(1, server=7))
    with pytest.raises(Overloaded, match="You already have 1 picture in the queue"):
        line.admit(ticket(1, server=7))
    line.admit(ticket(1, server=8))


def test_the_limits_are_the_operators() -> None:
    """Each setting is the limit of its name, and a MiB is 2**20 bytes."""
    settings = Settings(
        _env_file=None, max_queue=5, max_queue_mib=3, max_per_server=4, max_per_person=2
    )
    limits = Limits.of(settings, {7: 1}.get)
    assert (limits.all, limits.per_server, limits.per_person) == (5, 4, 2)
    assert limits.bytes == 3 * 2**20
    assert (limits.person(7), limits.person(None)) == (1, 2)
    assert Limits.of(settings).person(7) == 2


def cost(job: Job) -> float:
    """Take the seconds that the picture's bytes say."""
    return float(job.picture)


def test_a_batch_that_costs_enough_takes_no_more() -> None:
    """Anyone who is next would wait for all of it; something dear goes alone."""
    line: FairQueue[Ticket] = FairQueue(WIDE, kind, cost)
    for seconds in ("9", "0.75", "0.75", "0.5", "0.25"):
        line.admit(ticket(1, seconds))
    assert [names(line.take(8)) for _ in range(3)] == [["9"], ["0.75", "0.75", "0.5"], ["0.25"]]


def test_who_asks_for_something_dear_comes_later() -> None:
    """Turns are weighed by what the jobs cost."""
    line: FairQueue[Ticket] = FairQueue(WIDE, kind, cost)
    for person, seconds in ((1, "3"), (1, "3.5"), (2, "1"), (2, "1.5"), (2, "2")):
        line.admit(ticket(person, seconds))
    assert [names(line.take(1)) for _ in range(5)] == [["3"], ["1"], ["1.5"], ["2"], ["3.5"]]


def test_places_are_told_again_after_every_change() -> None:
    """From 1, with the seconds until it is done; who has left the line has no place."""
    line: FairQueue[Ticket] = FairQueue(WIDE, kind, cost)
    first, second, third = (ticket(1, seconds) for seconds in ("3", "1", "2"))

    def places() -> list[tuple[int, float] | None]:
        told = line.places()
        return [told.get(one) for one in (first, second, third)]

    line.admit(first)
    assert places() == [(1, 3), None, None]
    line.admit(second)
    line.admit(third)
    assert places() == [(1, 3), (2, 4), (3, 6)]
    line.take(1)
    assert places() == [None, (1, 1), (2, 3)]
    line.withdraw(second)
    assert places() == [None, None, (1, 2)]


def test_in_private_everybody_is_a_server_of_their_own() -> None:
    """Beside a crowd in a server, and whatever the numbers are, each who writes gets a turn."""
    line = queue()
    for person in (1, 2, 3):
        line.admit(ticket(person, f"s{person}", server=7))
    line.admit(ticket(7, "p7"))
    line.admit(ticket(8, "p8"))
    assert names(line.take(8)) == ["s1", "p7", "p8", "s2", "s3"]


def test_direct_messages_have_no_server_and_no_servers_limit() -> None:
    """The limit per server is not shared by all who write in private."""
    line = queue(per_server=1)
    line.admit(ticket(1))
    line.admit(ticket(2))
    line.admit(ticket(3, server=7))
    line.admit(ticket(3, server=8))
    with pytest.raises(Overloaded, match="This server already has 1 picture in the queue"):
        line.admit(ticket(3, server=8))


def test_a_withdrawn_ticket_is_gone_and_counts_no_more() -> None:
    """Only a waiting ticket can be withdrawn, and it makes room at once."""
    line = queue(per_person=2)
    first, second = ticket(1, "a1"), ticket(1, "a2")
    line.admit(first)
    line.admit(second)
    assert line.withdraw(first)
    assert not line.withdraw(first)
    line.admit(ticket(1, "a3"))
    assert names(line.take(8)) == ["a2", "a3"]
    assert not line.withdraw(second)
    assert len(line.held) == 2


people = st.integers(1, 6)
models = st.sampled_from(["resnet", "vit", "swin"])
steps = st.one_of(
    st.tuples(st.just("admit"), people, models),
    st.tuples(st.just("take"), st.integers(1, 8)),
    st.tuples(st.just("withdraw"), st.integers(0, 30)),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=60))
def test_no_job_is_lost_or_given_twice_whatever_happens(
    deeds: list[tuple[str, int] | tuple[str, int, str]],
) -> None:
    """Each ticket leaves once, taken or withdrawn; batches are of one kind; order holds."""
    line = queue()
    admitted: list[Ticket] = []
    left: list[Ticket] = []
    order: dict[int, list[Ticket]] = {}
    for deed in deeds:
        match deed:
            case ("admit", person, str(model)):
                admitted.append(ticket(person, str(len(admitted)), model=model))
                line.admit(admitted[-1])
                order.setdefault(person, []).append(admitted[-1])
            case ("take", most):
                batch = line.take(most)
                assert len(batch) <= most
                assert len({kind(t.job) for t in batch}) <= 1
                assert bool(batch) == (len(admitted) > len(left))
                for each in batch:
                    assert order[each.requester.user_id].pop(0) is each
                    line.release(each)
                left += batch
            case ("withdraw", place) if place < len(admitted):
                gone = admitted[place]
                assert line.withdraw(gone) == (gone not in left)
                if gone not in left:
                    left.append(gone)
                    order[gone.requester.user_id].remove(gone)
        assert len(line) == len(line.held) == len(admitted) - len(left)
    while batch := line.take(8):
        left += batch
    assert Counter(map(id, left)) == Counter(map(id, admitted))


@settings(deadline=None)
@given(
    crowd=st.dictionaries(st.integers(2, 8), st.integers(1, 40), max_size=7),
    most=st.integers(1, 8),
    before=st.integers(0, 5),
)
def test_a_single_job_waits_for_no_more_than_one_turn_of_everybody(
    crowd: dict[int, int], most: int, before: int
) -> None:
    """Beside a crowd with many jobs, one job leaves once each of the others has given one."""
    line = queue()
    for person, count in crowd.items():
        for _ in range(count):
            line.admit(ticket(person))
    for _ in range(before):
        line.take(most)
    single = ticket(1)
    line.admit(single)
    batches = 1
    while single not in line.take(most):
        batches += 1
    assert batches <= -(-(len(crowd) + 1) // most)


@settings(deadline=None)
@given(st.lists(st.tuples(people, models), min_size=1, max_size=40), st.integers(1, 8))
def test_nobody_starves_whatever_models_others_want(jobs: list[tuple[int, str]], most: int) -> None:
    """Everybody has given at least one job once there were as many batches as people."""
    line = queue()
    for person, model in jobs:
        line.admit(ticket(person, model=model))
    everybody = {person for person, _ in jobs}
    served: set[int] = set()
    for _ in everybody:
        served |= {each.requester.user_id for each in line.take(most)}
    assert served == everybody
