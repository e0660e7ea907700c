"""One worker after the other, with real child processes: delays, refusals, what they leave."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from msgspec import structs

from bot.core.errors import Closing, WorkerUnavailable
from bot.executor.engines.base import BatchLost
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.process import RetryPolicy
from models.jobs.requests import Classify
from tests.bot.executor.answers import READY
from tests.bot.executor.engines.test_local import (
    Diary,
    alive,
    ignore,
    jobs,
    running,
    said,
    tiny,
    until,
)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    """Return the diary of this test's workers."""
    return Diary(tmp_path / "diary")


async def lose(engine: LocalEngine) -> None:
    """Have the worker die over a batch."""
    with pytest.raises(BatchLost):
        await engine.run(jobs("x", model="die"), ignore)


async def test_the_delay_grows_with_each_death_and_an_answer_ends_that(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """Two deaths in a row double it; after an answer the next death counts as the first."""
    async with running(tiny(diary)) as engine:
        await lose(engine)
        await lose(engine)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
        await lose(engine)
        await engine.ready()
    assert re.findall(r"Another starts in (\S+) s", caplog.text) == ["0.05", "0.1", "0.05"]


async def test_a_refusal_after_a_good_run_is_an_accident(diary: Diary) -> None:
    """A worker was ready before, so no setting is wrong: the next one is started."""
    async with running(tiny(diary, "refuse_second")) as engine:
        await lose(engine)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
        assert engine.status.restarts == 2


async def test_nothing_that_a_worker_started_outlives_it(diary: Diary) -> None:
    """Neither when it died nor when it ended in order."""
    children = []
    async with running(tiny(diary)) as engine:
        for _ in range(2):
            (child,) = said(await engine.run(jobs("x", model="beget"), ignore))
            assert alive(int(child))
            children.append(int(child))
            if len(children) == 1:
                await lose(engine)
                await engine.ready()
                await until(lambda: not alive(children[0]))
    assert diary.lines()[-1] == "end"
    await until(lambda: not alive(children[1]))


async def test_who_gets_on_is_not_hung(diary: Diary) -> None:
    """Each answer is progress, however long the whole batch takes."""
    async with running(tiny(diary), hang_after=1.0) as engine:
        batch = jobs(*"abcde", model="slow")
        assert said(await engine.run(batch, ignore)) == [*"abcde"]
        assert engine.status.restarts == 0


async def test_a_worker_that_heeds_a_signal_is_not_killed(diary: Diary) -> None:
    """It may end in order, though it did not see that its input ended."""
    async with running(tiny(diary)) as engine:
        waiting = asyncio.create_task(engine.run(jobs("x", model="doze"), ignore))
        await until(lambda: bool(diary.lines("run")))
    with pytest.raises(Closing):
        await waiting
    assert diary.lines()[-1] == "terminated"


async def test_a_worker_that_closes_its_output_is_replaced(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing more can come of it, though it lives."""
    async with running(tiny(diary)) as engine:
        with pytest.raises(BatchLost):
            await engine.run(jobs("x", model="mute"), ignore)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
    assert not alive(diary.pids[0])
    assert "Another starts" in caplog.text


async def test_leaving_while_a_picture_is_written_costs_the_worker(diary: Diary) -> None:
    """Half a frame can't be mended; the next one is answered by a new worker."""
    async with running(tiny(diary)) as engine:
        await engine.ready()
        os.kill(diary.pids[0], signal.SIGSTOP)
        writing = asyncio.create_task(engine.run([Classify(picture=bytes(2**24))], ignore))
        await asyncio.sleep(0.05)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        await until(lambda: engine.status.restarts == 1)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]


async def test_a_batch_that_a_relay_lost_is_lost_alone(diary: Diary) -> None:
    """Its worker goes on, and the person who asked learns whether the batch had begun."""
    async with running(tiny(diary)) as engine:
        runs = [
            engine.run(jobs("x", model=model), ignore) for model in ("lose", "lose early", "slow")
        ]
        begun, waiting, fine = await asyncio.gather(*runs, return_exceptions=True)
        assert isinstance(begun, BatchLost)
        assert isinstance(waiting, BatchLost)
        assert (begun.started, waiting.started) == (True, False)
        assert not isinstance(fine, BaseException)
        assert said(fine) == ["x"]
        assert engine.status.restarts == 0


async def test_a_worker_that_looks_again_tells_it(diary: Diary) -> None:
    """What it is now, once it is ready; before that the first telling is new enough."""
    async with running(tiny(diary)) as engine:
        await engine.recount()
        assert engine.status.state == "starting"
        assert (await engine.ready()).device == "cpu"
        await engine.recount()
        await until(lambda: engine.status.ready == structs.replace(READY, device="recounted"))


async def test_a_fault_of_ours_is_told_and_the_next_worker_started(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback, and no process is left."""

    def broken() -> None:
        raise ZeroDivisionError

    async with running(tiny(diary)) as engine:
        with pytest.raises(BatchLost):
            await engine.run(jobs("x"), broken)
        await until(lambda: engine.status.state == "unavailable")
        assert engine.status.reason == "Bobby failed to supervise its worker."
        assert not alive(diary.pids[0])
        await until(lambda: engine.status.state == "ready")
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
    assert "ZeroDivisionError" in caplog.text


async def test_what_runs_already_is_answered_though_forgotten(diary: Diary) -> None:
    """The worker is busy with it, so its place in flight is not free before."""
    async with running(tiny(diary)) as engine:
        (job,) = jobs("x", model="slow")
        run = asyncio.create_task(engine.run([job], ignore))
        await until(lambda: bool(diary.lines("run")))
        engine.forget(job)
        assert said(await run) == ["x"]


async def test_only_the_very_job_is_forgotten(diary: Diary) -> None:
    """Somebody else may have asked about the same picture."""
    same = [Classify(picture=b"x" * 2**23) for _ in range(2)]
    async with running(tiny(diary)) as engine:
        await engine.ready()
        os.kill(diary.pids[0], signal.SIGSTOP)
        run = asyncio.create_task(engine.run(same, ignore))
        await asyncio.sleep(0.05)
        engine.forget(same[1])
        os.kill(diary.pids[0], signal.SIGCONT)
        mine, other = await run
        assert said([mine]) == ["x" * 100]
        assert other is None


async def test_closing_waits_for_nobody_who_left_the_worker(diary: Diary) -> None:
    """A process that made itself a stranger may keep the worker's pipes open."""
    async with running(tiny(diary)) as engine:
        (pid,) = said(await engine.run(jobs("x", model="abandon"), ignore))
    try:
        assert alive(int(pid)), "it was not waited for"
    finally:
        os.kill(int(pid), signal.SIGKILL)
        await until(lambda: not alive(int(pid)))
        await asyncio.sleep(0.05)  # asyncio closes the pipes that ended with it


async def test_death_while_a_picture_is_written_loses_its_batch(diary: Diary) -> None:
    """By name, as any death does."""
    async with running(tiny(diary)) as engine:
        await engine.ready()
        os.kill(diary.pids[0], signal.SIGSTOP)
        writing = asyncio.create_task(engine.run([Classify(picture=bytes(2**24))], ignore))
        await asyncio.sleep(0.05)
        os.kill(diary.pids[0], signal.SIGKILL)
        with pytest.raises(BatchLost) as caught:
            await writing
        assert not caught.value.started
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]


async def test_each_end_has_its_own_reason(diary: Diary, caplog: pytest.LogCaptureFixture) -> None:
    """What the worker before it was killed for is no reason for this one."""
    async with running(tiny(diary)) as engine:
        with pytest.raises(BatchLost):
            await engine.run(jobs("x", model="babble"), ignore)
        await lose(engine)
        await engine.ready()
    ends = re.findall(r"(The worker .*) Another starts", caplog.text)
    assert ends == [
        "The worker sent something that is no message and was killed.",
        "The worker was killed by SIGKILL.",
    ]


async def test_a_worker_without_memory_says_what_to_set(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """The signal alone says nothing to people."""
    async with running(tiny(diary, "starve")) as engine:
        with pytest.raises(WorkerUnavailable):
            await engine.ready()
    assert "killed by SIGABRT. It ran out of memory: raise the limit" in caplog.text


async def test_a_worker_has_the_time_to_end_that_it_was_granted(diary: Diary) -> None:
    """A cluster, say, takes seconds; no signal comes before they are over."""
    patience = RetryPolicy(end_of_input=10)
    engine = LocalEngine(tiny(diary, "end_late"), hang_after=10, patience=patience)
    async with engine:
        await engine.ready()
        assert engine.worker_pid == diary.pids[0]
    assert diary.lines()[-1] == "end"
    assert engine.worker_pid is None
