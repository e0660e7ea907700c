"""Two bots on one Ray cluster at an address: they share replicas, and the last tidies up."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.core.errors import SetupError
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.executor.factory import open_executor, warm
from bot.executor.queue import Requester
from models.jobs.requests import Classify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None,
        reason="Ray is not installed: pip install 'bobby[ray]'",
    ),
]

GRAY = b"P5 64 64 255\n" + bytes(range(64)) * 64
RAY = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps to the loopback
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "a-token-of-this-test-alone-that-is-long-enough",
    "OMP_NUM_THREADS": "1",
}
HEAD = "import ray.scripts.scripts as s; s.main()"


@pytest.fixture
def head(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, psutil.Process]]:
    """Run a cluster's head, as an operator starts it; yield its address and its process."""
    for name, value in RAY.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tempfile.mkdtemp(prefix="bobby-ray-")  # a socket's path must not be long
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", HEAD, "start", "--head", "--block", f"--port={port}"),
            *("--num-cpus=2", "--include-dashboard=false", f"--temp-dir={folder}"),
        ],
        env=os.environ | RAY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    running = psutil.Process(process.pid)
    try:
        _await_listener(port, process)
        yield f"127.0.0.1:{port}", running
    finally:
        family = running.children(recursive=True) if running.is_running() else []
        for one in [running, *family]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _await_listener(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    pytest.fail("The cluster's head did not start.")


def replicas(head: psutil.Process) -> set[int]:
    """Return the process ids of the replicas on the cluster of `head`."""
    found = set()
    for process in head.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "ray::ServeReplica" in " ".join(process.cmdline()):
                found.add(process.pid)
    return found


def relay(pid: int) -> psutil.Process:
    """Return the relay of this process that is not `pid`."""
    children = psutil.Process().children()
    (found,) = [c for c in children if "models.worker.ray.relay" in c.cmdline() and c.pid != pid]
    return found


async def label(executor: Executor) -> str:
    """Ask for one picture."""
    return (await executor.submit(Classify(picture=GRAY), Requester(1))).top[0].label


async def test_two_bots_share_the_replicas(
    head: tuple[str, psutil.Process], tmp_path: Path
) -> None:
    """Neither the death nor the leaving of one is the other's trouble; the last takes them down."""
    address, process = head
    settings = Settings(
        _env_file=None,
        engine="ray",
        ray_address=address,
        ray_cpus=1,
        default_model="efficientnet_lite0",
        device="cpu",
        cache=tmp_path,
    )
    async with open_executor(settings) as first:
        await warm(first)
        mine = relay(0)
        async with open_executor(settings) as second:
            await warm(second)
            shared = replicas(process)
            assert len(shared) == 1
            theirs = relay(mine.pid)
            theirs.kill()
            assert await label(first) == await label(second)
            assert (first.snapshot().restarts, second.snapshot().restarts) == (0, 1)
        assert replicas(process) == shared
        await label(first)
    async with asyncio.timeout(30):
        while replicas(process):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.2)
    assert process.is_running()


async def test_an_address_where_nobody_is_is_said_at_once(tmp_path: Path) -> None:
    """The operator reads which, not a traceback."""
    settings = Settings(
        _env_file=None, engine="ray", ray_address="127.0.0.1:1", device="cpu", cache=tmp_path
    )
    async with open_executor(settings) as executor:
        with pytest.raises(SetupError, match=r"Ray at 127\.0\.0\.1:1 can't be used"):
            await warm(executor)


async def test_without_ray_it_is_said_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that fails is one sentence."""
    (tmp_path / "ray.py").write_text('raise ImportError("No module named ray")\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    settings = Settings(_env_file=None, engine="ray", device="cpu", cache=tmp_path)
    async with open_executor(settings) as executor:
        with pytest.raises(SetupError, match="pip install"):
            await warm(executor)
