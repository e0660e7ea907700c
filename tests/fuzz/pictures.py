"""`python -m tests.fuzz.pictures [COUNT] [--seed N]`: damaged pictures through the decoder.

Each goes to a process with limited memory (`victim`), which is waited for only so long. Owns that
process and the figures. Whatever is neither a picture nor a refusal is kept as a file.
"""

import argparse
import contextlib
import json
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutations import mutants

ROOT = Path(__file__).resolve().parents[2]
WALL_SECONDS = 30.0
"""A picture that takes longer, on however busy a machine, hangs."""
CPU_SECONDS = 5.0
"""Processor time that the worst picture may cost."""
REFUSALS = frozenset({"empty_file", "not_a_picture", "damaged_picture", "too_many_pixels"})


@dataclass
class Tally:
    """What became of all of them; `wrong` has the number of each picture that should not be so."""

    outcomes: Counter[str] = field(default_factory=Counter)
    films: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int, str] = (0.0, -1, "")
    peak: int = 0
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def add(self, number: int, name: str, told: dict[str, object]) -> None:
        """Count one answer of the process's."""
        for counter, key in ((self.outcomes, "decode"), (self.films, "film")):
            what = str(told[key])
            counter[what if what in REFUSALS or what == "picture" else "wrong"] += 1
            if what not in REFUSALS and what != "picture":
                self.wrong.append((number, f"{name}: {key} {what}"))
        seconds = float(str(told["seconds"]))
        self.slowest = max(self.slowest, (seconds, number, name))
        self.peak = max(self.peak, int(str(told["peak"])))
        if seconds > CPU_SECONDS:
            self.wrong.append((number, f"{name}: took {seconds:.1f} s"))


class Victim:
    """The process; started again after it died or was killed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, data: bytes) -> dict[str, object] | str:
        """Return what became of `data`, or how the process died of it."""
        process = self._process = self._process or _started()
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(WALL_SECONDS, process.kill)
        watch.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(struct.pack("<I", len(data)) + data)
                process.stdin.flush()
            line = process.stdout.readline()
        finally:
            watch.cancel()
        if line:
            told: dict[str, object] = json.loads(line)
            return told
        self.close()
        return f"the process ended with {process.returncode}"

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
            self._process.wait(WALL_SECONDS)
            self._process = None


def _started() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "tests.fuzz.victim"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def run(count: int, seed: int, start: int = 0) -> Iterator[Tally]:
    """Send `count` pictures through, from number `start` on; yields the tally after each."""
    tally, victim = Tally(), Victim()
    try:
        for number, (name, data) in enumerate(mutants(count, seed, start), start):
            told = victim.look(data)
            if isinstance(told, str):
                tally.outcomes["wrong"] += 1
                tally.wrong.append((number, f"{name}: {told}"))
            else:
                tally.add(number, name, told)
            yield tally
    finally:
        victim.close()


def main() -> None:
    """Send many through, show how it goes, and keep what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.pictures", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="the first picture's number")
    parser.add_argument(
        "--keep", type=Path, default=Path("fuzzed"), help="folder for what is wrong"
    )
    options = parser.parse_args()
    tally = Tally()
    for done, tally in enumerate(run(options.count, options.seed, options.start), 1):
        if done % 1000 == 0:
            sys.stderr.write(f"{done} pictures, {len(tally.wrong)} wrong\n")
    print_out(tally)
    for number, why in tally.wrong:
        options.keep.mkdir(exist_ok=True)
        ((_, data),) = mutants(1, options.seed, number)
        (options.keep / f"{options.seed}-{number}").write_bytes(data)
        sys.stdout.write(f"  {number}: {why}\n")
    sys.exit(bool(tally.wrong))


def print_out(tally: Tally) -> None:
    """Print the figures."""
    seconds, number, name = tally.slowest
    for what, counter in (("decode", tally.outcomes), ("film", tally.films)):
        sys.stdout.write(f"{what}: {json.dumps(dict(counter.most_common()))}\n")
    sys.stdout.write(f"slowest: {seconds:.2f} s of processor time, number {number}, {name}\n")
    sys.stdout.write(f"peak memory: {tally.peak / 2**20:.0f} MiB\n")


if __name__ == "__main__":
    main()
