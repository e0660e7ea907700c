"""What every folder of tests shares: a clean environment, and where others' pictures lie."""

import os
from pathlib import Path

import pytest

from tests.playground.judge import (  # noqa: F401 - a fixture and hooks
    judged,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

_SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure() -> None:
    """Forget what an operator has set on this machine: a test sets what it is about."""
    for name in [*os.environ]:
        ways_out = name.lower().endswith("_proxy") or name == "SSL_CERT_FILE"
        if name.startswith("BOBBY_") or name == "DISCORD_TOKEN" or ways_out:
            del os.environ[name]
    # Each test has a cache of its own, in which OpenVINO would first compile what it runs.
    os.environ["BOBBY_RUNTIME"] = "torch"


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: many tests wait for others' processes."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of reference pictures beside the checkout; skip where it is absent."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("The reference pictures are not here: ../shared/data is absent.")
    return _SHARED_DATA
