"""Long work makes room for what is quick, and goes on from where it was."""

import threading

import pytest

from models.worker import slices
from models.worker.slices import Slices


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a slice be over at once."""
    monkeypatch.setattr(slices, "SLICE", 0.0)


class Steps:
    """Work of three steps, between which it may be interrupted."""

    def __init__(self, of: Slices, log: list[str], name: str) -> None:
        self.of, self.log, self.name = of, log, name
        self.threads: set[int] = set()

    def __call__(self) -> None:
        """Do the steps."""
        for step in range(3):
            self.log.append(f"{self.name}{step}")
            self.threads.add(threading.get_ident())
            self.of.make_room()


def test_two_pieces_of_work_take_turns_on_threads_of_their_own() -> None:
    """Each goes on where it was; a thread is used again once its work is done."""
    log: list[str] = []
    of = Slices(lambda: True)
    one, other = Steps(of, log, "a"), Steps(of, log, "b")
    first, second = of.of(one), of.of(other)
    while not (first.done and second.done):
        for piece in (first, second):
            if not piece.done:
                piece.run()
    assert log == ["a0", "b0", "a1", "b1", "a2", "b2"]
    assert len(one.threads) == len(other.threads) == 1
    assert one.threads != other.threads
    third = Steps(of, log, "c")
    of.of(third).run()
    assert third.threads <= one.threads | other.threads


def test_work_goes_on_where_nothing_else_is_wanted_or_its_slice_is_not_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is done in one go."""
    log: list[str] = []
    calm = Slices(lambda: False)
    piece = calm.of(Steps(calm, log, "a"))
    piece.run()
    assert piece.done
    monkeypatch.setattr(slices, "SLICE", 60.0)
    busy = Slices(lambda: True)
    piece = busy.of(Steps(busy, log, "b"))
    piece.run()
    assert piece.done
    assert log == ["a0", "a1", "a2", "b0", "b1", "b2"]


def test_what_is_stopped_ends_where_it_made_room() -> None:
    """Although it takes every error for its own; its thread takes other work."""
    log: list[str] = []
    of = Slices(lambda: True)

    def stubborn() -> None:
        try:
            Steps(of, log, "a")()
        except Exception:  # noqa: BLE001 - as the tasks do
            log.append("went on")

    piece = of.of(stubborn)
    piece.run()
    piece.stopped = True
    piece.run()
    assert piece.done
    assert log == ["a0"]
    other = of.of(lambda: log.append("other"))
    other.run()
    assert other.done
    assert log == ["a0", "other"]


def test_what_the_work_raises_is_raised_where_it_is_run() -> None:
    """The thread goes on with other work."""
    of = Slices(lambda: True)
    piece = of.of(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        piece.run()
    assert piece.done
    again = of.of(lambda: None)
    again.run()
    assert again.done


def test_elsewhere_nothing_makes_room() -> None:
    """A thread that is not of the slices is never held up."""
    Slices(lambda: True).make_room()
