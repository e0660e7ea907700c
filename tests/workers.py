"""Worker processes, as the machine sees them."""

import psutil


def workers_below(pid: int | None = None) -> list[psutil.Process]:
    """Return the running workers that a process has started, by default this one."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            if "models.worker.process" in child.cmdline():
                found.append(child)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found
