"""Which tests reach a line, and in what order they are worth running.

Owns the recording of a whole run (`record`) and what is read from it. A recording is a folder; it
stays right until tests or lines move.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import coverage

from tests.mutation.recorder import FILE, FOLDER, SECONDS

_END_TO_END = ("tests/e2e/", "tests/playground/test_page")
"""What takes long to start, and so comes last."""


def record(root: Path, folder: Path, pytest_arguments: list[str]) -> None:
    """Run the tests of the checkout `root` and leave in `folder` what they reach."""
    folder.mkdir(parents=True)
    environment = os.environ | {FOLDER: str(folder), FILE: "tests"}
    plugin = ["-p", "tests.mutation.recorder", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugin, *pytest_arguments]
    subprocess.run(command, cwd=root, env=environment, check=False)


class Reach:
    """A recording, read. `root` is the checkout that it was made in."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = root
        combined = coverage.Coverage(data_file=str(folder / "lines"), config_file=False)
        if not (folder / "lines").exists():
            combined.combine([str(folder)], keep=True)
            combined.save()
        combined.load()
        self._data = combined.get_data()
        self._seconds: dict[str, float] = {}
        for part in folder.glob(f"{SECONDS}-*.json"):
            self._seconds |= json.loads(part.read_text())
        self._files: dict[str, list[str]] = defaultdict(list)
        for test in self._seconds:
            self._files[test.partition("::")[0]].append(test)

    def tests(self, path: str, first: int, last: int, seconds: float) -> list[str]:
        """Return the tests that reach a line from `first` to `last` of `path`, best first.

        Together they take at most about `seconds`. A line that only an import runs is reached by
        whatever reaches the rest of its file.
        """
        reached = {
            # Within a process the file's context stands before the test's.
            line: {one.rpartition("|")[2] for one in contexts} - {"", "tests"}
            for line, contexts in self._data.contexts_by_lineno(str(self._root / path)).items()
        }
        here = {one for line in range(first, last + 1) for one in reached.get(line, ())}
        if any("::" in one for one in here):
            contexts = here
        else:
            contexts = here | {one for line in reached.values() for one in line}
        # What only a process without coverage runs has tests by its name, or none.
        contexts = contexts or {
            file for file in self._files if f"test_{Path(path).stem}.py" in file
        }
        direct = {one for one in contexts if "::" in one}
        around = {test for one in contexts - direct for test in self._files.get(one, ())} - direct
        return self._affordable([*self._sorted(direct, path), *self._sorted(around, path)], seconds)

    def _sorted(self, tests: set[str], path: str) -> list[str]:
        word = Path(path).stem.rpartition("_")[2]

        def worth(test: str) -> tuple[bool, bool, float]:
            named = word in test.partition("::")[0]
            return test.startswith(_END_TO_END), not named, self._seconds.get(test, 0)

        return sorted((test for test in tests if test in self._seconds), key=worth)

    def _affordable(self, tests: list[str], seconds: float) -> list[str]:
        chosen: list[str] = []
        for test in tests:
            seconds -= self._seconds[test]
            if seconds < 0 and chosen:
                break
            chosen.append(test)
        return chosen
