"""A quota of processor time is seen, wherever the kernel writes it down."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.worker.cpu_quota import quota

V1 = Path("/sys/fs/cgroup/cpu")
ASK = """
import os, sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from models.worker.process import options_of, set_up
set_up(options_of([]))
from models.runtime.compiled import threads
import torch
print(threads(), torch.get_num_threads())
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """Make a control group that may use half a core, or skip where nobody lets us."""
    group = V1 / f"bobby-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"No control group can be made here: {error}")
    try:
        (group / "cpu.cfs_quota_us").write_text("50000")
        (group / "cpu.cfs_period_us").write_text("100000")
        yield group
    finally:
        group.rmdir()


def test_a_worker_under_a_quota_has_no_more_threads_than_it_can_use(group: Path) -> None:
    """A real one: half a core is one thread, in OpenVINO and torch, though the machine has more."""
    environment = {**os.environ, "OMP_NUM_THREADS": "4"}
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(group)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    assert done.stdout.split() == ["1", "1"]


@pytest.mark.parametrize(
    ("cgroup", "files", "found"),
    [
        ("0::/", {"sys/fs/cgroup/cpu.max": "250000 100000"}, 3),
        ("0::/a/b", {"sys/fs/cgroup/a/cpu.max": "400000 100000"}, 4),
        (
            "0::/a/b",
            {"sys/fs/cgroup/a/cpu.max": "100000 100000", "sys/fs/cgroup/a/b/cpu.max": "max 100000"},
            1,
        ),
        ("0::/", {"sys/fs/cgroup/cpu.max": "max 100000"}, None),
        (
            "3:cpu,cpuacct:/docker/0a1b\n0::/",
            {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            2,
        ),
        ("3:memory:/\n0::/", {}, None),
        (None, {}, None),
    ],
)
def test_both_kinds_of_control_groups_are_read(
    cgroup: str | None, files: dict[str, str], found: int | None, tmp_path: Path
) -> None:
    """Rounded up to whole cores; the narrowest of the groups around counts; none is no limit."""
    for name, text in {**files, **({"proc/self/cgroup": cgroup} if cgroup else {})}.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    assert quota(tmp_path) == found
