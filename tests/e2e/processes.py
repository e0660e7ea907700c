"""Bobby as people start him: real processes of the command line, their output and their end.

They run in a folder of the test's own, with none of this machine's settings and no weights but
those that are installed with Bobby, and none outlives the block that started it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.workers import workers_below

ROOT = Path(__file__).resolve().parents[2]
BOBBY = [sys.executable, "-P", "-m", "bot"]
"""`-P`: like the console script, it does not take modules from the working directory."""
TOKEN = "DISCORD_TOKEN"
START = 120.0
"""Seconds that a start may take on a busy machine, the worker's included."""


def environment(folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """Return this process's environment with `settings` as Bobby's only ones."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != TOKEN and not name.startswith("BOBBY_")
    }
    places = {"BOBBY_CACHE": "weights", "BOBBY_DATA": "data", "TORCH_HOME": "torch"}
    own = {name: str(folder / place) for name, place in places.items()}
    own["BOBBY_RUNTIME"] = "torch"  # or each would first compile its networks
    return kept | own | {"PYTHONPATH": str(ROOT)} | settings


def bobby(
    *arguments: str | Path, folder: Path, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder` until it ends; return its status and what it printed."""
    return subprocess.run(
        [*BOBBY, *map(str, arguments)],
        cwd=folder,
        env=environment(folder, settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )


@dataclass(frozen=True)
class Running:
    """A command that goes on: its process, and the files that its output goes to."""

    process: subprocess.Popen[bytes]
    output: Path
    errors: Path

    @property
    def pid(self) -> int:
        """The bot process's id."""
        return self.process.pid

    def printed(self) -> str:
        """Return everything it has printed so far, on both streams."""
        return self.output.read_text() + self.errors.read_text()

    def worker(self) -> psutil.Process:
        """Return its one worker process."""
        (worker,) = workers_below(self.pid)
        return worker

    def first_line(self) -> str:
        """Wait for the first line on standard output, or the process's end, and return it."""
        until = time.monotonic() + START
        while "\n" not in (text := self.output.read_text()) and self.process.poll() is None:
            assert time.monotonic() < until, self.printed()
            time.sleep(0.05)
        return text.partition("\n")[0]

    def ended(self, within: float) -> int:
        """Wait for its end and return its exit status.

        Raises:
            TimeoutExpired: It still runs after `within` seconds.
        """
        return self.process.wait(within)


@contextlib.contextmanager
def running(*arguments: str, folder: Path, **settings: str) -> Iterator[Running]:
    """Start a command in `folder`, as the leader of a process group; nothing of it is left over."""
    output, errors = folder / "output.txt", folder / "errors.txt"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [*BOBBY, *arguments],
            cwd=folder,
            env=environment(folder, settings),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    family: list[psutil.Process] = []
    try:
        yield Running(process, output, errors)
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.send_signal(signal.SIGKILL)


def gone(process: psutil.Process) -> bool:
    """Tell whether `process` has ended, be it that nobody has read its exit status yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
