"""The command line within the tests' own process, with an engine that answers without networks."""

import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from bot.cli.main import cli
from bot.executor import factory
from bot.executor.engines.base import Result as Outcome
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.supervisor import WorkerCommand
from models.jobs.answers import Labels, PictureAnswer
from models.jobs.control import Ready
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Job
from tests.bot.executor import answers, tiny_worker
from tests.bot.executor.fake_engine import FakeEngine


@dataclass
class Desk:
    """Where an operator sits: `run` is a command; `answer` says what becomes of each job.

    `asked` are the jobs so far, without their pictures and whose they are.
    """

    folder: Path
    ready: Ready = answers.READY
    answer: Callable[[Job], Outcome] = lambda job: answers.labels(job.picture.decode())
    asked: list[Job] = field(default_factory=list)

    def run(self, *arguments: str | Path, answer: str | None = None, **settings: str) -> Result:
        """Run `bobby` with `arguments` and nothing set but `settings`."""
        names = {name for name in os.environ if name.startswith("BOBBY_")} | {"DISCORD_TOKEN"}
        places = {"BOBBY_CACHE": "weights", "BOBBY_DATA": "data"}
        own = {name: str(self.folder / place) for name, place in places.items()}
        environment = dict.fromkeys(names) | own | settings
        with untouched():
            return CliRunner().invoke(
                cli,
                [*map(str, arguments)],
                input=answer,
                env=environment,
                catch_exceptions=False,
            )

    def file(self, name: str, content: str = "a picture") -> str:
        """Write a file and return its name."""
        (self.folder / name).write_text(content)
        return name

    def engine(self, _program: WorkerCommand, **_limits: float) -> FakeEngine:
        """Return an engine in place of a worker's."""

        def run_batch(batch: Any) -> list[Outcome]:
            self.asked += [structs.replace(job, picture=b"", requester=None) for job in batch]
            return [self.answer(job) for job in batch]

        return FakeEngine(run_batch, self.ready)


@contextlib.contextmanager
def untouched() -> Iterator[None]:
    """Put back what a command does to its process: its log, and its peace from the collector."""
    root, quiet = logging.getLogger(), logging.getLogger("discord")
    handlers, levels = root.handlers[:], (root.level, quiet.level)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        quiet.setLevel(levels[1])
        gc.unfreeze()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk in an empty folder."""
    desk = Desk(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(factory, "LocalEngine", desk.engine)
    return desk


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk whose worker says that it can't start."""
    return _with_tiny_workers("refuse", tmp_path, monkeypatch)


@pytest.fixture
def brittle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk whose workers do what each file says; a silent one has two seconds."""
    return _with_tiny_workers("tell", tmp_path, monkeypatch, silence=2.0)


def _with_tiny_workers(
    start: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **limits: Any
) -> Desk:
    command = [sys.executable, tiny_worker.__file__, start, str(folder / "diary")]
    path = {"PYTHONPATH": str(Path(__file__).parents[2])}

    def engine(program: WorkerCommand, **usual: Any) -> LocalEngine:
        return LocalEngine(
            WorkerCommand(command, {**program.environment, **path}), **(usual | limits)
        )

    monkeypatch.chdir(folder)
    monkeypatch.setattr(factory, "LocalEngine", engine)
    return Desk(folder)


def card(name: str, **fields: Any) -> ModelInfo:
    """Return the card of a classifier that is not here, but for `fields`."""
    return structs.replace(answers.CARD, **({"name": name, "ready": False} | fields))


def labels(text: str, **fields: Any) -> Labels:
    """Return an answer whose one label is `text`, but for `fields`."""
    return structs.replace(answers.labels(text), **fields)


PICTURED: dict[str, Any] = {
    name: getattr(answers.labels(""), name) for name in PictureAnswer.__struct_fields__
}
"""What every answer about a picture tells of how it came about."""
