"""Processes that Bobby starts: Ctrl-C is not for them, and what they start ends with them."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import psutil


async def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    limit: int = 2**20,
) -> Process:
    """Start `command` with `environment` and nothing else of this process's own.

    It gets its own session: Ctrl-C in the terminal reaches the bot alone, which then ends it in
    order, and a kill reaches whatever it started. It runs in the root folder, since the one that
    Bobby was started in may be deleted.

    Raises:
        OSError: The program can't be started.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=dict(environment),
        cwd=Path(sys.executable).anchor,
        limit=limit,
        start_new_session=True,
        creationflags=flags,
    )


@contextlib.asynccontextmanager
async def child(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: int | None = None,
    stdout: int | None = None,
) -> AsyncIterator[Process]:
    """Run a process as `start` does; it is gone when the block is left, however that is."""
    process = await start(command, environment, stdin=stdin, stdout=stdout)
    try:
        yield process
    finally:
        kill(process.pid)
        await process.wait()


def terminate(pid: int) -> None:
    """Ask process `pid`, which `start` has started, and what it has started to end."""
    if sys.platform == "win32":
        kill(pid)  # there is no asking
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)


def kill(pid: int) -> None:
    """End process `pid`, which `start` has started, and what it has started, at once."""
    if sys.platform == "win32":
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            for one in (*process.children(recursive=True), process):
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
