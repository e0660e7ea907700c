"""Bobby watched over its local port: figures, health with its reason, and `bobby status`."""

import asyncio
import signal
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from bot.app.monitoring import Watched
from bot.cli.status import show_status
from bot.core.errors import SetupError
from bot.core.settings import Settings
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.playground.clients import eventually
from tests.workers import workers_below

PICTURE = ("a.png", pictures.plain())


@pytest_asyncio.fixture(loop_scope="package")
async def watched(env: Env) -> AsyncIterator[Watched]:
    """Open the port for Bobby, who has answered before."""
    async with Watched(env.bot, 0) as watched:
        yield watched


async def read(watched: Watched, path: str) -> tuple[int, str]:
    """Return the status and the text of a route."""
    async with aiohttp.ClientSession() as session, session.get(watched.url + path) as response:
        return response.status, await response.text()


async def figures(watched: Watched) -> dict[str, float]:
    """Return every figure by its name and labels."""
    status, text = await read(watched, "/metrics")
    assert status == 200
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_an_answer_and_a_refusal_are_counted(watched: Watched, user: ChatUser) -> None:
    """Each stage of an answer is timed once, a refusal stands under its reason."""
    before = await figures(watched)
    assert (await user.ask("!classify", PICTURE))["embeds"]
    assert "can't read this file as a picture" in said(
        await user.ask("!classify", ("a.png", b"no picture"))
    )
    after = await figures(watched)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    for stage, count in {"download": 2, "wait": 2, "run": 2}.items():
        assert more(f'bobby_stage_seconds_count{{stage="{stage}"}}') == count
    assert more('bobby_batch_jobs_bucket{le="1.0",task="classify"}') == 2
    assert more('bobby_refusals_total{reason="bad_picture"}') == 1
    assert more("bobby_answers_total") == 1
    assert after['bobby_queue_jobs{state="waiting"}'] == 0
    assert after["bobby_worker_up"] == after["bobby_gateway_up"] == 1
    assert 0 <= after["bobby_loop_lag_seconds"] < 60


async def test_health_names_the_trouble(env: Env, watched: Watched) -> None:
    """A dead worker is 503 with the reason and one restart more; then all is well again."""
    await env.bot.executor.ready()
    assert await read(watched, "/healthz") == (200, "ok\n")
    restarts = (await figures(watched))["bobby_worker_restarts_total"]
    (worker,) = workers_below()
    worker.send_signal(signal.SIGKILL)
    await eventually(lambda: env.bot.executor.snapshot().state != "ready")
    status, words = await read(watched, "/healthz")
    assert (status, words.startswith("The worker is starting")) == (503, True)
    async with asyncio.timeout(60):
        await env.bot.executor.ready()
    assert (await figures(watched))["bobby_worker_restarts_total"] == restarts + 1
    assert (await read(watched, "/healthz"))[0] == 200


async def test_health_knows_when_the_gateway_is_gone(env: Env, watched: Watched) -> None:
    """While discord.py comes back after a cut, nobody is answered, and health says so."""
    await env.bot.executor.ready()
    faults = env.playground.faults
    faults.refuse_connections = True
    assert faults.drop_connections(env.playground.world.bot) == 1
    await eventually(lambda: not env.bot.connected)
    assert await read(watched, "/healthz") == (503, "Discord's gateway is not connected.\n")
    faults.refuse_connections = False
    await eventually(lambda: env.bot.connected, within=30)
    assert await read(watched, "/healthz") == (200, "ok\n")


async def test_status_prints_what_the_chat_shows(
    env: Env, watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of `!status`; success says that it is well."""
    await env.bot.executor.ready()
    port = int(watched.url.rpartition(":")[2])
    assert await show_status(Settings(_env_file=None, metrics_port=port))
    printed = capsys.readouterr().out
    for line in ("Worker            ready", "Default model  ", "Queue             0 waiting"):
        assert line in printed


async def test_status_says_why_it_cant(watched: Watched) -> None:
    """Off, and not running, are two sentences; a port that is taken is a third."""
    with pytest.raises(SetupError, match="BOBBY_METRICS_PORT isn't set"):
        await show_status(Settings(_env_file=None))
    port = int(watched.url.rpartition(":")[2])
    with pytest.raises(SetupError, match=f"Can't open port {port}"):
        async with Watched(watched._bot, port):
            pass
    await watched.__aexit__(None, None, None)
    with pytest.raises(SetupError, match=f"Bobby isn't listening on port {port}"):
        await show_status(Settings(_env_file=None, metrics_port=port))
