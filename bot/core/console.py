"""How every command begins, prints and ends: settings and log first, a fitting exit status last."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

import click
import msgspec

from bot.core import logs
from bot.core.errors import SetupError
from bot.core.settings import Settings, read_settings

log = logging.getLogger(__name__)


class _Ending(click.ClickException):
    """Ends the process with the sentence and the status of `error`."""

    def __init__(self, error: SetupError) -> None:
        super().__init__(str(error))
        self.exit_code = error.status  # type: ignore[misc]  # click itself reads it off instances


def prepare(**instead: object) -> Settings:
    """Read the settings and begin to log, to standard error: standard output is for answers.

    `instead` wins over what is set, where it is not None.
    """
    try:
        settings = read_settings()
    except SetupError as error:
        raise _Ending(error) from None
    logs.begin(settings)
    if settings.remark:
        log.warning(settings.remark)
    return settings.model_copy(update={k: v for k, v in instead.items() if v is not None})


def finish(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  (whatever the coroutine returns)
    """Run `work` to its end and return what it does; end the process in order where it fails."""
    # What is imported stays for good; to look through all of it for garbage again and again
    # would hold the event loop for 30 ms each time.
    gc.freeze()
    try:
        return asyncio.run(work)
    except SetupError as error:
        raise _Ending(error) from None
    except KeyboardInterrupt:
        sys.exit(130)
    except BaseExceptionGroup as group:
        if not group.split(BrokenPipeError)[0]:
            raise
        _leave_quietly()
    except BrokenPipeError:
        _leave_quietly()


def print_json(line: dict[str, object]) -> None:
    """Print one JSON object on one line."""
    print_line(msgspec.json.encode(line).decode())


def print_line(text: str) -> None:
    """Print a line of the answer to standard output at once, also when that is a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _leave_quietly() -> NoReturn:
    """End as `head` expects when the reader has had enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(141)
