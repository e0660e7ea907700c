"""How every command ends: its exit status, and what is on which stream."""

import asyncio
import io
import logging
import subprocess
import sys
from pathlib import Path

import click
import pytest

from bot.core.console import load_settings, print_line, run_async
from bot.core.errors import SetupError
from tests.bot.conftest import Desk, untouched
from tests.e2e.processes import ROOT


def test_a_line_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where standard output is a pipe, whose reader would otherwise wait for a block."""
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding="utf-8"))
    print_line("zebra")
    assert pipe.getvalue() == b"zebra\n"


def test_what_the_work_returns_is_returned() -> None:
    """So that a command can tell success from failure."""

    async def work() -> str:
        return await asyncio.sleep(0, "done")

    with untouched():
        assert run_async(work()) == "done"


def test_an_interrupt_is_no_traceback() -> None:
    """The status is that of a program that SIGINT ended."""

    async def work() -> None:
        raise KeyboardInterrupt

    with untouched(), pytest.raises(SystemExit) as end:
        run_async(work())
    assert end.value.code == 130


def test_a_setup_error_is_for_the_operator() -> None:
    """Its sentence alone."""

    async def work() -> None:
        raise SetupError("Plug it in.")

    with untouched(), pytest.raises(click.ClickException, match=r"^Plug it in\.$") as end:
        run_async(work())
    assert end.value.exit_code == 1


def test_a_bug_stays_a_bug() -> None:
    """Even where several tasks ran side by side, none of which lost its reader."""

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_fail())

    with untouched(), pytest.raises(ExceptionGroup):
        run_async(work())


async def _fail() -> None:
    raise KeyError("a bug")


@pytest.mark.parametrize("work", ["write()", "side_by_side()"])
def test_a_reader_who_has_had_enough(work: str) -> None:
    """As with `head`: no traceback, and the status that a shell gives for it."""
    code = f"""\
import asyncio
from bot.core.console import run_async, print_line

async def write():
    while True:
        print_line("an answer")

async def side_by_side():
    async with asyncio.TaskGroup() as group:
        group.create_task(write())

run_async({work})
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"an answer\n"
    process.stdout.close()
    _, complaints = process.communicate(timeout=60)
    assert complaints == b""
    assert process.returncode == 141


def test_what_a_command_sets_wins(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the environment, where it is not None; and the log begins as is set."""
    monkeypatch.setenv("BOBBY_DEFAULT_MODEL", "alexnet")
    with untouched():
        assert load_settings().default_model == "alexnet"
        assert load_settings(default_model=None).default_model == "alexnet"
        assert load_settings(default_model="vgg11").default_model == "vgg11"
    monkeypatch.setenv("BOBBY_LOG_LEVEL", "ERROR")
    with untouched():
        load_settings()
        assert logging.root.level == logging.ERROR


def test_a_wrong_setting_stops_every_command(desk: Desk) -> None:
    """A sentence on standard error, and the status that no supervisor starts again after."""
    file = desk.file("a.png")
    commands = [
        ["run"],
        ["playground"],
        ["classify", file],
        ["caption", file],
        ["zebra", file, "-o", "b.png"],
        ["models"],
        ["fetch", "--all"],
        ["verify"],
        ["clean"],
        ["hub", "fetch"],
        ["hub", "add", "a/b@c"],
        ["doctor"],
        ["status"],
        ["bench"],
    ]
    for command in commands:
        run = desk.run(*command, BOBBY_BATCH_SIZE="0")
        assert run.exit_code == 78, command
        assert run.stdout == "", command
        assert run.stderr.startswith("Error: BOBBY_BATCH_SIZE is '0', but "), command
    assert desk.asked == []


def test_settings_come_from_the_folder_too(desk: Desk) -> None:
    """A `.env` beside the operator is read, and the environment wins over it."""
    (desk.folder / ".env").write_text("BOBBY_BATCH_SIZE=0\n")
    file = desk.file("a.png")
    assert desk.run("classify", file).exit_code == 78
    assert desk.run("classify", file, BOBBY_BATCH_SIZE="1").exit_code == 0


def test_a_slip_is_a_usage_error(desk: Desk) -> None:
    """The status is 2, and nothing is asked of anybody."""
    file = desk.file("a.png")
    slips: list[list[str | Path]] = [
        ["caption"],
        ["caption", file, "--beams", "0"],
        ["caption", file, "--beams", "11"],
        ["zebra", file],
        ["zebra", file, "-o", "b.png", "--size", "31"],
        ["playground", "--port", "65536"],
        ["fetch"],
        ["fetch", "alexnet", "--all"],
        ["hub", "add", "a/b@c", "--argument", "scale"],
    ]
    for slip in slips:
        run = desk.run(*slip)
        assert run.exit_code == 2, slip
        assert "Usage: " in run.stderr, slip
    assert desk.asked == []
