"""`bobby run` under a supervisor that has the rules of docs/bobby.service."""

import asyncio
import configparser
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.playground.server import Playground
from tests.e2e.processes import BOBBY, ROOT, START, TOKEN, environment
from tests.playground.clients import eventually

SECRET = "MTIz.not-the-token.of-anybody"
CLEAN = {0, -signal.SIGHUP, -signal.SIGINT, -signal.SIGTERM, -signal.SIGPIPE}
"""What systemd calls a clean end, after which `on-failure` starts nothing."""


@dataclass
class Supervisor:
    """Starts `bobby run`, and again as the unit says; `ended` are the statuses so far."""

    folder: Path
    settings: dict[str, str]
    ended: list[int] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    def starts_again_after(self, status: int) -> bool:
        """Tell what systemd would do by the unit's own lines."""
        unit = configparser.ConfigParser(strict=False)
        unit.optionxform = str  # type: ignore[assignment, method-assign]  # as its documentation says
        unit.read(ROOT / "docs" / "bobby.service")
        service = unit["Service"]
        assert service["Restart"] == "on-failure"
        final = {int(one) for one in service["RestartPreventExitStatus"].split()}
        return status not in CLEAN | final

    async def run(self) -> None:
        """Go on until it ends for good."""
        while not self.ended or self.starts_again_after(self.ended[-1]):
            with (self.folder / "log.txt").open("ab") as log:
                self.process = await asyncio.create_subprocess_exec(
                    *(*BOBBY, "run"),
                    cwd=self.folder,
                    env=environment(self.folder, self.settings),
                    stdout=log,
                    stderr=log,
                )
            try:
                self.ended.append(await self.process.wait())
            except asyncio.CancelledError:
                with suppress(ProcessLookupError):
                    self.process.terminate()
                await self.process.wait()
                raise

    def log(self) -> str:
        """Return all that was printed, by every process."""
        return (self.folder / "log.txt").read_text()


@pytest.mark.parametrize(
    "wrong",
    [
        {TOKEN: ""},
        {TOKEN: SECRET},
        {TOKEN: "two words"},
        {"BOBBY_BATCH_SIZE": "many"},
        {"BOBBY_PREFIX": '"?"'},
    ],
)
async def test_what_is_set_wrong_is_not_tried_again(tmp_path: Path, wrong: dict[str, str]) -> None:
    """It ends once, and its words are the last in the log."""
    async with Playground() as playground:
        door = {TOKEN: playground.bot_token, "BOBBY_API_URL": playground.api}
        supervisor = Supervisor(tmp_path, door | wrong)
        async with asyncio.timeout(START):
            await supervisor.run()
    assert supervisor.ended == [78]
    assert "Error: " in supervisor.log()
    assert "Traceback" not in supervisor.log()


async def test_without_the_intent_it_is_not_tried_again(tmp_path: Path) -> None:
    """The gateway's 4014 is a switch that somebody has to find."""
    async with Playground(message_content=False) as playground:
        door = {TOKEN: playground.bot_token, "BOBBY_API_URL": playground.api}
        supervisor = Supervisor(tmp_path, door | {"BOBBY_MESSAGE_CONTENT": "on"})
        async with asyncio.timeout(START):
            await supervisor.run()
    assert supervisor.ended == [78]


async def test_a_reboot_before_the_network_is_up(tmp_path: Path) -> None:
    """Bobby waits, is in as soon as there is a network and Discord has found itself again.

    What kills it then is a failure after which it is started again.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    playground = Playground(port=port)
    door = {TOKEN: playground.bot_token, "BOBBY_API_URL": f"http://127.0.0.1:{port}/api/v10"}
    supervisor = Supervisor(tmp_path, door)
    log, me = tmp_path / "log.txt", playground.world.bot
    supervising = asyncio.create_task(supervisor.run())
    try:
        await eventually(
            lambda: log.exists() and "can't be reached" in log.read_text(), within=START
        )
        playground.faults.answer("GET", "/users/@me", 502)
        playground.faults.answer("GET", "/users/@me", 503)
        async with playground:
            await eventually(lambda: playground.hub.connected(me), within=START)
            assert supervisor.ended == []
            assert supervisor.process is not None
            os.kill(supervisor.process.pid, signal.SIGKILL)
            await eventually(
                lambda: supervisor.ended and playground.hub.connected(me), within=START
            )
            assert supervisor.ended == [-signal.SIGKILL]
            assert "Traceback" not in supervisor.log()
    finally:
        supervising.cancel()
        with suppress(asyncio.CancelledError):
            await supervising
