"""Whatever a command prints to, and whenever Ctrl-C comes: no traceback, and a customary status."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bot.core.console import print_json, print_line
from tests.e2e.processes import BOBBY, START, environment

CAT = Path(__file__).parents[3] / "bot" / "pictures" / "samples" / "cat.jpg"
CLASSIFY = ["classify", str(CAT)]
SMALL = {"BOBBY_DEFAULT_MODEL": "efficientnet_lite0"}
unix = pytest.mark.skipif(sys.platform == "win32", reason="Its streams and signals are Unix's.")


def started(
    folder: Path, *arguments: str, redirection: str = "", **settings: str
) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, its output redirected as a shell does it."""
    shell = ["sh", "-c", f'exec "$@" {redirection}', "sh", *BOBBY, *arguments]
    return subprocess.Popen(
        shell,
        cwd=folder,
        env=environment(folder, SMALL | settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )


@pytest.mark.parametrize("encoding", ["cp1252", "cp949", "cp932", "gbk", "latin-1", "ascii"])
def test_an_answer_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """What it doesn't have becomes a plain sign, of the same width for a bar."""
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, encoding=encoding))
    print_line("░░ 3×4 – “cat” → 고양이 \udcff")
    print_json({"file": "고양이×.png"})
    line, answer = pipe.getvalue().decode(encoding).splitlines()
    assert re.match(r"(\.\.|░░) 3[x×]4 [-–] [\"“]cat", line), line
    assert json.loads(answer) == {"file": "고양이×.png"}


@unix
def test_a_whole_command_in_ascii(tmp_path: Path) -> None:
    """The very bars, in signs that everything has."""
    process = started(tmp_path, *CLASSIFY, PYTHONIOENCODING="ascii")
    answer, complaints = process.communicate(timeout=START)
    assert process.returncode == 0, complaints
    assert "(451x300)" in answer
    assert re.search(r"^  #+\.+ +\d", answer, re.MULTILINE), answer


FULL, CLOSED = ">/dev/full", ">&-"
REASONS = {FULL: "No space left on device", CLOSED: "Bad file descriptor"}


@unix
@pytest.mark.parametrize(
    ("command", "redirection"),
    [
        (["--help"], FULL),
        (["--help"], CLOSED),
        (["doctor"], FULL),
        *[
            pytest.param(command, redirection, marks=pytest.mark.slow)
            for command in (["verify"], ["models"], CLASSIFY)
            for redirection in REASONS
        ],
    ],
)
def test_nowhere_to_print(tmp_path: Path, command: list[str], redirection: str) -> None:
    """One sentence says why."""
    if redirection == FULL and not Path("/dev/full").exists():
        pytest.skip("This system has no /dev/full.")
    process = started(tmp_path, *command, redirection=redirection, BOBBY_LOG_LEVEL="ERROR")
    _, complaints = process.communicate(timeout=START)
    assert process.returncode == 74, complaints
    *_, last = complaints.splitlines()
    assert last == f"Error: The answer can't be written: {REASONS[redirection]}."
    assert "Traceback" not in complaints
    assert "Exception" not in complaints


@unix
def test_nobody_reads(tmp_path: Path) -> None:
    """As in `| head -0`: silence."""
    with started(tmp_path, *CLASSIFY, BOBBY_LOG_LEVEL="ERROR") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == 141


@unix
def test_all_streams_closed(tmp_path: Path) -> None:
    """What the command opens does not take their places."""
    process = started(tmp_path, *CLASSIFY, redirection="<&- >&- 2>&-")
    assert process.communicate(timeout=START) == ("", "")
    assert process.returncode == 74


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone lends an account without a name.")
def test_an_account_without_a_home(tmp_path: Path) -> None:
    """As in a container with a user of its own: which setting helps, and that it does."""
    nobody = ["unshare", "--user", "--map-user=12345", "env", "-u", "HOME"]
    if subprocess.run([*nobody, "true"], check=False, capture_output=True).returncode:
        pytest.skip("This system has no user namespaces.")

    def verify(**settings: str) -> subprocess.CompletedProcess[str]:
        surroundings = environment(tmp_path, settings)
        kept = {k: v for k, v in surroundings.items() if k not in {"BOBBY_CACHE", "TORCH_HOME"}}
        return subprocess.run(
            [*nobody, *BOBBY, "verify"],
            cwd=tmp_path,
            env=kept | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    without = verify()
    assert without.returncode == 78
    sentence = "This account has no home folder. Set BOBBY_CACHE to a folder to use instead."
    assert without.stderr == f"Error: {sentence}\n"
    helped = verify(BOBBY_CACHE=str(tmp_path / "weights"))
    assert helped.returncode == 0, helped.stderr


def wait_until_bobby_has_begun(process: subprocess.Popen[str]) -> None:
    """Wait until Python itself has started, which minds Ctrl-C, and Bobby's first lines ran."""
    until, python = time.monotonic() + START, False
    status, mine = Path(f"/proc/{process.pid}/status"), 1 << (signal.SIGINT - 1)
    while time.monotonic() < until:
        (caught,) = re.findall(r"SigCgt:\t(\w+)", status.read_text())
        if python and not int(caught, 16) & mine:
            return
        python = bool(int(caught, 16) & mine)
        time.sleep(0.001)
    raise AssertionError("It did not begin.")


def interrupted(folder: Path, command: list[str], after: float) -> tuple[int, str]:
    """Press Ctrl-C `after` seconds from the beginning of `command`; return its status and words."""
    process = started(folder, *command)
    wait_until_bobby_has_begun(process)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    words = "".join(process.communicate(timeout=START))
    return process.returncode, words


MOMENTS = [
    *[(CLASSIFY, after) for after in (0.0, 0.25, 0.5, 2.0)],
    *[(["doctor"], after) for after in (0.0, 0.3, 1.0)],
    *[(["verify"], after) for after in (0.3, 0.7)],
    *[(["bench", "executor", "--rounds", "1"], after) for after in (0.1, 1.5, 4.0, 9.0)],
    *[(["bench", "soak", "--jobs", "50"], after) for after in (0.4, 2.0, 6.0)],
    *[(["bench", "zebra", "--rounds", "1"], after) for after in (2.0, 8.0)],
]


@pytest.mark.skipif(sys.platform != "linux", reason="It looks at processes in /proc.")
@pytest.mark.parametrize(
    ("command", "after"),
    [
        (CLASSIFY, 0.1),
        (["verify"], 0.5),
        (["bench"], 1.5),
        *[pytest.param(*moment, marks=pytest.mark.slow) for moment in MOMENTS],
    ],
)
def test_ctrl_c(tmp_path: Path, command: list[str], after: float) -> None:
    """At any moment it ends in silence, as what SIGINT ended, and so does what it has started."""
    status, words = interrupted(tmp_path, command, after)
    assert "Traceback" not in words
    assert "Exception ignored" not in words
    assert status in (130, -signal.SIGINT)
    until = time.monotonic() + 10
    while left := left_over(tmp_path):
        assert time.monotonic() < until, left
        time.sleep(0.1)


def left_over(folder: Path) -> list[list[str]]:
    """Return the command lines of the processes that were started in `folder`."""
    found = [one.info for one in psutil.process_iter(["cwd", "cmdline"])]
    return [one["cmdline"] for one in found if one["cwd"] == str(folder) and one["cmdline"]]
