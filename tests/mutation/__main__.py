"""Tells how many planted faults the tests notice: `python -m tests.mutation [PATH…]`.

    python -m tests.mutation --record        # once for a checkout: which test reaches which line
    python -m tests.mutation --count 200     # at random over the product; --seed N for others
    python -m tests.mutation bot/executor models/images/decode.py --count 40
    python -m tests.mutation --table             # what is known so far

Each fault is planted in a copy of the checkout, never here. Results are kept in the folder
`.mutation`, a line each, so that a run that was stopped goes on where it was.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.faults import Fault, faults
from tests.mutation.reach import Reach, record

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".mutation"
PRODUCT = ("bot", "cogs", "models", "hubconf.py")
LEFT_OUT = ("models/train/", "models/bench/", "bot/bench/")
"""What trains and measures: nobody's answer depends on it."""
NOTICED, UNNOTICED, UNREACHED = "noticed", "unnoticed", "unreached"


def product(paths: list[str]) -> list[str]:
    """Return the Python files at or below `paths` that people's answers depend on."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = listed.stdout.split()
    return [one for one in files if one.endswith(".py") and not one.startswith(LEFT_OUT)]


def chosen(paths: list[str], count: int, seed: int) -> list[Fault]:
    """Return `count` faults below `paths` at random, each line as likely as any other."""
    by_line: dict[tuple[str, int], list[Fault]] = defaultdict(list)
    for path in product(paths):
        for fault in faults(ROOT, path):
            by_line[path, fault.line].append(fault)
    dice = random.Random(seed)
    lines = dice.sample(sorted(by_line), min(count, len(by_line)))
    return [dice.choice(by_line[line]) for line in lines]


def verdict(copy: Path, fault: Fault, reach: Reach, seconds: float) -> tuple[str, str]:
    """Plant `fault` in the checkout `copy`, take it back; return what came of it and who saw."""
    source = (ROOT / fault.path).read_bytes()
    last = fault.line + source[fault.start : fault.end].count(b"\n")
    tests = reach.tests(fault.path, fault.line, last, seconds)
    if not tests:
        return UNREACHED, ""
    (copy / fault.path).write_bytes(fault.planted(source))
    (copy / "chosen.txt").write_text("\n".join(tests))
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
    command += ["--timeout", "60", "-m", "", "--tb", "no", "-W", "default", "@chosen.txt"]
    try:
        done = subprocess.run(
            command, cwd=copy, capture_output=True, text=True, timeout=seconds * 4, check=False
        )
    except subprocess.TimeoutExpired:
        return NOTICED, "hangs"
    finally:
        (copy / fault.path).write_bytes(source)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return (NOTICED, failed[0][:200] if failed else "ends") if done.returncode else (UNNOTICED, "")


def run(wanted: list[Fault], jobs: int, seconds: float) -> None:
    """Try each of `wanted` that has no result yet."""
    results = FOLDER / "results.jsonl"
    known = {one["key"] for one in known_results()}
    reach = Reach(FOLDER / "reached", ROOT)
    copies: SimpleQueue[Path] = SimpleQueue()
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(jobs) as pool:
        for number in range(jobs):
            # `../shared` is looked for beside a checkout.
            place = Path(temporary) / str(number)
            place.mkdir()
            if (ROOT.parent / "shared").is_dir():
                (place / "shared").symlink_to(ROOT.parent / "shared")
            ignore = shutil.ignore_patterns(
                ".git", ".venv", ".mutation", "node_modules", ".*_cache"
            )
            shutil.copytree(ROOT, place / "bobby", ignore=ignore)
            copies.put(place / "bobby")

        def attempt(fault: Fault) -> None:
            copy = copies.get()
            try:
                what, by = verdict(copy, fault, reach, seconds)
            finally:
                copies.put(copy)
            line = {
                "key": fault.key,
                "line": fault.line,
                "code": fault.code,
                "what": what,
                "by": by,
            }
            with results.open("a") as opened:
                opened.write(json.dumps(line) + "\n")
            sys.stdout.write(f"{what:10} {fault.path}:{fault.line} {fault.kind} {by}\n")
            sys.stdout.flush()

        list(pool.map(attempt, (fault for fault in wanted if fault.key not in known)))


def known_results() -> list[dict[str, str]]:
    """Return what earlier runs found."""
    path = FOLDER / "results.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def area(path: str) -> str:
    """Return the folder that a file's faults are counted in."""
    parts = Path(path).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def table(keys: set[str] | None = None) -> str:
    """Return the share noticed by folder, of all faults known or of `keys`, as Markdown."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in known_results():
        if keys is None or one["key"] in keys:
            for name in (area(one["key"].partition(":")[0]), "all"):
                counts[name][0] += one["what"] == NOTICED
                counts[name][1] += 1
    rows = [f"| {name} | {a} of {b} | {a / b:.0%} |" for name, (a, b) in sorted(counts.items())]
    return "\n".join(["| folder | noticed | share |", "|---|---|---|", *rows]) + "\n"


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="*", default=list(PRODUCT), metavar="PATH")
    parser.add_argument("--record", nargs="?", const="", metavar="PYTEST_ARGUMENTS")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=120, help="of tests for a fault, at most")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    if options.record is not None:
        shutil.rmtree(FOLDER / "reached", ignore_errors=True)
        record(ROOT, FOLDER / "reached", options.record.split() or ["-m", ""])
    elif options.table:
        sys.stdout.write(table())
    else:
        wanted = chosen(options.paths, options.count, options.seed)
        run(wanted, options.jobs, options.seconds)
        sys.stdout.write(table({fault.key for fault in wanted}))


if __name__ == "__main__":
    main()
