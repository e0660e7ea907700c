"""One worker after the other, with real child processes: delays, refusals, what they leave."""

import re
from pathlib import Path

import pytest

from bot.executor.engine import BatchLost
from bot.executor.local import LocalEngine
from tests.bot.executor.test_local import Diary, alive, ignore, jobs, running, said, tiny, until


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
