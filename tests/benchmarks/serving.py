"""The executor beside LitServe and Ray Serve: the same job, from the same client, in turns.

`python -m tests.benchmarks.serving [--picture FILE] [--precision P …]` needs the extras `ray` and
`benchmarks`. Everybody has the same weights; the servers have Bobby's own form of the network or,
with `--network plain`, the published one. In each round each is asked for all jobs at once, and a
server that is not asked is stopped. A ratio is that of one round.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil

from bot.bench.baseline_process import Contenders
from bot.bench.figures import progress
from bot.core.settings import Settings
from bot.executor.engines.local import LocalEngine
from bot.executor.executor import Executor
from bot.executor.factory import warm, worker_environment
from bot.executor.queue import Limits, Requester
from models.jobs.base import Precision
from models.jobs.requests import Classify
from tests.benchmarks.figures import Figure
from tests.e2e.processes import ROOT

START = 300.0
"""Seconds that a server may take until it answers."""
UNLIMITED = 10**12
RIVALS = ("litserve", "ray")
SHARED = ROOT.parent / "shared" / "data" / "bobby.jpg"

Ask = Callable[[int], Awaitable[None]]


@dataclass(frozen=True)
class Rival:
    """A running server and where it takes pictures."""

    process: subprocess.Popen[bytes]
    url: str


@contextlib.contextmanager
def serving(
    name: str, folder: Path, precision: Precision, form: str, settings: Settings
) -> Iterator[Rival]:
    """Run rival `name`; yield it. Nothing of it is left over."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.benchmarks.rivals", name, str(folder), str(port)),
            *(settings.default_model, precision, form, str(settings.weights_folder)),
        ],
        cwd=ROOT,
        env=worker_environment(os.environ),
        start_new_session=True,
    )
    try:
        path = "/predict" if name == "litserve" else "/"
        yield Rival(process, f"http://127.0.0.1:{port}{path}")
    finally:
        _pause(process, on=False)
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _pause(process: subprocess.Popen[bytes], *, on: bool) -> None:
    """Stop `process` and all that it has started, or let them go on: even idle they take time."""
    with contextlib.suppress(psutil.NoSuchProcess):
        server = psutil.Process(process.pid)
        for one in [server, *server.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.suspend() if on else one.resume()


@contextlib.asynccontextmanager
async def asking(rival: Rival, picture: bytes) -> AsyncIterator[Ask]:
    """Yield what posts the picture so many times at once and awaits all answers."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one() -> None:
            form = aiohttp.FormData()
            form.add_field("picture", picture, filename="a.jpg", content_type="image/jpeg")
            async with session.post(rival.url, data=form) as response:
                response.raise_for_status()
                assert len((await response.json())["top"]) == 5

        async def ask(count: int) -> None:
            _pause(rival.process, on=False)
            await asyncio.gather(*(one() for _ in range(count)))
            if count > 1:
                _pause(rival.process, on=True)

        deadline = time.monotonic() + START
        while True:
            try:
                await ask(1)
                break
            except aiohttp.ClientError:
                assert rival.process.poll() is None, "The server has ended; see above why."
                assert time.monotonic() < deadline, f"{rival.url} does not answer"
                await asyncio.sleep(0.5)
        yield ask


@contextlib.asynccontextmanager
async def executing(contenders: Contenders, picture: bytes) -> AsyncIterator[Ask]:
    """Yield what submits the picture so many times at once to Bobby's executor."""
    job = Classify(picture=picture)
    engine = LocalEngine(contenders.program(), hang_after=START)
    limits = Limits(UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED)
    async with Executor(engine, limits=limits, batch_size=8, timeout=START) as executor:
        await warm(executor)

        async def ask(count: int) -> None:
            await asyncio.gather(*(executor.submit(job, Requester(1)) for _ in range(count)))

        yield ask


async def measure(
    picture: bytes | None, precision: Precision, form: str, rounds: int, jobs: int
) -> list[Figure]:
    """Ask every one for `jobs` answers in turns, `rounds` times, after a warm-up."""
    settings = Settings(_env_file=None, device="cpu", precision=precision)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if picture is not None:
            (folder / "picture.jpg").write_bytes(picture)
        async with contextlib.AsyncExitStack() as stack:
            contenders = await stack.enter_async_context(Contenders(settings, folder))
            facts = contenders.facts
            stand_in = " (random weights)" if facts["stand_in"] else ""
            progress(
                f"{facts['model']}{stand_in} on {facts['device']}, {precision},"
                f" {facts['threads']} threads, load {os.getloadavg()[0]:.1f}"
            )
            data = (folder / "picture.jpg").read_bytes()
            runners = {"executor": await stack.enter_async_context(executing(contenders, data))}
            for rival in RIVALS:
                server = stack.enter_context(serving(rival, folder, precision, form, settings))
                runners[rival] = await stack.enter_async_context(asking(server, data))
            return _figures(await _timed(runners, rounds, jobs))


async def _timed(runners: dict[str, Ask], rounds: int, jobs: int) -> dict[str, list[float]]:
    """Return the seconds that each took for each round; everybody begins a round in turns."""
    took: dict[str, list[float]] = {name: [] for name in runners}
    for ask in runners.values():
        await ask(16)
    for number in range(rounds):
        progress(f"serving: round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}")
        names = [*runners][number % len(runners) :] + [*runners][: number % len(runners)]
        for name in names:
            await runners[name](1)
            begun = time.perf_counter()
            await runners[name](jobs)
            took[name].append((time.perf_counter() - begun) / jobs)
            await asyncio.sleep(1)
    return took


def _figures(took: dict[str, list[float]]) -> list[Figure]:
    figures = [
        Figure(
            f"as fast as {rival}",
            "×",
            [theirs / ours for theirs, ours in zip(took[rival], took["executor"], strict=True)],
        )
        for rival in RIVALS
    ]
    for name, seconds in took.items():
        figures.append(Figure(f"by {name}", "/s", [1 / second for second in seconds]))
    return figures


def main() -> None:
    """Measure and print a line a figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.serving", description=__doc__)
    parser.add_argument("--picture", type=Path, default=SHARED if SHARED.is_file() else None)
    parser.add_argument("--precision", nargs="+", default=["float32"])
    parser.add_argument("--network", choices=["ours", "plain"], default="ours")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=200)
    options = parser.parse_args()
    picture = options.picture and options.picture.read_bytes()
    for precision in options.precision:
        figures = asyncio.run(
            measure(picture, precision, options.network, options.rounds, options.jobs)
        )
        sys.stdout.write(precision + "\n")
        for figure in figures:
            sys.stdout.write(f"  {figure.as_line()}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
