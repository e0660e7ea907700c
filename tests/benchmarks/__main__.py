"""`python -m tests.benchmarks [start|posting|pauses|engines|bombs] [--json]`: measure and print."""

import argparse
import asyncio
import json
import sys

from tests.benchmarks import bombs, engines, pauses, posting, start

MEASUREMENTS = {
    "start": start.measure,
    "posting": posting.measure,
    "pauses": pauses.measure,
    "engines": engines.measure,
    "bombs": bombs.measure,
}


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="|".join(MEASUREMENTS))
    parser.add_argument("--json", action="store_true", help="print one JSON object a figure")
    options = parser.parse_args()
    if unknown := set(options.what).difference(MEASUREMENTS):
        parser.error(f"there is no measurement {', '.join(unknown)}")
    for name in options.what or MEASUREMENTS:
        figures = asyncio.run(MEASUREMENTS[name]())
        if not options.json:
            sys.stdout.write(f"{name}\n")
        for figure in figures:
            line = (
                json.dumps({"measurement": name} | figure.as_json())
                if options.json
                else f"  {figure.as_line()}"
            )
            sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
