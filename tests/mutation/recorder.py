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
SECONDS = "seconds"


class Recorder:
    """Switches the context from test to test; started in each of xdist's workers as well."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(config_file=str(HERE / "coverage.ini"))
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Name the test, here and for the processes that it starts."""
        os.environ["BOBBY_TEST_FILE"] = item.nodeid.partition("::")[0]
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up how long its set-up, call and tear-down took."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration

    def pytest_unconfigure(self) -> None:
        """Write down what this process has seen."""
        self._coverage.stop()
        self._coverage.save()
        path = Path(os.environ["BOBBY_REACHED"]) / f"{SECONDS}-{os.getpid()}.json"
        path.write_text(json.dumps(self._seconds))


def pytest_configure(config: pytest.Config) -> None:
    """Begin; processes that are started from here on record as well."""
    os.environ["BOBBY_TEST_FILE"] = "tests"
    config.pluginmanager.register(Recorder())
    plain: Any = subprocess.Popen.__init__

    def recording(self: Any, *args: Any, env: Any = None, **options: Any) -> None:
        # Workers get an allow-list for their environment, without what coverage needs.
        wanted = dict(os.environ if env is None else env)
        wanted |= {name: os.environ[name] for name in ("BOBBY_REACHED", "BOBBY_TEST_FILE")}
        wanted["COVERAGE_PROCESS_START"] = str(HERE / "coverage.ini")
        path = [str(HERE / "site"), wanted.get("PYTHONPATH", "")]
        wanted["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        plain(self, *args, env=wanted, **options)

    subprocess.Popen.__init__ = recording  # type: ignore[method-assign]
