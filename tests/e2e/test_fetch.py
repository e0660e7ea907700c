"""`bobby fetch`, `verify` and `clean` as real processes, against a mirror on this machine."""

import asyncio
import hashlib
import random
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bot.library.publisher import Publisher
from tests.e2e.processes import BOBBY, START, environment

PAIR = "apple2orange"
"""A model without a published hash: any content that looks like weights becomes the right one."""


@pytest_asyncio.fixture(loop_scope="package")
async def mirror() -> AsyncIterator[Publisher]:
    """Return a mirror that has the generator of oranges: 20 MB that look like a file of weights."""
    content = b"PK\x03\x04" + random.Random(0).randbytes(20_000_000)
    async with Publisher(files={f"{PAIR}.pth": content}) as mirror:
        yield mirror


async def bobby(
    *arguments: str, folder: Path, mirror: Publisher, answer: bytes | None = None, **settings: str
) -> tuple[int, str, str]:
    """Run a command against `mirror`; return its status and what it printed."""
    process = await _started(*arguments, folder=folder, mirror=mirror, **settings)
    async with asyncio.timeout(START):
        printed, complained = await process.communicate(answer)
    assert process.returncode is not None
    return process.returncode, printed.decode(), complained.decode()


async def _started(
    *arguments: str, folder: Path, mirror: Publisher, **settings: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*BOBBY, *arguments),
        cwd=folder,
        env=environment(folder, {"BOBBY_MIRROR": mirror.url, **settings}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def weights(folder: Path) -> list[str]:
    """Return the names of all files in the folder of weights but for locks."""
    files = [path for path in (folder / "weights").rglob("*") if path.is_file()]
    return sorted(path.name for path in files if path.suffix != ".lock")


async def test_killed_in_the_middle_and_gone_on_with(tmp_path: Path, mirror: Publisher) -> None:
    """After SIGKILL the next run asks for the rest alone, and the file is right."""
    content = mirror.files[f"{PAIR}.pth"]
    mirror.pause = 0.02
    process = await _started("fetch", PAIR, folder=tmp_path, mirror=mirror)
    part = tmp_path / "weights" / "downloads" / f"{PAIR}.pth.part"
    async with asyncio.timeout(START):
        while not (part.is_file() and part.stat().st_size > 500_000):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    kept = part.stat().st_size
    mirror.pause = 0
    status, printed, complained = await bobby("fetch", PAIR, folder=tmp_path, mirror=mirror)
    assert status == 0, complained
    assert printed == f"{PAIR} installed.\n"
    assert (tmp_path / "weights" / f"{PAIR}.pth").read_bytes() == content
    first, second = mirror.asked
    assert second.range == f"bytes={kept}-"
    assert second.sent == len(content) - kept
    # What the killed process had not written yet was on its way: in its memory and its sockets.
    assert kept <= first.sent < kept + 8 * 2**20
    assert weights(tmp_path) == [f"{PAIR}.pth", f"{PAIR}.pth.sha256"]


@pytest.mark.slow
async def test_wrong_bytes_under_a_published_hash(tmp_path: Path, mirror: Publisher) -> None:
    """The mirror's file of torchvision's is not the published one: an error, nothing left."""
    mirror.files["squeezenet1_1-b8a52dc0.pth"] = random.Random(1).randbytes(4_966_400)
    status, printed, complained = await bobby(
        "fetch", "squeezenet1_1", PAIR, folder=tmp_path, mirror=mirror
    )
    assert status == 1
    assert printed == f"{PAIR} installed.\n"
    assert "failed its check" in " ".join(complained.split())
    assert "b8a52dc0" in complained
    assert weights(tmp_path) == [f"{PAIR}.pth", f"{PAIR}.pth.sha256"]


@pytest.mark.slow
async def test_a_name_that_is_nobodys(tmp_path: Path, mirror: Publisher) -> None:
    """The sentence offers the nearest names; nothing is fetched."""
    status, _, complained = await bobby("fetch", "apple2oranges", folder=tmp_path, mirror=mirror)
    assert status == 1
    assert "Did you mean apple2orange" in complained
    assert mirror.asked == []


@pytest.mark.slow
async def test_offline(tmp_path: Path, mirror: Publisher) -> None:
    """With BOBBY_OFFLINE nobody is asked for anything."""
    status, _, complained = await bobby(
        "fetch", PAIR, folder=tmp_path, mirror=mirror, BOBBY_OFFLINE="1"
    )
    assert status == 1
    assert "BOBBY_OFFLINE" in complained
    assert mirror.asked == []


async def test_verify_finds_the_damaged_and_fetch_mends_it(
    tmp_path: Path, mirror: Publisher
) -> None:
    """Right files are told, too; the exit status says whether all are."""
    await bobby("fetch", PAIR, folder=tmp_path, mirror=mirror)
    path = tmp_path / "weights" / f"{PAIR}.pth"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with path.open("rb+") as file:
        file.seek(1000)
        file.write(b"x" * 10)
    status, printed, _ = await bobby("verify", folder=tmp_path, mirror=mirror)
    assert status == 1
    assert "efficientnet_lite0: OK (efficientnet-lite0-57934424.pth" in printed
    assert ": OK (" in printed
    assert f"{PAIR}: {PAIR}.pth" in printed
    status, _, complained = await bobby("fetch", PAIR, folder=tmp_path, mirror=mirror)
    assert status == 0, complained
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


@pytest.mark.slow
async def test_clean_asks_before_it_removes(tmp_path: Path, mirror: Publisher) -> None:
    """It names halves of downloads and unknown files, and leaves what a model needs."""
    folder = tmp_path / "weights"
    (folder / "downloads").mkdir(parents=True)
    (folder / "downloads" / "old.pth.part").write_bytes(b"half")
    (folder / "mystery.pth").write_bytes(b"?")
    (folder / "alexnet-owt-7be5be79.pth").write_bytes(b"known by name")
    status, printed, _ = await bobby("clean", folder=tmp_path, mirror=mirror, answer=b"n\n")
    assert status == 1
    assert "old.pth.part" in printed
    assert "mystery.pth" in printed
    assert "alexnet" not in printed
    assert len(weights(tmp_path)) == 3
    status, _, _ = await bobby("clean", "--yes", folder=tmp_path, mirror=mirror)
    assert status == 0
    assert weights(tmp_path) == ["alexnet-owt-7be5be79.pth"]
