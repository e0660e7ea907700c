"""One Bobby a data folder: two would answer every question, and learn every lesson, twice."""

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path
from typing import Self

import filelock

from bot.core.errors import SetupError
from bot.storage.database import FILE

log = logging.getLogger(__name__)

LOCK, OWNER = "bobby.lock", "bobby.owner"
WAIT_SECONDS = 10.0
"""How long another Bobby may take to end: one that is being restarted does."""


class FolderLock:
    """The lock on `folder`; an async context manager. The system releases it with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = filelock.FileLock(folder / LOCK, thread_local=False)

    async def __aenter__(self) -> Self:
        """Wait for the lock, and write down who has it.

        Raises:
            SetupError: Another process keeps it.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not self._acquired():  # noqa: ASYNC110 - no system tells when it is free
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise SetupError(
                f"Another Bobby uses the data folder {self._folder} ({self._owner()}). Stop it, or"
                " set BOBBY_DATA to another folder."
            ) from None
        except OSError as error:
            log.warning("Can't lock %s (%s): don't start a second Bobby on it", self._folder, error)
            return self
        with contextlib.suppress(OSError):  # it only says who it is
            (self._folder / OWNER).write_text(f"process {os.getpid()} on {socket.gethostname()}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._lock.is_locked:
            with contextlib.suppress(OSError):
                (self._folder / OWNER).unlink(missing_ok=True)
            self._lock.release()

    def _acquired(self) -> bool:
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        return True

    def _owner(self) -> str:
        try:
            return (self._folder / OWNER).read_text()
        except OSError:
            return "its process is unknown"


def is_free(folder: Path) -> bool:
    """Tell whether a Bobby has had `folder`, and none has it now."""
    try:
        with filelock.FileLock(folder / LOCK, thread_local=False).acquire(timeout=0):
            return (folder / FILE).exists()
    except (filelock.Timeout, OSError):
        return False
