"""The local engine with real child processes: deaths, hangs, restarts, closing, environment."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import psutil
import pytest

from bot.core.errors import Closing, WorkerUnavailable
from bot.executor.engines.base import BatchLost, Result
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.process import MOST_BYTES
from bot.executor.engines.supervisor import Restarts, WorkerCommand
from bot.executor.executor import Executor
from bot.executor.factory import worker_environment
from bot.executor.queue import Limits, Requester
from models.jobs.answers import Failure, Labels
from models.jobs.requests import Classify
from tests.bot.executor import tiny_worker

ROOT = Path(__file__).resolve().parents[4]
QUICK = Restarts(first=0.05, longest=0.2, failed_starts=3, start_limit=10)
WIDE = Limits(all=1000, bytes=2**31, per_server=1000, per_person=1000)


class Diary:
    """What the tiny workers of one test wrote down."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self, word: str = "") -> list[str]:
        """Return what follows `word` in the lines that begin with it."""
        text = self.path.read_text() if self.path.exists() else ""
        return [
            line.removeprefix(word).strip() for line in text.splitlines() if line.startswith(word)
        ]

    @property
    def pids(self) -> list[int]:
        """The workers' process ids, in the order of their starts."""
        return [int(pid) for pid in self.lines("start")]


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    """Return the diary of this test's workers."""
    return Diary(tmp_path / "diary")


def tiny(diary: Diary, start: str = "well") -> WorkerCommand:
    """Return a tiny worker that starts as told."""
    environment = worker_environment(os.environ) | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, tiny_worker.__file__, start, str(diary.path)]
    return WorkerCommand(command, environment)


@contextlib.asynccontextmanager
async def running(
    program: WorkerCommand, *, hang_after: float = 10.0, restarts: Restarts = QUICK
) -> AsyncIterator[LocalEngine]:
    """Open a local engine, and see that it closes in time."""
    engine = LocalEngine(program, hang_after=hang_after, restarts=restarts)
    async with engine:
        yield engine
        begun = time.monotonic()
    assert time.monotonic() - begun < 4


def jobs(*names: str, model: str | None = None) -> list[Classify]:
    """Return jobs whose pictures' bytes are `names`."""
    return [Classify(picture=name.encode(), model=model) for name in names]


def said(results: Sequence[Result]) -> list[str]:
    """Return what the workers answered."""
    return [_said(result) for result in results]


def _said(result: Result) -> str:
    match result:
        case Labels(top=top):
            return top[0].label
        case Failure(sentence=sentence):
            return str(sentence)
        case _:
            return ""


def ignore() -> None:
    """Take no note of a batch's start."""


def alive(pid: int) -> bool:
    """Tell whether process `pid` runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    """Let other tasks run until `condition` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


async def test_a_batch_comes_back_in_order_and_its_start_is_told(diary: Diary) -> None:
    """One result a job, a failure in its place, and `on_started` called once."""
    started = []
    async with running(tiny(diary)) as engine:
        batch = [*jobs("a", "b"), *jobs("c", model="fail"), *jobs("d")]
        results = await engine.run(batch, lambda: started.append(1))
        assert said(results) == ["a", "b", "This picture is damaged.", "d"]
        assert isinstance(results[2], Failure)
        assert started == [1]
        assert (engine.status.state, engine.status.restarts) == ("ready", 0)
        assert (await engine.ready()).device == "cpu"


async def test_two_batches_in_flight_are_written_one_after_the_other(diary: Diary) -> None:
    """The second batch is at the worker while the first runs; each gets its own results."""
    async with running(tiny(diary)) as engine:
        first = asyncio.create_task(engine.run(jobs("a", "b", model="slow"), ignore))
        second = asyncio.create_task(engine.run(jobs("c"), ignore))
        assert said(await first) == ["a", "b"]
        assert said(await second) == ["c"]
    assert diary.lines("run") == ["a b", "c"]


async def test_death_in_a_batch_loses_it_and_the_next_worker_answers(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """SIGKILL mid-batch: the running one is lost as started, the waiting one as not started."""
    async with running(tiny(diary)) as engine:
        await engine.ready()
        runs = [engine.run(jobs("x", model="die"), ignore), engine.run(jobs("y"), ignore)]
        lost = await asyncio.gather(*runs, return_exceptions=True)
        assert [type(error) for error in lost] == [BatchLost, BatchLost]
        assert [error.started for error in lost if isinstance(error, BatchLost)] == [True, False]
        assert said(await engine.run(jobs("z"), ignore)) == ["z"]
        assert engine.status.restarts == 1
        assert engine.status.reason is None
    assert "The worker was killed by SIGKILL. Another starts in 0.05 s" in caplog.text


async def test_death_from_outside_while_a_batch_runs(diary: Diary) -> None:
    """A worker killed by somebody else, the kernel say, is the same case."""
    async with running(tiny(diary)) as engine:
        await engine.ready()
        run = asyncio.create_task(engine.run(jobs("x", model="hang"), ignore))
        await until(lambda: bool(diary.lines("run")))
        os.kill(diary.pids[0], signal.SIGKILL)
        with pytest.raises(BatchLost, match="while I was looking at this picture"):
            await run


async def test_through_the_executor_a_batch_that_had_not_begun_is_answered(diary: Diary) -> None:
    """The worker dies as it is told to run the first batch: its caller gets the answer anyway."""
    engine = LocalEngine(tiny(diary, "die_early"), hang_after=10, restarts=QUICK)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=10) as executor:
        answer = await executor.submit(jobs("x")[0], Requester(1))
        assert said([answer]) == ["x"]
        assert executor.snapshot().restarts == 1


async def test_a_worker_that_never_gets_ready_is_given_up_with_the_reason(diary: Diary) -> None:
    """Three failed starts in a row, with growing delays; then every caller is told."""
    begun = time.monotonic()
    async with running(tiny(diary, "leave")) as engine:
        runs = [engine.run(jobs("x"), ignore) for _ in range(2)]
        results = await asyncio.gather(*runs, return_exceptions=True)
        assert [type(result) for result in results] == [WorkerUnavailable] * 2
        assert time.monotonic() - begun > 0.05 + 0.1
        assert len(diary.pids) >= 3
        assert engine.status.state == "unavailable"
        assert engine.status.reason == "The worker ended with exit code 3."
        with pytest.raises(WorkerUnavailable):
            await engine.ready()


async def test_failed_starts_are_forgotten_once_a_worker_is_ready(diary: Diary) -> None:
    """Two failed starts, then a ready worker that dies, then another: no giving up."""
    async with running(tiny(diary, "fail_twice")) as engine:
        for _ in range(2):
            with pytest.raises(BatchLost):
                await engine.run(jobs("x", model="die"), ignore)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
        assert engine.status.restarts == 4


async def test_a_refusal_at_the_first_start_is_told_at_once_with_its_reason(diary: Diary) -> None:
    """A worker that says why it can't start is believed: a setting is wrong."""
    async with running(tiny(diary, "refuse")) as engine:
        with pytest.raises(WorkerUnavailable):
            await engine.ready()
        assert engine.status.reason == "There are no weights here."
        assert engine.status.state == "unavailable"


async def test_after_many_failed_starts_the_next_that_is_ready_answers(diary: Diary) -> None:
    """People are told meanwhile, at once; the worker is tried again for ever."""
    limits = Restarts(first=0.3, longest=0.3, failed_starts=1, start_limit=10)
    async with running(tiny(diary, "fail_twice"), restarts=limits) as engine:
        for _ in range(2):
            with pytest.raises(WorkerUnavailable):
                await engine.run(jobs("x"), ignore)
        await until(lambda: engine.status.state == "ready")
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
    assert len(diary.pids) == 3


async def test_a_program_that_is_not_there_is_given_up_with_the_reason(tmp_path: Path) -> None:
    """The status says what the system said."""
    program = WorkerCommand([str(tmp_path / "nothing")], {})
    async with running(program) as engine:
        with pytest.raises(WorkerUnavailable):
            await engine.ready()
        assert "No such file" in (engine.status.reason or "")


@pytest.mark.parametrize(
    ("start", "reason"), [("hang", "not ready in time"), ("babble", "no mess")]
)
async def test_a_worker_that_starts_wrongly_is_killed(
    diary: Diary, start: str, reason: str
) -> None:
    """Neither silence nor garbage instead of Ready is waited on for ever."""
    limits = Restarts(first=0.01, failed_starts=1, start_limit=1.5)
    async with running(tiny(diary, start), restarts=limits) as engine:
        with pytest.raises(WorkerUnavailable):
            await engine.ready()
        assert reason in (engine.status.reason or "")
        assert not alive(diary.pids[0])


async def test_a_hung_worker_is_killed_and_replaced(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """Without progress for the limit, its batch is lost and the next one is answered."""
    async with running(tiny(diary), hang_after=0.5) as engine:
        await engine.ready()
        begun = time.monotonic()
        with pytest.raises(BatchLost):
            await engine.run(jobs("x", model="hang"), ignore)
        assert 0.4 < time.monotonic() - begun < 3
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
        assert not alive(diary.pids[0])
    assert "The worker made no progress and was killed. Another starts" in caplog.text


async def test_a_worker_that_reads_no_more_is_killed_too(diary: Diary) -> None:
    """A stopped worker can't block the writing of big pictures for ever."""
    async with running(tiny(diary), hang_after=0.5) as engine:
        await engine.ready()
        os.kill(diary.pids[0], signal.SIGSTOP)
        with pytest.raises(BatchLost) as caught:
            await engine.run([Classify(picture=bytes(2**24))] * 2, ignore)
        assert not caught.value.started


async def test_idle_time_is_no_hang(diary: Diary) -> None:
    """A worker without work is left alone, however long."""
    async with running(tiny(diary), hang_after=0.2) as engine:
        assert said(await engine.run(jobs("x"), ignore)) == ["x"]
        await asyncio.sleep(0.6)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
        assert engine.status.restarts == 0


async def test_a_hang_through_the_executor(diary: Diary) -> None:
    """The caller is told at the deadline; the next one is answered by the next worker."""
    engine = LocalEngine(tiny(diary), hang_after=0.8, restarts=QUICK)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=3) as executor:
        await executor.ready()
        hung = asyncio.create_task(executor.submit(jobs("x", model="hang")[0], Requester(1)))
        await until(lambda: executor.snapshot().running == 1)
        answer = await executor.submit(jobs("y")[0], Requester(2))
        assert said([answer]) == ["y"]
        results = await asyncio.gather(hung, return_exceptions=True)
        assert "Please try again" in str(results[0])
        assert executor.snapshot().restarts == 1


async def test_silence_is_a_hang_sooner_than_work(diary: Diary) -> None:
    """One that says it is at work has longer than one that says nothing, but not for ever."""
    async with LocalEngine(tiny(diary), restarts=QUICK, hang_after=2.0, silence=0.4) as engine:
        await engine.ready()
        assert said(await engine.run(jobs("x", model="labor"), ignore)) == ["x"]
        begun = time.monotonic()
        with pytest.raises(BatchLost):
            await engine.run(jobs("y", model="hang"), ignore)
        assert time.monotonic() - begun < 1.5
        await engine.ready()
        begun = time.monotonic()
        with pytest.raises(BatchLost):
            await engine.run(jobs("z", model="toil"), ignore)
        assert time.monotonic() - begun > 1.9


async def test_those_behind_a_hung_job_are_answered_by_the_next_workers(diary: Diary) -> None:
    """Of one batch, two jobs hang; who came before and behind is answered, and nobody twice."""
    engine = LocalEngine(tiny(diary, "tell"), hang_after=20, silence=0.4, restarts=QUICK)
    async with Executor(engine, limits=WIDE, batch_size=8, timeout=15) as executor:
        await executor.ready()
        names = ("before", "hang", "between", "hang", "behind", "last")
        asked = [executor.submit(job, Requester(1)) for job in jobs(*names, model="each")]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [
            BatchLost
        ] * 2
        heard = [_said(answer) for answer in answers if isinstance(answer, Labels)]
        assert heard == ["before", "between", "behind", "last"]
        assert executor.snapshot().restarts == 2
        assert executor.snapshot().running == executor.snapshot().waiting == 0
    ran = " ".join(diary.lines("run")).split()
    assert ran.count("before") == 1


async def test_others_bad_files_take_nobody_along(diary: Diary) -> None:
    """Of the batch in front, three die one after the other; who waits behind it is answered."""
    engine = LocalEngine(tiny(diary, "tell"), hang_after=20, silence=5, restarts=QUICK)
    async with engine:
        await engine.ready()
        lost: list[BatchLost] = []
        for _ in range(3):
            front = engine.run(jobs("die", model="each"), ignore)
            behind = engine.run(jobs("behind", model="each"), ignore)
            results = await asyncio.gather(front, behind, return_exceptions=True)
            assert [type(result) for result in results] == [BatchLost] * 2
            lost += [result for result in results if isinstance(result, BatchLost)]
            await engine.ready()
        assert [(one.started, one.by_another) for one in lost] == [(True, False), (False, True)] * 3


async def test_garbage_on_standard_output_is_a_lost_worker(diary: Diary) -> None:
    """A print into the stream costs the batch, not the bot."""
    async with running(tiny(diary)) as engine:
        with pytest.raises(BatchLost):
            await engine.run(jobs("x", model="babble"), ignore)
        assert said(await engine.run(jobs("y"), ignore)) == ["y"]
        assert not alive(diary.pids[0])


async def test_a_job_forgotten_while_its_batch_is_written_is_not_run(diary: Diary) -> None:
    """What was not written is not sent; what was, the worker is told to forget."""
    big = [Classify(picture=name * 2**23) for name in (b"a", b"b", b"c")]
    async with running(tiny(diary)) as engine:
        await engine.ready()
        os.kill(diary.pids[0], signal.SIGSTOP)
        run = asyncio.create_task(engine.run(big, ignore))
        await asyncio.sleep(0.05)
        engine.forget(big[0])
        engine.forget(big[2])
        os.kill(diary.pids[0], signal.SIGCONT)
        results = await run
        assert results[0] is None
        assert results[2] is None
        assert said([results[1]]) == ["b" * 100]
        engine.forget(big[1])
    assert [line[0] for line in diary.lines("submit")] == ["a", "b"]
    assert diary.lines("forget") == ["a" * 20]
    assert diary.lines("run") == ["b" * 20]


async def test_the_worker_has_no_token_and_nothing_else_it_need_not_have(
    diary: Diary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its environment is the allow-list, whatever the bot's own holds."""
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("BOBBY_DEVICE", "cpu")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("TORCH_HOME", "/somewhere")
    async with running(tiny(diary)) as engine:
        (text,) = said(await engine.run(jobs("x", model="environment"), ignore))
        child = psutil.Process(diary.pids[0]).environ()
    assert child["TORCH_HOME"] == "/somewhere"
    assert set(child) <= {*worker_environment(os.environ), "PYTHONPATH"}
    assert "secret" not in text + str(child)
    assert json.loads(text)["PYTHONPATH"] == str(ROOT)


async def test_what_the_worker_writes_to_standard_error_is_logged_by_lines(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever its bytes: short ones as they are, a giant one in parts, no empty ones."""
    with caplog.at_level(logging.INFO):
        async with running(tiny(diary)) as engine:
            await engine.run(jobs("x", model="shout"), ignore)
    lines = [record.getMessage() for record in caplog.records if record.name == "worker"]
    assert lines[0] == "a caf\ufffd"
    assert lines[-1] == "the last"
    assert "".join(lines[1:-1]) == "x" * 100_000


async def test_the_last_words_of_a_dying_worker_are_all_logged(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """Its traceback, say, is in the log even though it is dead when it is read."""
    with caplog.at_level(logging.WARNING):
        async with running(tiny(diary)) as engine:
            with pytest.raises(BatchLost):
                await engine.run(jobs("x", model="cry"), ignore)
            await engine.ready()
    lines = [record.getMessage() for record in caplog.records if record.name == "worker"]
    assert lines == [f"line {n}" for n in range(2000)]


async def test_a_worker_that_prints_without_end_does_not_fill_the_log(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """So much is logged, then how much is left out, and at last its last words."""
    with caplog.at_level(logging.INFO, "worker"):
        async with running(tiny(diary)) as engine:
            with pytest.raises(BatchLost):
                await engine.run(jobs("a", model="prate"), lambda: None)
    told = [record.getMessage() for record in caplog.records if record.name == "worker"]
    assert sum(map(len, told)) < MOST_BYTES + 40_000
    assert told[0].startswith("line 0 ")
    assert told[-1].startswith("line 3999 ")
    left_out = [int(line.split()[0]) for line in told if "left out" in line]
    assert sum(left_out) + len(told) - len(left_out) == 4000


async def test_closing_ends_the_worker_by_the_end_of_its_input(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker in order ends by itself, without a signal, and nobody needs to hear of it."""
    async with running(tiny(diary)) as engine:
        await engine.ready()
    assert diary.lines()[-1] == "end"
    assert not alive(diary.pids[0])
    assert caplog.records == []
    with pytest.raises(Closing):
        await engine.run(jobs("x"), ignore)


async def test_closing_kills_a_worker_that_ignores_everything(
    diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    """Within the limit, its batch told so, and nothing left behind."""
    async with running(tiny(diary)) as engine:
        await engine.ready()
        run = asyncio.create_task(engine.run(jobs("x", model="hang"), ignore))
        await until(lambda: bool(diary.lines("run")))
    with pytest.raises(Closing):
        await run
    assert not alive(diary.pids[0])
    assert "could not be killed" not in caplog.text


@pytest.mark.parametrize("delay", [None, 0, 0.001, 0.003, 0.01, 0.1])
async def test_closing_at_any_moment_of_the_start_leaves_nothing(
    diary: Diary, delay: float | None
) -> None:
    """Also while the process is being made."""
    before = set(psutil.Process().children())
    async with running(tiny(diary)):
        if delay is not None:
            await asyncio.sleep(delay)
    assert set(psutil.Process().children()) <= before


async def test_closing_while_the_next_worker_is_awaited(diary: Diary) -> None:
    """Those who wait through a restart are told; no further worker starts."""
    slow = Restarts(first=30)
    async with running(tiny(diary), restarts=slow) as engine:
        with pytest.raises(BatchLost):
            await engine.run(jobs("x", model="die"), ignore)
        waiting = asyncio.create_task(engine.run(jobs("y"), ignore))
        await asyncio.sleep(0.05)
    with pytest.raises(Closing):
        await waiting
    assert len(diary.pids) == 1


def test_delays_double_up_to_the_longest() -> None:
    """Half a second at first, a minute at most, for any number of deaths."""
    delays = [Restarts().delay(deaths) for deaths in (1, 2, 3, 8, 60)]
    assert delays == [0.5, 1.0, 2.0, 60.0, 60.0]


PARENT = """
import asyncio, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits none
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.process import MOST_BYTES
from tests.bot.executor.engines.test_local import Diary, Path, ignore, jobs, tiny

async def main():
    async with LocalEngine(tiny(Diary(Path(sys.argv[1]))), hang_after=60) as engine:
        await engine.run(jobs("x"), ignore)
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("whom", ["bot alone", "terminal"])
async def test_a_worker_whose_bot_was_killed_ends_by_itself(diary: Diary, whom: str) -> None:
    """SIGKILL gives the bot no time to close anything; Ctrl-C is for the bot alone."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(diary.path)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    assert parent.stdout is not None
    try:
        assert await parent.stdout.readline() == b"ready\n"
        (pid,) = diary.pids
        assert alive(pid)
        if whom == "bot alone":
            parent.kill()
        else:
            os.killpg(parent.pid, signal.SIGINT)
        await until(lambda: not alive(pid), 5)
        assert diary.lines()[-1] == "end"
    finally:
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()
