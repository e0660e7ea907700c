"""How late the event loop is."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.core import loop_lag
from bot.core.loop_lag import LoopLagMonitor
from tests.playground.clients import eventually


@pytest_asyncio.fixture
async def beating(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LoopLagMonitor]:
    """Return a quick pulse that forgets after fifty beats."""
    monkeypatch.setattr(loop_lag, "INTERVAL", 0.002)
    monkeypatch.setattr(loop_lag, "WINDOW", 50)
    beating = LoopLagMonitor()
    task = asyncio.create_task(beating.run())
    await asyncio.sleep(0)  # it waits for its first beat now
    yield beating
    task.cancel()


def test_nothing_is_late_before_the_first_beat() -> None:
    """The figure is there from the start."""
    assert LoopLagMonitor().worst_ms == 0.0


async def test_the_longest_pause_is_remembered(beating: LoopLagMonitor) -> None:
    """In milliseconds, also when the beats after it are in time; and not for ever."""
    time.sleep(0.5)  # noqa: ASYNC251 - what a bug would do
    await eventually(lambda: beating.worst_ms)
    assert beating.worst_ms > 400
    await asyncio.sleep(0)
    assert beating.worst_ms > 400
    await eventually(lambda: beating.worst_ms < 400)


async def test_a_beat_in_time_is_not_late(beating: LoopLagMonitor) -> None:
    """The interval itself does not count, nor is anything ever less than nothing."""
    await eventually(lambda: len(beating._late) > 4)
    assert min(beating._late) >= 0
