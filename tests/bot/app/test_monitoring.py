"""The port on which Bobby is watched, without Discord: each figure, each trouble, and who asks."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio

from bot.app import status
from bot.app.client import Bobby
from bot.app.lifecycle import assembled, watching
from bot.app.monitoring import Watched
from bot.cli import status as asking
from bot.cli.status import show_status
from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.executor.queue import Requester
from models.jobs.answers import Labels
from models.jobs.control import Ready
from models.jobs.requests import Classify
from tests.bot.conftest import Desk, card
from tests.bot.executor import answers
from tests.bot.library.publisher import Publisher, mute, sends_a_page
from tests.bot.library.publisher import answers as replies
from tests.playground.clients import eventually

READY = Ready(device="cuda:1", default="here", models=(card("here", ready=True), card("away")))


def settings_in(folder: Path, **fields: Any) -> Settings:
    """Return settings whose folders are below `folder`."""
    return Settings(_env_file=None, cache=folder / "w", data=folder / "d", **fields)


@pytest_asyncio.fixture
async def bot(desk: Desk) -> AsyncIterator[Bobby]:
    """Put a Bobby together that was never logged in; one picture shares no batch with another."""
    desk.ready = READY
    async with assembled(settings_in(desk.folder, batch_size=1)) as bot:
        yield bot


@pytest_asyncio.fixture
async def watched(bot: Bobby) -> AsyncIterator[Watched]:
    """Open a port for it."""
    async with Watched(bot, 0) as watched:
        yield watched


async def read(url: str) -> tuple[int, str, str]:
    """Return the status, the content type and the text at `url`."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, response.headers["Content-Type"], await response.text()


async def figures(watched: Watched) -> dict[str, float]:
    """Return every figure by its name and labels."""
    _, _, text = await read(f"{watched.url}/metrics")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def asked_on(url: str) -> Settings:
    """Return the settings of an operator who asks on the port of `url`."""
    return Settings(_env_file=None, metrics_port=int(url.rpartition(":")[2]))


async def test_figures_are_prometheus_text(watched: Watched) -> None:
    """Each with its type; nothing of this process itself is told."""
    status, kind, text = await read(f"{watched.url}/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    kinds = dict(line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE"))
    assert {name: kind for name, kind in kinds.items() if not name.endswith("_created")} == {
        "bobby_queue_jobs": "gauge",
        "bobby_answers_total": "counter",
        "bobby_worker_restarts_total": "counter",
        "bobby_worker_up": "gauge",
        "bobby_gateway_up": "gauge",
        "bobby_loop_lag_seconds": "gauge",
        "bobby_stage_seconds": "histogram",
        "bobby_batch_jobs": "histogram",
        "bobby_refusals_total": "counter",
    }


async def test_figures_are_those_of_now(bot: Bobby, watched: Watched, desk: Desk) -> None:
    """What waits and what runs are told apart, and what is done is neither."""
    held = threading.Event()

    def answer(_job: object) -> Labels:
        held.wait(10)
        return answers.labels("dog")

    desk.answer = answer
    jobs = [bot.executor.submit(Classify(picture=b"x"), Requester(1)) for _ in range(7)]
    work = asyncio.gather(*jobs)
    try:
        await eventually(lambda: desk.asked)
        now = bot.executor.snapshot()
        assert now.waiting > now.running > 0
        seen = await figures(watched)
        assert seen['bobby_queue_jobs{state="waiting"}'] == now.waiting
        assert seen['bobby_queue_jobs{state="running"}'] == now.running
        assert seen["bobby_answers_total"] == 0
    finally:
        held.set()
        await work
    seen = await figures(watched)
    assert seen['bobby_queue_jobs{state="waiting"}'] == 0
    assert seen['bobby_queue_jobs{state="running"}'] == 0
    assert seen["bobby_answers_total"] == 7


async def test_lag_is_in_seconds(bot: Bobby, watched: Watched) -> None:
    """As Prometheus wants all times, and 0 where nothing was late; `!status` has milliseconds."""
    assert (await figures(watched))["bobby_loop_lag_seconds"] == 0
    bot.pulse._late.append(2.5)
    assert (await figures(watched))["bobby_loop_lag_seconds"] == 2.5
    assert status.rows(bot)["Loop lag"] == "2500 ms at worst in the last minute"


async def test_what_is_up(watched: Watched) -> None:
    """The worker is, and the gateway is not; each has a figure of its own."""
    seen = await figures(watched)
    assert (seen["bobby_worker_up"], seen["bobby_gateway_up"]) == (1, 0)
    gateway = "Discord's gateway is not connected.\n"
    assert await read(f"{watched.url}/healthz") == (503, "text/plain; charset=utf-8", gateway)


async def test_a_worker_that_is_not_coming(broken: Desk) -> None:
    """It is the first trouble, with its reason where there is one."""
    async with assembled(settings_in(broken.folder)) as bot, Watched(bot, 0) as watched:
        assert status.health_problem(bot) == "The worker is starting."
        await eventually(lambda: bot.executor.snapshot().state == "unavailable")
        assert (await figures(watched))["bobby_worker_up"] == 0
        code, _, words = await read(f"{watched.url}/healthz")
        assert code == 503
        assert words.startswith("The worker is unavailable: ")
        assert "There are no weights here." in words
        rows = status.rows(bot)
        assert (rows["Worker"], rows["Device"], rows["Default model"]) == ("unavailable", "–", "–")


async def test_how_bobby_is(bot: Bobby, watched: Watched) -> None:
    """A line for everything an operator asks first; the same over the port."""
    rows = dict(status.rows(bot))
    _, kind, text = await read(f"{watched.url}/status")
    assert kind.startswith("application/json")
    assert json.loads(text) == rows
    assert rows["Worker"] == "ready"
    assert rows["Device"] == "cuda:1"
    assert rows["Models installed"] == "1 of 2"
    assert rows["Default model"] == "here"
    assert rows["Queue"] == "0 waiting, 0 running"
    assert rows["Answered"] == "0 pictures, 0 worker restarts"
    python = ".".join(map(str, sys.version_info[:3]))
    assert rows["Versions"].startswith(f"Python {python}")
    assert discord.__version__ in rows["Versions"]


async def test_a_bobby_in_trouble_is_no_success(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines are printed nevertheless, and the trouble is the last of them."""
    assert await show_status(asked_on(watched.url)) is False
    *rows, trouble = capsys.readouterr().out.splitlines()
    assert trouble == "Trouble           Discord's gateway is not connected."
    assert rows[0] == "Worker            ready"
    assert len(rows) == 11


async def test_who_listens_is_no_bobby(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something else, or something that says nothing within the time it has."""
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    for manner in (replies(404), replies(500), sends_a_page):
        async with Publisher(files={"healthz": b"ok"}, manners={"status": [manner]}) as other:
            with pytest.raises(SetupError, match=f"Bobby isn't listening on port {other.port}"):
                await show_status(asked_on(other.url))
    async with Publisher(manners={"status": [mute]}) as other:
        with pytest.raises(SetupError, match=r"did not answer within 0\.2 seconds"):
            await show_status(asked_on(other.url))


async def test_the_port_is_for_this_machine_and_this_long(bot: Bobby) -> None:
    """It is open on the loopback alone and closed again at the end; 0 opens none."""
    async with AsyncExitStack() as stack:
        watched = await stack.enter_async_context(Watched(bot, 0))
        url = watched.url
        assert url.startswith("http://127.0.0.1:")
        assert (await read(f"{url}/healthz"))[0] == 503
    with pytest.raises(aiohttp.ClientConnectionError):
        await read(f"{url}/healthz")
    assert not isinstance(watching(bot, 0), Watched)
    assert isinstance(watching(bot, 9090), Watched)


async def test_an_open_port_is_part_of_the_whole(desk: Desk) -> None:
    """Where the setting names one; where it is taken, Bobby does not start."""
    async with Publisher() as other:
        taken = settings_in(desk.folder, metrics_port=other.port)
        with pytest.raises(SetupError, match=f"Can't open port {other.port}"):
            async with assembled(taken):
                pass
    async with assembled(taken):
        assert (await read(f"{other.url}/healthz"))[0] == 503
