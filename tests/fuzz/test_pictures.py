"""Fifteen hundred damaged pictures; `python -m tests.fuzz.pictures` sends 20,000 through."""

from tests.fuzz.mutations import mutants, originals
from tests.fuzz.pictures import Victim, run

COUNT = 1500


def test_damaged_pictures_are_pictures_or_refused() -> None:
    """No other exception, no crash, no hang, no more memory than the limit; both ends happen."""
    *_, tally = run(COUNT, seed=2026)
    assert tally.wrong == []
    assert tally.outcomes.total() == tally.films.total() == COUNT
    assert COUNT / 10 < tally.outcomes["picture"] < COUNT * 9 / 10


def test_whole_pictures_come_through() -> None:
    """What is damaged was sound: each original is a picture, also in the limited process."""
    victim = Victim()
    told = {name: victim.look(data) for name, data in originals()}
    victim.close()
    bad = {
        name: one
        for name, one in told.items()
        if isinstance(one, str) or {one["decode"], one["film"]} != {"picture"}
    }
    assert bad == {}


def test_a_process_that_dies_is_told() -> None:
    """The harness tells a crash from an answer, and goes on with a new process."""
    victim = Victim()
    _, data = originals()[0]
    assert isinstance(victim.look(data), dict)
    assert victim._process is not None
    victim._process.kill()
    assert "ended with -9" in str(victim.look(data))
    assert isinstance(victim.look(data), dict)
    victim.close()


def test_any_picture_can_be_made_again() -> None:
    """A number and a seed are all that it takes."""
    everything = list(mutants(40, seed=3))
    assert list(mutants(10, seed=3, start=30)) == everything[30:]
