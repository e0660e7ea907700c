"""The one error handler."""

import logging
import re
from pathlib import Path

import pytest
from discord.ext import commands

from bot import errors
from bot.failures import explain

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.mark.parametrize("error", [errors.NoPicture("Post one."), errors.Overloaded("Too many.")])
def test_an_expected_failure_is_its_own_sentence(
    error: errors.BobbyError, caplog: pytest.LogCaptureFixture
) -> None:
    """It is shown as it stands, also when discord.py has wrapped it, and is no error in the log."""
    assert explain(commands.CommandInvokeError(error), "message 1") == str(error)
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


def test_an_unexpected_failure_shows_only_a_code(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the exception nor a path is shown; the log has the traceback under the code."""
    try:
        Path("/secret/path").read_bytes()
    except OSError as error:
        shown = explain(commands.CommandInvokeError(error), "message 1")
    code = re.search(r"\*\*([0-9A-F]{6})\*\*", shown)
    assert code
    assert "secret" not in shown
    assert code[1] in caplog.text
    assert "Traceback" in caplog.text
    assert "/secret/path" in caplog.text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, errors.BobbyError)])
def test_every_failure_of_the_tree_is_expected(kind: type[errors.BobbyError]) -> None:
    """No class of the tree falls through to a reference code."""
    assert explain(kind("What to do."), "message 1") == "What to do."
