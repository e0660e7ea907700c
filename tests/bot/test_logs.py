"""Log lines: one id from the question through the bot and the real worker and back."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import logs
from bot.executor import Asker, open_executor
from bot.settings import Settings
from models.jobs import Classify

QUESTION = 1575005108087816192
GREY = b"P5 64 64 255\n" + bytes(range(64)) * 64


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Put the logging back after each test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = logging.getLogger("discord").level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("discord").setLevel(quiet)


async def test_one_id_leads_through_both_processes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Bot and worker name the question in each line about its job, and in no other line."""
    settings = Settings(
        _env_file=None, device="cpu", cache=tmp_path, log_level="DEBUG", log_format="json"
    )
    logs.begin(settings)
    async with open_executor(settings) as executor:
        await executor.ready()
        logs.question.set(QUESTION)
        await executor.submit(Classify(picture=GREY), Asker(1, None, QUESTION))
        logs.question.set(None)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    mine = [(line["logger"], line["message"]) for line in lines if line["question"]]
    assert {line["question"] for line in lines} == {None, str(QUESTION)}
    assert ("bot.executor.executor", "A Classify waits, 1 in all") in mine
    assert ("worker", f"__main__: Preparing a Classify of {len(GREY)} bytes") in mine
    assert ("worker", "__main__: Running a batch of 1") in mine
    assert any(message.startswith("Answered after") for _, message in mine)


def test_text_has_the_id_before_the_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A line without a question has no brackets; with one, its id."""
    logs.begin(Settings(_env_file=None))
    log = logging.getLogger("room")
    log.info("nobody asked")
    token = logs.question.set(7)
    log.info("somebody asked")
    logs.question.reset(token)
    plain, asked = capsys.readouterr().err.splitlines()
    assert plain.endswith("INFO    room: nobody asked")
    assert asked.endswith("INFO    [7] room: somebody asked")
