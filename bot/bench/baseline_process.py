"""The process that Bobby is measured beside, as `bobby bench` holds it.

Owns its start, its end and the lines that go back and forth; what it can time is told in
`models.bench.server`. It also says which worker answers with the very same weights.
"""

import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, Self

from bot.core.errors import SetupError
from bot.core.processes import child
from bot.core.settings import Settings
from bot.executor.engines.supervisor import WorkerCommand
from bot.executor.factory import worker_command, worker_environment


class Contenders:
    """The process that Bobby is measured beside; an async context manager that starts it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self._settings = settings
        self._process: Process | None = None
        self.facts: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        settings = self._settings
        command = [sys.executable, "-m", "models.bench.server", str(self.folder)]
        command += ["--model", settings.default_model, "--device", settings.devices[0]]
        command += ["--precision", settings.precision, "--runtime", settings.runtime]
        command += ["--cache", str(settings.weights_folder)]
        environment = worker_environment(os.environ)
        async with contextlib.AsyncExitStack() as stack:
            self._process = await stack.enter_async_context(
                child(command, environment, stdin=PIPE, stdout=PIPE)
            )
            self.facts = await self._answer()
            self._end = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end.aclose()

    async def ask(self, what: str, **details: object) -> float:
        """Return the figure `what` with its `details`, see `models.bench.server`.

        Raises:
            SetupError: The process has ended; its own words are on standard error.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"what": what} | details).encode() + b"\n")
        return float(await self._answer())

    async def _answer(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process is not None
        assert self._process.stdout is not None
        if not (line := await self._process.stdout.readline()):
            raise SetupError("What Bobby is measured beside has ended; see above why.")
        return json.loads(line)

    def program(self) -> WorkerCommand:
        """Return the worker that answers with the very same weights."""
        stands_in = self.facts["stand_in"]
        settings = (
            self._settings.model_copy(update={"cache": self.folder})
            if stands_in
            else self._settings
        )
        python, _, module, *rest = worker_command(settings, settings.devices[0])
        assert module == "models.worker.process"
        command = [python, "-m", "models.bench.worker", str(self.folder), *rest]
        return WorkerCommand(command, worker_environment(os.environ))

    def worker_mib(self) -> float:
        """Return the most memory that the worker has had, in MiB, as Linux tells it."""
        pid = (self.folder / "worker.pid").read_text(encoding="ascii")
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return int(peak) / 1024
