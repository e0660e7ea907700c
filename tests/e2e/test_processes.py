"""Bobby's two processes, started as people start them: what they say, share, and leave behind."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.playground.model.state import Event
from bot.playground.server import Playground
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.processes import START, TOKEN, Running, bobby, gone, running
from tests.playground.clients import Rest, eventually

PICTURE = ("a.png", pictures.plain())
STOPPING = 5.0
"""Seconds that Bobby may take to end."""
ORPHANED = 5.0
"""Seconds after which a worker whose bot was killed must have ended."""
SECRET = "MTIz.not-the-token.of-anybody"

only_with_maps = pytest.mark.skipif(
    not hasattr(psutil.Process, "memory_maps"),
    reason="This system does not tell which libraries a process has loaded.",
)


# --- what keeps it from starting -----------------------------------------------------------------


def refused(tmp_path: Path, **settings: str) -> str:
    """Run `bobby run`, which must fail without a traceback or the token; return what it says.

    Its status is the one for what nobody but the operator can mend.
    """
    done = bobby("run", folder=tmp_path, **settings)
    said = done.stdout + done.stderr
    assert done.returncode == 78, said
    assert "Traceback" not in said
    assert settings.get(TOKEN, SECRET) not in said
    return said.partition("Error: ")[2]


def test_without_a_token_it_says_how_to_get_one(tmp_path: Path) -> None:
    """Step by step, with Discord's own names for the buttons."""
    steps = refused(tmp_path)
    assert [f"  {number}. " in steps for number in (1, 2, 3, 4)] == [True] * 4
    for word in ("developers/applications", "Reset Token", "Message Content Intent", TOKEN):
        assert word in steps


async def test_with_a_wrong_token_it_says_how_to_renew_it(tmp_path: Path) -> None:
    """Discord's 401 becomes steps."""
    async with Playground() as playground:
        settings = {TOKEN: SECRET, "BOBBY_API_URL": playground.api}
        steps = await asyncio.to_thread(refused, tmp_path, **settings)
    assert steps.startswith("Discord rejected this token.")
    assert "1. " in steps
    assert "Reset Token" in steps


async def test_without_the_intent_it_says_where_the_switch_is(tmp_path: Path) -> None:
    """If the setting insists, 4014 is the end; the link leads to this very application."""
    async with Playground(message_content=False) as playground:
        settings = {TOKEN: playground.bot_token, "BOBBY_API_URL": playground.api}
        settings["BOBBY_MESSAGE_CONTENT"] = "on"
        steps = await asyncio.to_thread(refused, tmp_path, **settings)
        assert f"developers/applications/{playground.application_id}/bot" in steps
    assert 'Switch on "Message Content Intent"' in steps


@pytest.mark.parametrize("host", ["nobody.invalid", "127.0.0.1:9"])
def test_a_dead_network_is_waited_for(tmp_path: Path, host: str) -> None:
    """No name or no connection: a line names the address, and a signal ends the wait in order."""
    settings = {TOKEN: SECRET, "BOBBY_API_URL": f"http://{host}/api/v10"}
    with running("run", folder=tmp_path, **settings) as process:
        until = time.monotonic() + START
        while "can't be reached" not in process.printed():
            assert process.process.poll() is None, process.printed()
            assert time.monotonic() < until
            time.sleep(0.1)
        time.sleep(3.0)  # in which it tries again, without a word
        assert process.process.poll() is None
        process.process.send_signal(signal.SIGTERM)
        assert process.ended(within=STOPPING) == 0
        said = process.printed()
    assert said.count("can't be reached") == 1
    assert host in said
    assert "Traceback" not in said
    assert SECRET not in said


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    """It names the variable, what came and what is allowed."""
    line = refused(tmp_path, BOBBY_BATCH_SIZE="many")
    assert line.startswith("BOBBY_BATCH_SIZE is 'many', but it should be a valid integer")
    assert line.count("\n") == 1


# --- `bobby run` ----------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def in_service(
    folder: Path, **settings: str
) -> AsyncIterator[tuple[Running, Playground, ChatUser]]:
    """Run `bobby run` against a playground until it is logged in, with a user to talk to it."""
    async with Playground() as playground:
        door = {TOKEN: playground.bot_token, "BOBBY_API_URL": playground.api}
        with running("run", folder=folder, **(door | settings)) as process:
            bot = playground.world.bot
            await eventually(lambda: playground.hub.connected(bot), within=START)
            user = ChatUser(playground, await playground.new_person("ann"), playground.channel_id)
            async with user:
                yield process, playground, user


async def ended(process: Running, worker: psutil.Process) -> int:
    """Wait for the end of both, which may take `STOPPING` seconds; return the exit status."""
    begun = time.monotonic()
    status = await asyncio.to_thread(process.ended, START)
    assert gone(worker)
    assert time.monotonic() - begun < STOPPING, process.printed()
    assert "Traceback" not in process.printed()
    return status


async def test_put_out_for_good_it_says_what_to_do(tmp_path: Path) -> None:
    """The token renewed while it runs: it ends, and says the steps."""
    async with in_service(tmp_path) as (process, playground, _):
        playground.faults.close_connections(4004, playground.world.bot)
        assert await asyncio.to_thread(process.ended, START) == 78
        assert "Reset Token" in process.printed()
        assert "Traceback" not in process.printed()
        assert playground.bot_token not in process.printed()


@only_with_maps
async def test_it_answers_on_any_api_and_ctrl_c_ends_both(tmp_path: Path) -> None:
    """A real answer; no token where the networks run, no torch where the token is; a clean end."""
    async with in_service(tmp_path) as (process, playground, user):
        assert top(await user.ask("!classify", PICTURE, within=START))
        worker = process.worker()
        assert TOKEN not in worker.environ()
        assert playground.bot_token not in worker.environ().values()
        assert any("libtorch" in file.path for file in worker.memory_maps())
        bot = psutil.Process(process.pid)
        assert not any("libtorch" in file.path for file in bot.memory_maps())
        os.killpg(process.pid, signal.SIGINT)
        assert await ended(process, worker) == 0
        assert playground.hub.connected(playground.world.bot) == []
        assert f"client_id={playground.application_id}" in process.printed()


async def test_a_pending_question_has_its_reply_before_it_ends(tmp_path: Path) -> None:
    """Ctrl-C for the bot alone, while the worker hangs: one reply, and both end in time."""
    async with in_service(tmp_path) as (process, playground, user):
        await user.ask("!classify", PICTURE, within=START)
        worker = process.worker()
        worker.suspend()
        at_work = asyncio.Event()

        def note(event: Event) -> None:
            if event.name == "TYPING_START":
                at_work.set()

        playground.world.subscribe(note)
        question = await user.say("!classify", PICTURE)
        await asyncio.wait_for(at_work.wait(), START)
        process.process.send_signal(signal.SIGINT)
        assert await ended(process, worker) == 0
        (reply,) = user.replies(question)
        assert "shutting down" in said(reply)


async def test_sigterm_ends_both_while_the_worker_starts(tmp_path: Path) -> None:
    """It waits for no network to load; and nowhere in the longest log stands the token."""
    async with in_service(tmp_path, BOBBY_LOG_LEVEL="DEBUG") as (process, playground, _):
        worker = process.worker()
        process.process.terminate()
        assert await ended(process, worker) == 0
        assert playground.bot_token not in process.printed()


async def test_a_worker_whose_bot_was_killed_ends_by_itself(tmp_path: Path) -> None:
    """Its input ends, and so does it."""
    async with in_service(tmp_path) as (process, _, user):
        await user.ask("!classify", PICTURE, within=START)
        worker = process.worker()
        process.process.kill()
        await eventually(lambda: gone(worker), within=ORPHANED)


# --- `bobby playground` ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def open_playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start `bobby playground --json` in a folder with a package `models` of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "models").mkdir()
    (folder / "models" / "__init__.py").write_text(
        'raise RuntimeError("These are not Bobby\'s.")\n'
    )
    with running("playground", "--json", folder=folder) as process:
        line = process.first_line()
        assert line.startswith("{"), process.printed()
        where: dict[str, str] = json.loads(line)
        yield where


def test_the_first_line_tells_how_to_reach_everything(open_playground: dict[str, str]) -> None:
    """Addresses on the loopback alone; ids are strings, as in Discord's own JSON."""
    assert sorted(open_playground) == sorted(
        ["page", "api", "gateway", "user_token", "bot_user_id", "guild_id", "channel_id"]
    )
    assert all(isinstance(value, str) for value in open_playground.values())
    assert open_playground["page"].startswith("http://127.0.0.1:")
    assert open_playground["api"].startswith("http://127.0.0.1:")
    assert open_playground["gateway"].startswith("ws://127.0.0.1:")
    assert open_playground["user_token"] in open_playground["page"]


async def test_a_plain_client_gets_the_golden_retriever(
    open_playground: dict[str, str], shared_data: Path
) -> None:
    """Discord's own route and no library; Bobby has said hello before anything else."""
    picture = ("bobby.jpg", (shared_data / "bobby.jpg").read_bytes())
    channel, bot = open_playground["channel_id"], open_playground["bot_user_id"]
    async with Rest(open_playground["api"], open_playground["user_token"]) as rest:
        first = (await rest.ask("GET", f"/channels/{channel}/messages?limit=100")).data[-1]
        assert first["author"]["id"] == bot
        assert "!classify" in said(first)
        question = await rest.say(channel, "!classify", picture)
        reply = await reply_to(rest, question)
    assert reply["author"]["id"] == bot
    label, probability = top(reply)
    assert label == "golden retriever"
    assert probability >= 0.90


async def reply_to(rest: Rest, question: dict[str, Any]) -> dict[str, Any]:
    """Look at the channel again and again until there is a reply to `question`."""
    path = f"/channels/{question['channel_id']}/messages?after={question['id']}"
    async with asyncio.timeout(START):
        while not (messages := (await rest.ask("GET", path)).data):  # noqa: ASYNC110 - plain REST
            await asyncio.sleep(0.1)
    reply: dict[str, Any] = messages[0]
    return reply


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """It names the port and the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = bobby("playground", "--json", "--port", port, folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: Can't use port {port}")
    assert "--port" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_worker_that_cannot_start_is_the_last_word(tmp_path: Path) -> None:
    """The reason reaches the operator, in place of the JSON."""
    done = bobby("playground", "--json", folder=tmp_path, BOBBY_DEVICE="cuda:99")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert "The device 'cuda:99' was asked for, but torch does not see it here." in last
    assert "operator" not in last
