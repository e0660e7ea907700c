"""How many cores this process may keep busy where a container or a unit has a quota of time.

torch counts the machine's cores. Under a quota (`docker run --cpus`, Kubernetes' limits, systemd's
`CPUQuota=`) so many threads use it up at once and are all made to wait for the next period.
"""

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_V1, _V2 = "cpu", ""
"""The controllers of the line in `/proc/self/cgroup` that counts."""


def quota(root: Path = Path("/")) -> int | None:
    """Return the cores' worth of time that this process may use, rounded up; None for no limit.

    The narrowest limit of its control group and all around it counts. `root` is where /proc and
    /sys are. Sources: the kernel's cgroup-v2.rst and sched-bwc.rst.
    """
    shares = [share for folder in _groups(root) if (share := _share(folder)) is not None]
    return max(1, math.ceil(min(shares))) if shares else None


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups for processor time, inner ones first."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # there are no control groups here
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == _V2 or _V1 in controllers.split(","):
            mount = root / "sys/fs/cgroup" / controllers
            # Inside a container the path may be that of the host, of which only the top is here.
            for inner in (PurePosixPath(path), *PurePosixPath(path).parents):
                yield mount / inner.relative_to("/")


def _share(folder: Path) -> float | None:
    """Return the cores' worth that the group in `folder` limits itself to, None for no limit."""
    for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            words = " ".join((folder / name).read_text() for name in names).split()
        except OSError:
            continue
        if words[0] not in {"max", "-1"}:
            return int(words[0]) / int(words[1])
    return None
