"""Log lines: one id from the question through the bot and the real worker and back."""

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from bot.core import logs
from bot.core.settings import Settings
from bot.executor.factory import open_executor
from bot.executor.queue import Requester
from bot.storage.examples import StoredExample
from bot.storage.store import Store
from models.jobs.requests import Classify

QUESTION = 1575005108087816192
GRAY = b"P5 64 64 255\n" + bytes(range(64)) * 64


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Put the logging back after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in ("discord", "aiosqlite")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


async def test_one_id_leads_through_both_processes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Bot and worker name the question in each line about its job, and in no other line."""
    settings = Settings(
        _env_file=None, device="cpu", cache=tmp_path, log_level="DEBUG", log_format="json"
    )
    logs.configure_logging(settings)
    async with open_executor(settings) as executor:
        await executor.ready()
        logs.question.set(QUESTION)
        await executor.submit(Classify(picture=GRAY), Requester(1, None, QUESTION))
        logs.question.set(None)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    mine = [(line["logger"], line["message"]) for line in lines if line["question"]]
    assert {line["question"] for line in lines} == {None, str(QUESTION)}
    assert ("bot.executor.executor", "A Classify waits, 1 in all") in mine
    assert ("worker", f"models.worker.loop: Preparing a Classify of {len(GRAY)} bytes") in mine
    assert ("worker", "models.worker.loop: Running a batch of 1") in mine
    assert any(message.startswith("Answered after") for _, message in mine)


async def test_what_is_taught_is_in_no_log(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Not even in the finest, nor is what libraries see of it."""
    logs.configure_logging(Settings(_env_file=None, log_level="DEBUG"))
    async with Store(tmp_path) as store:
        await store.lessons.add(1, [StoredExample(0, 1, 7, "a secret", "echo", "w", bytes(8))])
    assert "secret" not in capsys.readouterr().err


def test_text_has_the_id_before_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A line without a question has no brackets; with one, its id."""
    logs.configure_logging(Settings(_env_file=None))
    log = logging.getLogger("room")
    log.info("nobody asked")
    token = logs.question.set(7)
    log.info("somebody asked")
    logs.question.reset(token)
    plain, asked = capsys.readouterr().err.splitlines()
    assert plain.endswith("INFO    room: nobody asked")
    assert asked.endswith("INFO    [7] room: somebody asked")


def test_a_json_line_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """The time to a millisecond with its zone, and a traceback only where there is one."""
    logs.configure_logging(Settings(_env_file=None, log_format="json"))
    log = logging.getLogger("room")
    token = logs.question.set(QUESTION)
    log.warning("%d 얼룩말", 3)
    logs.question.reset(token)
    try:
        _ = {"known": 1}["a bug"]
    except KeyError:
        log.exception("It failed")
    printed = capsys.readouterr().err
    assert "얼룩말" in printed
    told, failed = [json.loads(line) for line in printed.splitlines()]
    time = datetime.fromisoformat(told.pop("time"))
    assert time.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - time) < timedelta(minutes=1)
    assert told == {
        "level": "WARNING",
        "logger": "room",
        "question": str(QUESTION),
        "message": "3 얼룩말",
    }
    assert list(failed) == ["time", "level", "logger", "question", "message", "traceback"]
    assert failed["question"] is None
    assert failed["traceback"].startswith("Traceback (most recent call last):\n")
    assert failed["traceback"].endswith("KeyError: 'a bug'")


def test_a_worker_names_its_questions_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The ids before its line go to their own field; another logger's brackets are its words."""
    logs.configure_logging(Settings(_env_file=None, log_format="json"))
    logging.getLogger("worker").info("[7 8] models.worker.loop: Running a batch of 2")
    logging.getLogger("worker").info("__main__: Warm [9] now")
    logging.getLogger("room").info("[7] is a number")
    batch, warm, other = map(json.loads, capsys.readouterr().err.splitlines())
    assert (batch["question"], batch["message"]) == (
        "7 8",
        "models.worker.loop: Running a batch of 2",
    )
    assert (warm["question"], warm["message"]) == (None, "__main__: Warm [9] now")
    assert (other["question"], other["message"]) == (None, "[7] is a number")


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_no_more_is_logged_than_is_wanted(
    capsys: pytest.CaptureFixture[str], level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
) -> None:
    """From the level that is set; whole messages, which discord.py has at its finest, never."""
    logs.configure_logging(Settings(_env_file=None, log_level=level))
    names = ["DEBUG", "INFO", "WARNING", "ERROR"]
    for name in names:
        logging.getLogger("room").log(getattr(logging, name), "ours")
        logging.getLogger("discord.gateway").log(getattr(logging, name), "theirs")
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    wanted = names[names.index(level) :]
    assert [line.split()[1] for line in lines if line.endswith("ours")] == wanted
    theirs = [name for name in wanted if name != "DEBUG"]
    assert [line.split()[1] for line in lines if line.endswith("theirs")] == theirs


def test_a_line_of_text_begins_with_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    """Hours, minutes and seconds."""
    logs.configure_logging(Settings(_env_file=None))
    logging.getLogger("room").info("here")
    assert re.match(r"\d\d:\d\d:\d\d INFO ", capsys.readouterr().err)
