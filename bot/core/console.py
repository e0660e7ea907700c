"""How every command begins, prints and ends: settings and log first, a fitting exit status last.

It prints to whatever it is given: a terminal or a pipe in any encoding, a disk that is full, a
reader who has had enough, nothing at all. Nobody is shown a traceback for that, or for Ctrl-C.
"""

import asyncio
import codecs
import contextlib
import errno
import gc
import io
import json
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from typing import Any, NoReturn, TextIO

import click
import msgspec

from bot.core import logs
from bot.core.errors import SetupError
from bot.core.settings import Settings, read_settings

INTERRUPTED, UNWRITTEN, READER_GONE = 130, 74, 141
"""Exit statuses: of what SIGINT ended, of a failed write (EX_IOERR), of what SIGPIPE ended."""

_OF_WRITING = {errno.EPIPE, errno.EBADF, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

_PLAIN_SIGNS = str.maketrans(
    {
        "█": "#",
        "░": ".",
        "×": "x",
        "→": "->",
        "–": "-",
        "—": "-",
        "·": "-",
        "…": "...",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
    }
)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what an encoding doesn't have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = error.object[error.start : error.end].translate(_PLAIN_SIGNS)
    return plain.encode("ascii", "replace").decode("ascii"), error.end


codecs.register_error("plain-signs", _plainly)


def open_streams() -> None:
    """Make the standard streams usable, whatever they are; a command line does it first of all."""
    # Otherwise the next file or socket that is opened would become standard output.
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)
    sys.stdin = sys.stdin or _opened(0, "r")
    sys.stdout = sys.stdout or _opened(1, "w")  # to which each write fails, and that is told
    sys.stderr = sys.stderr or _opened(2, "w")
    for stream in (sys.stdout, sys.stderr):
        _use_plain_signs(stream)


def _opened(number: int, mode: str) -> TextIO:
    stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
    assert isinstance(stream, io.TextIOWrapper)
    return stream


def _use_plain_signs(stream: TextIO) -> None:
    if isinstance(stream, io.TextIOWrapper) and stream.errors != "plain-signs":
        stream.reconfigure(errors="plain-signs")


log = logging.getLogger(__name__)


class _Ending(click.ClickException):
    """Ends the process with the sentence and the status of `error`."""

    def __init__(self, error: SetupError) -> None:
        super().__init__(str(error))
        self.exit_code = error.status  # type: ignore[misc]  # click itself reads it off instances


def load_settings(**instead: object) -> Settings:
    """Read the settings and begin to log, to standard error: standard output is for answers.

    `instead` wins over what is set, where it is not None.
    """
    try:
        settings = read_settings()
    except SetupError as error:
        raise _Ending(error) from None
    logs.configure_logging(settings)
    if settings.remark:
        log.warning(settings.remark)
    return settings.model_copy(update={k: v for k, v in instead.items() if v is not None})


def run_async(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401  (whatever the coroutine returns)
    """Run `work` to its end and return what it does; end the process in order where it fails."""
    # What is imported stays for good; to look through all of it for garbage again and again
    # would hold the event loop for 30 ms each time.
    gc.freeze()
    with orderly_end(), _ctrl_c_heard():
        try:
            return asyncio.run(work)
        except SetupError as error:
            raise _Ending(error) from None


@contextlib.contextmanager
def _ctrl_c_heard() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt within the block, where it would end the process."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """End the process as is customary where Ctrl-C ends the block, or a write that fails."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (OSError, BaseExceptionGroup) as error:
        if (number := _failed_write(error)) is None:
            raise
        _leave(number)


def _failed_write(error: BaseException) -> int | None:
    """Return the number of the write error that `error` is or has in it."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_failed_write, error.exceptions)), None)
    if isinstance(error, OSError) and error.filename is None and error.errno in _OF_WRITING:
        return error.errno
    return None


def _leave(number: int) -> NoReturn:
    # What is left in the buffer has somewhere to go at the interpreter's end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if number == errno.EPIPE:
        sys.exit(READER_GONE)  # as `head` expects
    with contextlib.suppress(OSError):
        click.echo(f"Error: The answer can't be written: {os.strerror(number)}.", err=True)
    sys.exit(UNWRITTEN)


def print_json(line: dict[str, object]) -> None:
    """Print one JSON object on one line, in ASCII where the output is not in UTF-8."""
    text = msgspec.json.encode(line).decode()
    in_utf8 = codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name == "utf-8"
    print_line(text if in_utf8 else json.dumps(json.loads(text)))


def print_line(text: str) -> None:
    """Print a line of the answer to standard output at once, also when that is a pipe."""
    _use_plain_signs(sys.stdout)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
