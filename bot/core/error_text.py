"""The one error handler: from any exception to the sentence a person reads.

A table from class to sentence, looked up along the exception's class tree, serves text commands
and interactions alike. Expected failures are a debug line in the log; an unexpected one shows a
short reference code and is logged with its traceback under that code.
"""

import logging
import secrets
from collections.abc import Callable
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.core import metrics
from bot.core.contact import contact
from bot.core.errors import BobbyError
from bot.core.i18n import tr

log = logging.getLogger(__name__)

Sentence: TypeAlias = Callable[[BaseException], str]


def _own_words(error: BaseException) -> str:
    return str(error)


def _stale(_: BaseException) -> str:
    return tr("That command was just updated. Reload Discord, or try again in a minute.")


def _discord_down(_: BaseException) -> str:
    return tr("Discord is having problems right now. Try again in a minute.")


def _no_access(_: BaseException) -> str:
    return tr(
        "I don't have permission to do that in this channel. Ask a server admin to check my role."
    )


SENTENCES: dict[type[BaseException], Sentence] = {
    BobbyError: _own_words,
    app_commands.AppCommandError: _stale,  # what a command itself raises is unwrapped before
    discord.DiscordServerError: _discord_down,
    discord.Forbidden: _no_access,
}


def explain(error: BaseException, what: object) -> str:
    """Return the sentence for `error`, which ended `what`; log it as it deserves, and count it."""
    while isinstance(error, commands.CommandInvokeError | app_commands.CommandInvokeError):
        error = error.original
    metrics.ERRORS.labels(metrics.error_code(error)).inc()
    for kind in type(error).__mro__:
        if sentence := SENTENCES.get(kind):
            log.debug("%s ended with %s: %s", what, type(error).__name__, error)
            return sentence(error)
    code = secrets.token_hex(3).upper()
    log.error("Reference %s: %s failed unexpectedly", code, what, exc_info=error)
    said = tr(
        "Something went wrong on my end. If it keeps happening, give the bot owner "
        "this code: **{code}**",
        code=code,
    )
    return f"{said}\n-# {contact()}"
