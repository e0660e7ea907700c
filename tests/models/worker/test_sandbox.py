"""What a process in the sandbox is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
WHO = """
import os, sys
print(os.getuid(), os.getgid(), os.stat(sys.argv[1]).st_uid)
"""


def test_it_is_still_the_user_that_it_was(tmp_path: Path) -> None:
    """A namespace of its own does not make its files somebody else's."""
    code, home = tmp_path / "code", tmp_path / "home"
    code.mkdir()
    home.mkdir()
    (code / "who.py").write_text(WHO)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "models.worker.sandbox", "--home", str(home)),
            *("--readable", str(code), "--memory-mib", "4096", "who", str(home)),
        ],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{code}"},
        capture_output=True,
        text=True,
        check=True,
    )
    user, group = os.getuid(), os.getgid()
    assert done.stdout.split() == [str(user), str(group), str(user)]
