"""A hub repository of the tests' own, whose entry points behave, or do what strangers' code does.

Its package is called `models`, as in many a repository, which is Bobby's name as well.
"""

import io
import tarfile
from pathlib import Path

OWNER = "stranger/things"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LABELS = ("dark", "bright")

HUBCONF = '''\
"""Things."""
import os
import sys

from models.brightness import Brightness

dependencies = ["torch"]


def brightness(scale=1.0):
    """Tell dark pictures from bright ones.

    Its scale is how sure it is of that.
    """
    print("Downloading... done")
    os.write(1, b"\\x00\\x00\\x00\\x05hello")
    return Brightness(scale)


class _Doing(Brightness):
    """Does something with every picture before it looks at it."""

    def __init__(self, deed):
        super().__init__(1.0)
        self.deed = deed

    def forward(self, pictures):
        self.deed()
        return super().forward(pictures)


def forks():
    """Go on as two."""
    return _Doing(os.fork)


def leaves():
    """End the program."""
    return _Doing(sys.exit)


def exits():
    """End the process."""
    return _Doing(lambda: os._exit(3))


def deadlocks():
    """Wait for what never comes."""
    import threading

    lock = threading.Lock()
    lock.acquire()
    return _Doing(lock.acquire)


def eats_memory():
    """Take all there is."""
    return _Doing(lambda: [bytearray(2**28) for _ in range(1000)])


def calls_home():
    """Ask somebody else."""
    import urllib.request

    with open("somebody.txt") as file:
        address = file.read()
    return _Doing(lambda: urllib.request.urlopen(address, timeout=5))


def pries():
    """Look for what it should not find."""
    assert not any("TOKEN" in name or "PROXY" in name.upper() for name in os.environ)
    assert os.environ["HOME"] == os.getcwd() and os.getcwd().endswith("home")
    opened = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
              if os.path.exists(f"/proc/self/fd/{n}")]
    strange = [name for name in opened if not name.startswith(("pipe:", "/dev/null", "/proc/"))]
    assert not strange, strange
    return Brightness(1.0)


def escapes():
    """Tell by its logits, which are no numbers then, that it got out; its log says how."""
    import ctypes

    libc = ctypes.CDLL(None)
    bot = os.getppid()
    secret, port = open("outside.txt").read().split()

    def system():
        return libc.system(b"exit 3") == 3 << 8

    def secrets():
        return open(secret).read()

    def wreck():
        return open(secret, "a").write("x")

    def environment():
        return open(f"/proc/{bot}/environ").read()

    def memory():
        return open(f"/proc/{bot}/mem", "rb")

    def signals():
        return os.kill(bot, 0) is None

    def network():
        libc.setns(os.open(f"/proc/{bot}/ns/net", os.O_RDONLY), 0)
        family = (2).to_bytes(2, sys.byteorder)
        address = family + int(port).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
        return libc.connect(libc.socket(2, 1, 0), address, 16) == 0

    ways = []
    for way in (system, secrets, wreck, environment, memory, signals, network):
        try:
            if way():
                ways.append(way.__name__)
        except OSError:
            pass
    print("It got out by", ways, file=sys.stderr)
    return Brightness(1.0 if not ways else float("nan"))


def unfit():
    """Give three numbers for two labels."""
    import torch

    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(3))


def _hidden():
    pass
'''

BRIGHTNESS = """\
import torch


class Brightness(torch.nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale

    def forward(self, pictures):
        mean = pictures.mean((1, 2, 3)) * self.scale
        return torch.stack([-mean, mean], 1)
"""


def files() -> dict[str, str]:
    """Return the repository's files."""
    return {
        "hubconf.py": HUBCONF,
        "models/__init__.py": "",
        "models/brightness.py": BRIGHTNESS,
        "README.md": "# Things\n",
    }


def archive(*extra: tarfile.TarInfo, hubconf: str = HUBCONF) -> bytes:
    """Return the repository as its host sends it: gzip, all below one folder, and `extra`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in {**files(), "hubconf.py": hubconf}.items():
            data = text.encode()
            member = tarfile.TarInfo(f"things-{COMMIT}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for member in extra:
            tar.addfile(member)
    return packed.getvalue()


def write(folder: Path) -> None:
    """Lay the repository out in `folder`."""
    for name, text in files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
