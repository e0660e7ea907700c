"""The executor that settings describe, over the real worker with its real network."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.core.errors import BadPicture, SetupError, UnknownModel, WorkerUnavailable
from bot.core.settings import Settings
from bot.executor.factory import open_executor, warm, worker_command, worker_environment
from bot.executor.queue import Requester
from models.jobs.answers import Labels
from models.jobs.requests import Classify
from tests.workers import workers_below

ANN = Requester(1)
GRAY = b"P5 64 64 255\n" + bytes(range(64)) * 64
"""A picture that needs no library to make."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings that read nothing of this machine."""
    return Settings(_env_file=None, device="cpu", cache=tmp_path, timeout=60)


async def test_the_real_worker_answers_dies_and_answers_again(settings: Settings) -> None:
    """From start to end: batches, bad pictures, SIGKILL from outside, a replacement, no orphan."""
    async with open_executor(settings) as executor:
        assert executor.snapshot().state == "starting"
        first = asyncio.create_task(executor.submit(Classify(picture=GRAY), ANN))
        ready = await executor.ready()
        assert executor.default == ready.default
        assert ready.default in [card.name for card in executor.models if card.ready]
        alone = await first
        assert alone.model == ready.default
        assert (alone.width, alone.height, len(alone.top)) == (64, 64, 5)

        pictures = [GRAY, b"no picture", GRAY, b""]
        asked = [executor.submit(Classify(picture=picture), ANN) for picture in pictures]
        asked.append(executor.submit(Classify(picture=GRAY, model="no such model"), ANN))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [
            *(Labels, BadPicture, Labels, BadPicture),
            UnknownModel,
        ]

        (worker,) = workers_below()
        worker.send_signal(signal.SIGKILL)
        again = await executor.submit(Classify(picture=GRAY), ANN)
        assert again.top[0].label == alone.top[0].label
        now = executor.snapshot()
        assert (now.state, now.restarts, now.answered, now.waiting) == ("ready", 1, 4, 0)
    assert workers_below() == []


async def test_a_device_that_is_not_here_is_said_at_once(settings: Settings) -> None:
    """The worker's own sentence reaches the operator; it is not started again."""
    wrong = settings.model_copy(update={"device": "cuda:99"})
    async with open_executor(wrong) as executor:
        with pytest.raises(SetupError, match="cuda:99"):
            await warm(executor)
        assert executor.snapshot().restarts == 0
        with pytest.raises(WorkerUnavailable):
            await executor.submit(Classify(picture=GRAY), ANN)


async def test_two_devices_have_a_worker_each(settings: Settings) -> None:
    """Both answer, and people see both devices."""
    twice = settings.model_copy(update={"device": "cpu,cpu"})
    async with open_executor(twice) as executor:
        await warm(executor)
        answers = await asyncio.gather(
            *(executor.submit(Classify(picture=GRAY), ANN) for _ in range(4))
        )
        assert len({answer.top[0].label for answer in answers}) == 1
        async with asyncio.timeout(60):
            while executor.snapshot().device != "cpu, cpu":  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.1)
        assert len(workers_below()) == 2
    assert workers_below() == []


async def test_closing_in_the_middle_of_the_start_leaves_no_worker(settings: Settings) -> None:
    """Importing torch takes seconds; closing does not wait for it to end."""
    begun = asyncio.get_running_loop().time()
    async with open_executor(settings) as executor:
        await asyncio.sleep(0.5)
        assert executor.snapshot().state == "starting"
    assert asyncio.get_running_loop().time() - begun < 5
    assert workers_below() == []


def test_the_command_line_is_the_settings(settings: Settings) -> None:
    """Each setting of the worker is handed on, and the folder of weights is the bot's own."""
    assert worker_command(settings, "cpu") == [
        *(sys.executable, "-m", "models.worker.process"),
        *("--default-model", "resnet101", "--device", "cpu", "--precision", "float32"),
        *("--runtime", "torch"),
        *("--log-level", "INFO"),
        *("--cache", str(settings.cache)),
    ]
    anywhere = settings.model_copy(update={"cache": None})
    assert worker_command(anywhere, "cpu")[-1] == str(anywhere.weights_folder)


def test_the_environment_holds_no_secret() -> None:
    """Only names of the list pass, whatever else there is."""
    environment = {"PATH": "/bin", "DISCORD_TOKEN": "x", "BOBBY_PREFIX": "?", "GITHUB_TOKEN": "x"}
    where = {"PYTHONPATH", "PYTHONSAFEPATH", "OPENBLAS_NUM_THREADS"}
    assert worker_environment(environment).keys() - where == {"PATH", "GOMP_SPINCOUNT"}
    assert "DISCORD_TOKEN" not in worker_environment(os.environ | {"DISCORD_TOKEN": "x"})


def test_threads_do_not_wait_awake_for_long() -> None:
    """Unless the operator wants them to."""
    assert int(worker_environment({})["GOMP_SPINCOUNT"]) <= 10_000
    assert worker_environment({"GOMP_SPINCOUNT": "infinity"})["GOMP_SPINCOUNT"] == "infinity"
    assert "GOMP_SPINCOUNT" not in worker_environment({"OMP_WAIT_POLICY": "active"})


def test_the_worker_is_this_very_bobbys() -> None:
    """His folder comes first, the operator's own path after it, the working directory never."""
    home = str(Path(__file__).parents[3])
    plain = worker_environment({})
    assert (plain["PYTHONPATH"], plain["PYTHONSAFEPATH"]) == (home, "1")
    more = worker_environment({"PYTHONPATH": os.pathsep.join([".", "/more", "", "below"])})
    assert more["PYTHONPATH"].split(os.pathsep) == [home, "/more"]
