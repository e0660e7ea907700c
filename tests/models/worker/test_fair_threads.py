"""Threads that take turns among people."""

import threading
import time
from functools import partial

import pytest

from models.worker.fair_threads import FairThreads

ANN, BEN, EVE = 1, 2, 3


def nothing() -> None:
    """Begin with nothing."""


def test_one_person_has_half_of_the_threads_while_others_wait() -> None:
    """Anyone who came first; without others one may have all."""
    go_on, began, all_of_hers = threading.Semaphore(0), list[int](), threading.Event()

    def long() -> None:
        began.append(ANN)
        if len(began) == 2:
            all_of_hers.set()
        go_on.acquire()

    threads = FairThreads(2, "test", nothing)
    for _ in range(6):
        threads.submit(ANN, long)
    assert all_of_hers.wait(30)
    done = threading.Event()
    threads.submit(BEN, lambda: began.append(BEN))
    threads.submit(EVE, lambda: began.append(EVE))
    threads.submit(BEN, done.set)
    go_on.release()  # one of her two ends; the thread is for the others, one after the other
    assert done.wait(30)
    assert began[:4] == [ANN, ANN, BEN, EVE]
    for _ in range(6):
        go_on.release()
    threads.close()
    assert began.count(ANN) == 6


def test_each_persons_work_is_done_in_its_order() -> None:
    """With one thread, people take turns."""
    order: list[str] = []
    hold = threading.Event()
    threads = FairThreads(1, "test", nothing)
    threads.submit(None, lambda: hold.wait(30))
    for number in range(3):
        threads.submit(ANN, partial(order.append, f"ann {number}"))
    for number in range(2):
        threads.submit(BEN, partial(order.append, f"ben {number}"))
    hold.set()
    threads.close()
    assert order == ["ann 0", "ben 0", "ann 1", "ben 1", "ann 2"]


def test_a_failure_is_logged_and_the_thread_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    """It began once, before any work."""
    done: list[str] = []
    threads = FairThreads(1, "test", lambda: done.append("begun"))
    threads.submit(ANN, lambda: 1 // 0)
    threads.submit(ANN, lambda: done.append("next"))
    threads.close()
    assert done == ["begun", "next"]
    assert "ZeroDivisionError" in caplog.text


def test_close_waits_for_what_was_submitted() -> None:
    """And leaves no thread behind."""
    done: list[int] = []

    def slow() -> None:
        time.sleep(0.05)
        done.append(1)

    before = threading.active_count()
    threads = FairThreads(3, "test", nothing)
    for person in range(6):
        threads.submit(person, slow)
    threads.close()
    assert len(done) == 6
    assert threading.active_count() == before
