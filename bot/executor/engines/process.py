"""One worker process, from its start to its end: pipes, frames, signals.

Owns the child and its three pipes: messages go in and come out whole, and what the child writes
to standard error goes to the log, line by line. It decides nothing: when to start, kill or
replace a worker is `supervisor`'s business.
"""

import asyncio
import logging
import re
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.core import processes
from models.jobs.control import FromWorker, ToWorker
from models.jobs.wire import LENGTH_BYTES, body_length, from_worker, pieces

_PIPE_LIMIT = 1024 * 1024
BREATH_LINES, BREATH_SECONDS = 100, 0.005
"""After so many lines of a worker's stderr the event loop is left to others for so long."""
_LINE_LIMIT = 8192
MOST_BYTES, WINDOW = 256 * 1024, 10.0
"""So many bytes of a worker's stderr are logged in so many seconds: some code prints all day."""
_LAST_LINES = 20
"""Of what was left out, so many are logged when the worker has ended: they may say why.
So many are looked through for why it ended, too."""
_LAST_WORDS = 1.0
"""Seconds granted to logging them."""

_SIGNALS = {number.value: number.name for number in signal.Signals}
_NO_MEMORY = re.compile(
    rb"bad_alloc|MemoryError|annot allocate memory|can't allocate memory|failed to map segment"
)
"""What Python, torch and the system's loader write before a process ends for want of memory."""
_ADVICE = (
    "It ran out of memory: raise the limit (of `ulimit -v` to 5 GiB or more, or the container's),"
    " end other programs, or set BOBBY_DEFAULT_MODEL to a smaller model, such as"
    " efficientnet_lite0."
)

logger = logging.getLogger(__name__)
worker_log = logging.getLogger("worker")
"""Carries what the worker writes to standard error."""


@dataclass(frozen=True)
class RetryPolicy:
    """Seconds granted to a worker after its input ended, after SIGTERM and after SIGKILL."""

    end_of_input: float = 1.5
    terminate: float = 1.0
    kill: float = 0.5


class WorkerProcess:
    """A running worker. Build it with `launch` and call `close` whatever happens."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._input, self._output = process.stdin, process.stdout
        self._sending = asyncio.Lock()
        self._last_lines: deque[bytes] = deque(maxlen=_LAST_LINES)
        self._errors = asyncio.create_task(
            _log_lines(process.stderr, self._last_lines), name="worker stderr"
        )

    @classmethod
    async def launch(cls, command: Sequence[str], environment: Mapping[str, str]) -> Self:
        """Start `command` with `environment` and nothing else of this process's own.

        Raises:
            OSError: The program can't be started.
        """
        return cls(
            await processes.start(
                command, environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_PIPE_LIMIT
            )
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def ending(self) -> str:
        """How the process ended, in a sentence."""
        code = self._process.returncode
        if code is None:
            return "The worker closed its output."
        how = f"The worker ended with exit code {code}."
        if code < 0:
            how = f"The worker was killed by {_SIGNALS.get(-code, f'signal {-code}')}."
        short = code != 0 and any(map(_NO_MEMORY.search, self._last_lines))
        return f"{how} {_ADVICE}" if short else how

    async def send(self, message: ToWorker) -> None:
        """Write `message`, giving way to other tasks between its pieces.

        Cancelling kills the worker: half a frame can't be mended.

        Raises:
            ConnectionError: The worker reads no more.
            ValueError: The message is too long for a frame.
        """
        async with self._sending:
            try:
                for piece in pieces(message):
                    self._input.write(piece)
                    await self._input.drain()
                    # drain() does not yield while the worker keeps up.
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                self.kill()
                raise

    async def receive(self) -> FromWorker | None:
        """Return the worker's next message, None when it sends no more.

        Raises:
            ValueError: What came is no frame.
            msgspec.DecodeError: What came is no message.
        """
        try:
            prefix = await self._output.readexactly(LENGTH_BYTES)
            return from_worker(await self._output.readexactly(body_length(prefix)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def kill(self) -> None:
        """Kill the worker and what it has started, at once."""
        processes.kill(self.pid)

    async def close(self, patience: RetryPolicy) -> None:
        """End the worker: end its input, then terminate, then kill; each with its time limit."""
        rest = asyncio.create_task(_discard(self._output), name="worker stdout")
        try:
            self._input.close()
            if await self._ended(patience.end_of_input):
                return
            processes.terminate(self.pid)
            if await self._ended(patience.terminate):
                return
            self.kill()
            if not await self._ended(patience.kill):
                logger.error("Worker process %d could not be killed", self.pid)
        finally:
            # Also when the worker has ended: what it has started may still be there.
            self.kill()
            # The last words of a dead worker are in the pipe's buffer still, and matter most.
            await asyncio.wait([self._errors], timeout=_LAST_WORDS)
            rest.cancel()
            self._errors.cancel()
            await asyncio.gather(rest, self._errors, return_exceptions=True)

    async def _ended(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            return False
        return True


async def _discard(stream: asyncio.StreamReader) -> None:
    while await stream.read(_PIPE_LIMIT):
        pass


class _Allowance:
    """What is logged of a worker's lines: all of them, unless they are too many at once."""

    def __init__(self) -> None:
        self._began, self._left, self._dropped = -WINDOW, 0, 0
        self._last: deque[bytes] = deque(maxlen=_LAST_LINES)

    def log(self, line: bytes) -> None:
        """Log `line`, or count it."""
        now = time.monotonic()
        if now - self._began >= WINDOW:
            self._began, self._left = now, MOST_BYTES
            self._tell()
        self._left -= len(line)
        if self._left >= 0:
            _log(line)
        else:
            self._dropped += 1
            self._last.append(line)

    def end(self) -> None:
        """Log the last lines of those that were only counted."""
        self._dropped -= len(self._last)
        self._tell()
        for line in self._last:
            _log(line)

    def _tell(self) -> None:
        if self._dropped > 0:
            worker_log.warning("%d lines are left out: the worker prints too much", self._dropped)
        self._dropped = 0


async def _log_lines(stream: asyncio.StreamReader, last: deque[bytes]) -> None:
    """Log what comes from `stream` by lines, a longer one than `_LINE_LIMIT` bytes in parts.

    The lines go through `last`, too, where there may be as many as it keeps.
    """
    rest, logged, allowance = b"", 0, _Allowance()
    while chunk := await stream.read(_LINE_LIMIT):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LINE_LIMIT:
            lines, rest = [*lines, rest], b""
        last.extend(lines)
        for line in lines:
            allowance.log(line)
            logged += 1
            if logged % BREATH_LINES == 0:
                # So that a flood fills the pipe and stops its writer, not everybody here.
                await asyncio.sleep(BREATH_SECONDS)
    last.append(rest)
    allowance.log(rest)
    allowance.end()


def _log(line: bytes) -> None:
    if text := line.decode(errors="replace").rstrip():
        # The worker has sorted out by level already: what it wrote is to be seen.
        worker_log.log(max(logging.INFO, worker_log.getEffectiveLevel()), "%s", text)
