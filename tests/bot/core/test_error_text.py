"""The one error handler."""

import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from bot.core import errors, metrics
from bot.core.error_text import explain
from models.jobs.answers import Failure, FailureCode
from models.jobs.base import say

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


def answer(status: int) -> Any:
    """Return an answer of Discord's with that status."""
    return SimpleNamespace(status=status, reason="because")


def test_discords_own_failures_are_told_apart() -> None:
    """Each has a sentence; none falls through to a reference code."""
    missing = app_commands.CommandNotFound("x", [])
    told = {
        "having problems right now": discord.DiscordServerError(answer(503), "secret"),
        "don't have permission": discord.Forbidden(answer(403), "secret"),
        "was just updated": missing,
    }
    for words, error in told.items():
        shown = explain(error, "message 1")
        assert words in shown
        assert "secret" not in shown


def test_every_failure_is_counted() -> None:
    """By its reason, once."""

    def counted() -> float:
        reason = {"reason": "no_picture"}
        return metrics.REGISTRY.get_sample_value("bobby_refusals_total", reason) or 0.0

    before = counted()
    explain(commands.CommandInvokeError(errors.NoPicture("Post one.")), "message 1")
    assert counted() == before + 1


def test_a_workers_failure_is_one_of_the_tree() -> None:
    """What is wrong with a picture or a name is the requester's to mend, the rest the model's."""
    kinds = {
        errors.BadPicture: ("empty_file", "not_a_picture", "damaged_picture", "too_many_pixels"),
        errors.UnknownModel: ("unknown_model", "no_weights"),
        errors.ModelFailed: ("out_of_memory", "model_failed"),
    }
    codes = {code: kind for kind, some in kinds.items() for code in some}
    assert set(codes) == set(get_args(FailureCode))
    for code in get_args(FailureCode):
        error = errors.from_failure(Failure(code=code, sentence=say("{x} is wrong.", x="It")))
        assert type(error) is codes[code]
        assert str(error) == error.english == "It is wrong."
