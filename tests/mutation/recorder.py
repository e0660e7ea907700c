"""A pytest plugin that records which test reaches which line, and how long each test takes.

In this process coverage's context is the running test. A process that a test starts may live longer
than the test, so there the context is the test's file.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

HERE = Path(__file__).parent
FOLDER, FILE = "MUTATION_FOLDER", "MUTATION_FILE"
"""Where a recording goes, and the file of the test that runs: read by `coverage.ini`."""
SECONDS = "seconds"


class Recorder:
    """Switches the context from test to test; started in each of xdist's workers as well."""

    def __init__(self) -> None:
        self._folder = os.environ[FOLDER]
        self._file = "tests"
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()
        self._coverage = coverage.Coverage(config_file=str(HERE / "coverage.ini"))
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Name the test, here and for the processes that it starts."""
        self._file = item.nodeid.partition("::")[0]
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up how long its set-up, call and tear-down took."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self._failed.add(report.nodeid)

    def pytest_unconfigure(self) -> None:
        """Write down what this process has seen; a test that is red anyway notices nothing."""
        self._coverage.stop()
        self._coverage.save()
        passed = {test: took for test, took in self._seconds.items() if test not in self._failed}
        path = Path(self._folder) / f"{SECONDS}-{os.getpid()}.json"
        path.write_text(json.dumps(passed))

    def environment(self, wanted: dict[str, str]) -> dict[str, str]:
        """Return `wanted` with what a process needs to record; a worker has an allow-list else."""
        path = [str(HERE / "site"), wanted.get("PYTHONPATH", "")]
        return wanted | {
            FOLDER: self._folder,
            FILE: self._file,
            "COVERAGE_PROCESS_START": str(HERE / "coverage.ini"),
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
        }


def pytest_configure(config: pytest.Config) -> None:
    """Begin; processes that are started from here on record as well."""
    recorder = Recorder()
    config.pluginmanager.register(recorder)
    plain: Any = subprocess.Popen.__init__

    def recording(self: Any, *args: Any, env: Any = None, **options: Any) -> None:
        plain(self, *args, env=recorder.environment(dict(env or os.environ)), **options)

    subprocess.Popen.__init__ = recording  # type: ignore[method-assign]
