"""Prints the lowest versions that pyproject.toml admits, as pip's constraints.

`python -m tests.lowest [EXCEPT…] >lowest.txt`, then `pip install -e ".[dev]" -c lowest.txt`. What
has no lower bound, and what is named, is left to pip. docs/contributing.md tells what it is for.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BOUND = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?(?:>=|~=|==)([\w.]+)")


def constraints() -> dict[str, str]:
    """Return the lowest version of each direct dependency, those of the extra `dev` included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {found[1]: found[2] for one in stated if (found := _BOUND.match(one))}


if __name__ == "__main__":
    lines = [f"{name}=={version}" for name, version in constraints().items()]
    sys.stdout.write("\n".join(one for one in lines if one.partition("==")[0] not in sys.argv[1:]))
