"""Bobby's way in and out: what Discord refuses, what a signal does, and the playground."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from bot.app import outage
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import assembled, connected, run_on_discord
from bot.cli import playground as playing
from bot.cli.playground import play
from bot.core.errors import SetupError, WrongSetting
from bot.core.settings import Settings
from bot.playground.server import Playground
from models.jobs.control import Ready
from tests.bot.conftest import Desk, card
from tests.playground.clients import Rest, eventually


@pytest.fixture(autouse=True)
def _back_to_discord(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point discord.py at Discord again; nobody has minutes to wait for it."""
    monkeypatch.setattr(outage, "LONGEST", 0.05)
    yield
    point_discord_at(DISCORD)


@pytest_asyncio.fixture
async def playground() -> AsyncIterator[Playground]:
    """Run a playground of the test's own."""
    async with Playground() as playground:
        yield playground


def settings_of(desk: Desk, **fields: Any) -> Settings:
    """Return settings with folders of the test's own."""
    return Settings(_env_file=None, cache=desk.folder / "w", data=desk.folder / "d", **fields)


async def refusal(desk: Desk, token: str) -> str:
    """Log in with `token`, which must fail, and return what the operator is told."""
    with pytest.raises(WrongSetting) as caught:
        async with assembled(settings_of(desk)) as bot, connected(bot, token) as end:
            await asyncio.wait({end}, timeout=10)
    return str(caught.value)


@contextlib.asynccontextmanager
async def in_service(desk: Desk, playground: Playground) -> AsyncIterator[asyncio.Task[None]]:
    """Run the service until the block ends, and see it end in order."""
    settings = settings_of(desk, DISCORD_TOKEN=playground.bot_token, api_url=playground.api)
    service = asyncio.create_task(run_on_discord(settings))
    yield service
    assert not service.done()
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        await service


async def test_a_login_that_discord_refuses(desk: Desk, playground: Playground) -> None:
    """The status and Discord's own words, where it is not for the token."""
    point_discord_at(playground.api)
    playground.faults.answer("GET", "/users/@me", 400, message="Not so.")
    told = await refusal(desk, playground.bot_token)
    assert "400 Bad Request" in told
    assert "Not so." in told


@pytest.mark.parametrize(
    "route",
    ["/gateway", "/users/@me", "/oauth2/applications/@me", "/gateway/bot"],
)
@pytest.mark.parametrize("status", [403, 503])
async def test_trouble_of_discord_passes(
    desk: Desk, playground: Playground, caplog: pytest.LogCaptureFixture, route: str, status: int
) -> None:
    """Whatever is asked first: Bobby tries until it is let in, and says so once in a while."""
    order = playground.faults.answer("GET", route, status, times=4)
    async with in_service(desk, playground):
        await eventually(lambda: playground.hub.connected(playground.world.bot))
    assert order.left == 0
    said = [one for one in caplog.messages if "can't be reached" in one]
    assert len(said) == 1
    assert f"(HTTP {status})" in said[0]


async def test_a_server_that_is_not_there_yet(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """As after a reboot, before there is a network: Bobby is in as soon as Discord is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    playground = Playground(port=port)
    async with in_service(desk, playground) as service:
        await eventually(lambda: "can't be reached" in caplog.text)
        assert f"127.0.0.1:{port}" in caplog.text
        assert not service.done()
        async with playground:
            await eventually(lambda: playground.hub.connected(playground.world.bot))


async def test_a_gateway_in_trouble(
    desk: Desk, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """REST answers and the gateway does not: that passes as well, without a traceback."""
    playground.faults.refuse_connections = True
    async with in_service(desk, playground):
        await eventually(lambda: "can't be reached (HTTP 503)" in caplog.text)
        await asyncio.sleep(1.5)
        playground.faults.refuse_connections = False
        await eventually(lambda: playground.hub.connected(playground.world.bot))
    assert caplog.text.count("can't be reached") == 1
    assert "Traceback" not in caplog.text


async def test_a_long_wait_that_discord_orders(
    desk: Desk, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept to, it is said, and a signal ends it at once."""
    playground.faults.rate_limit("GET", "/users/@me", retry_after=300, times=9)
    async with in_service(desk, playground):
        await eventually(lambda: "Trying again in 300 seconds" in caplog.text)
        await asyncio.sleep(1.5)  # the usual first pause
    assert len(playground.faults.asked("GET", "/users/@me")) == 1


async def test_another_s_api(desk: Desk, playground: Playground) -> None:
    """It answers, but as nobody would whom to wait for helps."""
    token = playground.bot_token
    for status in (404, 200):
        playground.faults.answer("GET", "/gateway", status)
        settings = settings_of(desk, DISCORD_TOKEN=token, api_url=playground.api)
        with pytest.raises(WrongSetting, match=r"BOBBY_API_URL") as caught:
            await run_on_discord(settings)
        assert playground.api in str(caught.value)


async def test_a_wrong_token(desk: Desk, playground: Playground) -> None:
    """How to have another."""
    point_discord_at(playground.api)
    assert (await refusal(desk, "MTIz.abc.def")).startswith("Discord rejected this token.")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (4004, "Reset Token"),
        (4014, 'Switch on "Message Content Intent"'),
        (4010, "BOBBY_SHARD_IDS"),
        (4011, "(code 4011)"),
        (4012, "update it"),
    ],
)
async def test_an_end_for_good(desk: Desk, playground: Playground, code: int, advice: str) -> None:
    """Bobby ends by itself, with what to do about the gateway's code."""
    token = playground.bot_token
    where = {"DISCORD_TOKEN": token, "api_url": playground.api}
    service = asyncio.create_task(run_on_discord(settings_of(desk, message_content="on", **where)))
    me = playground.world.bot
    await eventually(lambda: playground.hub.connected(me))
    playground.faults.close_connections(code, me)
    with pytest.raises(WrongSetting) as caught:
        await service
    assert advice in str(caught.value)
    if code == 4014:
        assert f"applications/{playground.application_id}/bot" in str(caught.value)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_service(
    desk: Desk, playground: Playground, kind: signal.Signals
) -> None:
    """In order: it leaves the gateway and returns."""
    settings = settings_of(desk, DISCORD_TOKEN=playground.bot_token, api_url=playground.api)
    service = asyncio.create_task(run_on_discord(settings))
    me = playground.world.bot
    await eventually(lambda: playground.hub.connected(me))
    os.kill(os.getpid(), kind)
    async with asyncio.timeout(10):
        await service
    assert playground.hub.connected(me) == []


async def test_without_a_token_nothing_is_opened(desk: Desk) -> None:
    """It is said at once how to get one, with an invitation that asks for no more than it needs."""
    with pytest.raises(SetupError) as caught:
        await run_on_discord(settings_of(desk))
    told = str(caught.value)
    asked = "scope=bot+applications.commands&permissions=274878024704"
    assert told.startswith("No Discord token found")
    assert asked in told
    assert list(desk.folder.iterdir()) == []


# --- the playground -------------------------------------------------------------------------------


@pytest.fixture
def opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the addresses that a browser is told to open."""
    opened: list[str] = []
    desk.ready = Ready(device="cpu", default="here", models=(card("here", ready=True),))
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("LANG", raising=False)
    return opened


async def printed(task: asyncio.Task[None], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed to standard output, once there is anything."""
    lines: list[str] = []

    def look() -> bool:
        lines.append(capsys.readouterr().out)
        return task.done() or bool(lines[-1])

    await eventually(look, within=20)
    return "".join(lines)


async def end(task: asyncio.Task[None]) -> None:
    """Press Ctrl-C, and wait for the end."""
    os.kill(os.getpid(), signal.SIGINT)
    async with asyncio.timeout(10):
        await task


async def test_where_it_is_can_be_read_by_programs(
    desk: Desk,
    opened: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By then it has said hello; what servers set there is not the operator's, and goes away."""
    settings = settings_of(desk, prefix="?")
    monkeypatch.setattr(tempfile, "tempdir", str(desk.folder))
    monkeypatch.setenv("FORCE_COLOR", "1")  # so that progress is drawn, apart from the answer
    task = asyncio.create_task(play(settings, port=0, browser=False, as_json=True))
    where = json.loads(await printed(task, capsys))
    async with Rest(where["api"], where["user_token"]) as rest:
        (hello,) = (await rest.ask("GET", f"/channels/{where['channel_id']}/messages")).data
    assert hello["author"]["id"] == where["bot_user_id"]
    assert hello["embeds"][0]["title"] == "Hello!"
    assert "`?classify`" in hello["embeds"][0]["description"]
    assert "`?help`" in hello["embeds"][0]["description"]
    assert list(desk.folder.glob("bobby-*"))
    await end(task)
    assert opened == []
    assert list(desk.folder.glob("bobby-*")) == []
    assert not settings.data_folder.exists()


async def test_people_get_a_link_and_a_browser(
    desk: Desk, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The page itself is opened, once it can answer."""
    task = asyncio.create_task(play(settings_of(desk), port=0, browser=True, as_json=False))
    told = (await printed(task, capsys)).splitlines()
    await eventually(lambda: opened)
    assert told == [f"Bobby is ready: {opened[0]}", "Press Ctrl-C to stop."]
    assert opened[0].startswith("http://127.0.0.1:")
    await end(task)


async def test_it_says_hello_in_the_operator_s_language(
    desk: Desk,
    opened: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the terminal has it."""
    monkeypatch.setenv("LANG", "ko_KR.UTF-8")
    task = asyncio.create_task(play(settings_of(desk), port=0, browser=False, as_json=True))
    where = json.loads(await printed(task, capsys))
    async with Rest(where["api"], where["user_token"]) as rest:
        (hello,) = (await rest.ask("GET", f"/channels/{where['channel_id']}/messages")).data
    assert hello["embeds"][0]["title"] != "Hello!"
    await end(task)
    assert opened == []


async def test_a_playground_without_the_intent(
    desk: Desk, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where it is off, its application lacks it too, and the hello names the mention."""
    settings = settings_of(desk, message_content="off")
    task = asyncio.create_task(play(settings, port=0, browser=False, as_json=True))
    where = json.loads(await printed(task, capsys))
    async with Rest(where["api"], where["user_token"]) as rest:
        path = f"/channels/{where['channel_id']}/messages"
        (hello,) = (await rest.ask("GET", path)).data
        assert "`@Bobby classify`" in hello["embeds"][0]["description"]
        await rest.say(where["channel_id"], "!privacy")
        asked = await rest.say(where["channel_id"], f"<@{where['bot_user_id']}> privacy")
        while len(said := (await rest.ask("GET", path)).data) < 4:  # noqa: ASYNC110 - plain REST
            await asyncio.sleep(0.05)
    assert said[0]["message_reference"]["message_id"] == asked["id"]
    await end(task)
    assert opened == []


async def test_a_worker_that_can_not_start_ends_the_playground(broken: Desk) -> None:
    """Its reason is the operator's; no link is told."""
    with pytest.raises(SetupError, match=r"There are no weights here\.$"):
        await play(settings_of(broken), port=0, browser=True, as_json=True)


def test_a_browser_opens_only_for_people(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where they don't want one nor where a program reads; the port is handed on."""
    asked: list[dict[str, Any]] = []

    async def note(_settings: Settings, **options: Any) -> None:
        asked.append(options)

    monkeypatch.setattr(playing, "play", note)
    for options in ([], ["--no-browser"], ["--json"], ["--port", "8080"]):
        assert desk.run("playground", *options).exit_code == 0
    assert [(one["port"], one["browser"], one["as_json"]) for one in asked] == [
        (0, True, False),
        (0, False, False),
        (0, False, True),
        (8080, True, False),
    ]


def test_bobby_needs_its_token_only_to_run(desk: Desk) -> None:
    """`bobby run` without one is an error with the steps, on standard error."""
    run = desk.run("run")
    assert run.exit_code == 78
    assert run.stdout == ""
    assert run.stderr.startswith("Error: No Discord token found")
