"""Word that this process is at work, for those who would take its silence for a hang.

Owns what counts as a sign of life: a network that calls one of its modules, and the loading of one.
Who listens decides what to do with it; a listener is called often and from several threads. At a
module's call, unlike within the loading of one, a network can also be interrupted.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TypeAlias

Listener: TypeAlias = Callable[[], None]

INTERVAL = 1.0
"""Seconds between two signs of life; more in between tell nothing new."""

_listeners: list[Listener] = []
_interrupts: list[Listener] = []
_is_loading: ContextVar[bool] = ContextVar("loading", default=False)


@contextlib.contextmanager
def heard_by(listener: Listener, interrupt: Listener = lambda: None) -> Iterator[None]:
    """Call `listener` at every sign of life, and `interrupt` where a network can wait."""
    _listeners.append(listener)
    _interrupts.append(interrupt)
    try:
        yield
    finally:
        _listeners.remove(listener)
        _interrupts.remove(interrupt)


def sign_of_life(*_: object) -> None:
    """Tell of progress within a network, which can wait here; also as a hook of torch's modules."""
    for listener in _listeners.copy():
        listener()
    if not _is_loading.get():
        for interrupt in _interrupts.copy():
            interrupt()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Give signs of life as long as this lasts: a network is read from disk, which may take long.

    It is no module's call, and nothing within it can be asked how far it is.
    """
    loaded = threading.Event()

    def tell() -> None:
        while not loaded.wait(INTERVAL):
            for listener in _listeners.copy():
                listener()

    thread = threading.Thread(target=tell, name="loading", daemon=True)
    thread.start()
    token = _is_loading.set(True)
    try:
        yield
    finally:
        _is_loading.reset(token)
        loaded.set()
        thread.join()
