"""Runs a module of Bobby's in a process that may do as little as can be.

    python -m models.worker.sandbox --home FOLDER --readable FOLDER --memory-mib N MODULE
    [ARGUMENT…]

Owns the limits and how each is set: memory everywhere; files, programs, signals and connections by
Landlock and by namespaces on Linux, as far as its kernel has them; what Python itself can refuse
elsewhere. None can be taken back, and all are set before the module is imported: torch starts a
thread, and a thread that is there already keeps what it may do. `docs/hub.md` tells operators what
is left.
"""

import argparse
import contextlib
import ctypes
import logging
import os
import runpy
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

_log = logging.getLogger(__name__)

_PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn"}
"""What Python calls the starting of another program, to an audit hook."""

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000

# See https://docs.kernel.org/userspace-api/landlock.html; the numbers are those of its header.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_NO_NEW_PRIVILEGES = 38
_BENEATH = 1
_READ_FILE, _READ_FOLDER, _WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
_EXECUTE = 1 << 0
_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""The rights to files that Landlock came to know, by its version."""
_CONNECTIONS, _SCOPES = 0b11, 0b11
"""Rights to TCP since version 4; signals and abstract sockets of others since version 6."""

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/proc", "/sys", "/nix/store", "/dev/urandom"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types"),
)
"""Where programs read what belongs to nobody; another process's memory in /proc is not that."""


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("connections", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def sandbox(readable: Sequence[Path], home: Path, memory_mib: int) -> None:
    """Set the limits of this process and of what it forks, for good; its folder is then `home`.

    Its address space is bounded, it reads Python, its packages and what is below `readable`, writes
    below `home`, opens no socket and starts no other program.
    """
    _bound_memory(memory_mib)
    os.chdir(home)
    if sys.platform == "linux":
        try:
            _leave_the_network()
        except OSError as error:
            _log.warning("This system gives no network namespace (%s)", error.strerror)
        try:
            _lock([*_python(), *readable], home)
        except OSError as error:
            _log.warning("This system has no Landlock (%s)", error.strerror)
    sys.addaudithook(_refuse)


def _bound_memory(mib: int) -> None:
    if sys.platform != "win32":
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = mib * 2**20
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        except (ValueError, OSError):
            _log.warning("This system bounds no process's memory")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _leave_the_network() -> None:
    """Enter a network of its own, without interfaces, and users of its own, who may not come back.

    Raises:
        OSError: The kernel refuses.
    """
    if sys.platform == "linux":  # as its caller knows, and types do not
        user, group = os.getuid(), os.getgid()
        _called("unshare", _NEW_USER | _NEW_NETWORK)
        # Under the same number as before; else its own files would be somebody else's.
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _lock(readable: Sequence[Path], home: Path) -> None:
    """Let this thread, and all that it starts, use these files and no others.

    Raises:
        OSError: The kernel has no Landlock.
    """
    version = _called("syscall", _CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    everything = sum(rights for since, rights in _RIGHTS.items() if since <= version)
    rules = _Ruleset(
        everything, _CONNECTIONS if version >= 4 else 0, _SCOPES if version >= 6 else 0
    )
    size = 8 * (1 + (version >= 4) + (version >= 6))
    ruleset = _called("syscall", _CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    try:
        for place in readable:
            _allow(ruleset, place, _READ_FILE | (_READ_FOLDER if place.is_dir() else 0))
        _allow(ruleset, Path(os.devnull), _READ_FILE | _WRITE_FILE)
        _allow(ruleset, home, everything & ~_EXECUTE)
        _called("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _called("syscall", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, place: Path, rights: int) -> None:
    if sys.platform == "linux":  # as its caller knows, and types do not
        with contextlib.suppress(FileNotFoundError):
            folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = ctypes.byref(_Beneath(rights, folder))
                _called("syscall", _ADD_RULE, ruleset, _BENEATH, rule, 0)
            finally:
                os.close(folder)


def _python() -> Iterator[Path]:
    """Yield where this Python reads what it is made of; of Bobby, `models` alone."""
    ours = Path(__file__).resolve().parents[2]
    yield from map(Path, (*_SYSTEM, sys.prefix, sys.base_prefix))
    yield from (Path(sysconfig.get_path(kind)) for kind in ("stdlib", "platstdlib", "purelib"))
    yield Path(sysconfig.get_path("platlib"))
    yield ours / "models"
    # Bobby's own folder may have the token in it.
    yield from (place for entry in sys.path if entry and (place := Path(entry).resolve()) != ours)


def _called(name: str, *arguments: object) -> int:
    """Call a function of the C library.

    Raises:
        OSError: It says that it failed.
    """
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    result = int(function(*arguments))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith("socket.") and event != "socket.gethostname":
        raise PermissionError("A hub repository may not use the network while it answers.")
    if event in _PROGRAMS:  # which this hook would not see into
        raise PermissionError("A hub repository may not start other programs.")


def main() -> None:
    """Set the limits, then be the module that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m models.worker.sandbox", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--readable", type=Path, nargs=1, default=[], metavar="FOLDER")
    parser.add_argument("--memory-mib", type=int, required=True)
    parser.add_argument("module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    sandbox(options.readable, options.home, options.memory_mib)
    sys.argv = [options.module, *options.arguments]
    runpy.run_module(options.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
