"""What the command line imports into its own process: never torch, nor Discord without need."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

RUN = """
import sys
from bot.cli.main import cli
try:
    cli(sys.argv[1:])
finally:
    heavy = [name for name in ("torch", "torchvision", "numpy", "PIL") if name in sys.modules]
    if sys.argv[1] != "doctor":
        heavy += [name for name in ("discord", "openvino") if name in sys.modules]
    print("heavy:", heavy)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--help"], ["models", "--json"], ["doctor"], ["verify"], ["classify", "dog.jpg"]),
        *(["caption", "dog.jpg"], ["zebra", "dog.jpg", "--output", "zebra.png"]),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_leaves_torch_to_its_workers(
    arguments: list[str], tmp_path: Path, shared_data: Path
) -> None:
    """The command does its work to the end, and what needs torch runs in another process."""
    (tmp_path / "dog.jpg").write_bytes((shared_data / "bobby.jpg").read_bytes())
    folders = {f"BOBBY_{name}": str(tmp_path / name) for name in ("CACHE", "DATA")}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "BOBBY_DEVICE": "cpu", **folders},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) > 1, done.stderr
    assert lines[-1] == "heavy: []", done.stderr
