"""What is kept: it outlives a kill, keeps apart what is apart, and refuses what it can't use."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import SetupError, StoreFailed
from bot.store.database import ASIDE, FILE, MIGRATIONS
from bot.store.lessons import Taught
from bot.store.servers import DEFAULTS, ServerSettings
from bot.store.store import Store

HERE, THERE = 10, 20
SET = ServerSettings(model="alexnet", channels=(1, 2), language="ko", per_person=3)

WRITER = """
import asyncio, sys
from pathlib import Path
from bot.store.servers import ServerSettings
from bot.store.store import Store

async def main():
    async with Store(Path(sys.argv[1])) as store:
        for number in range(1, 1_000_000):
            await store.servers.put(number, ServerSettings(per_person=number))
            print(number, flush=True)

asyncio.run(main())
"""
"""Writes for ever, and says what is written."""


def written_until_killed(folder: Path) -> list[str]:
    """Start the writer, kill it after fifty writes, and return what it said."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        return said + writer.stdout.readlines()


def taught(label: str, lesson: int = 1, teacher: int = 7) -> Taught:
    """Return an example."""
    return Taught(0, lesson, teacher, label, "net", "weights", bytes(8))


async def test_what_is_set_is_there_after_a_restart(tmp_path: Path) -> None:
    """Server by server; what is back at its defaults takes no room."""
    async with Store(tmp_path) as store:
        await store.servers.put(HERE, SET)
        await store.servers.put(THERE, SET)
        await store.servers.put(THERE, DEFAULTS)
    async with Store(tmp_path) as store:
        assert store.servers.get(HERE) == SET
        assert store.servers.get(THERE) == store.servers.get(None) == DEFAULTS
        assert store.servers.known == {HERE}


async def test_what_was_written_outlives_a_kill(tmp_path: Path) -> None:
    """SIGKILL in the middle of writing: every write that was acknowledged is there."""
    said = await asyncio.to_thread(written_until_killed, tmp_path)
    last = max(int(line) for line in said if line.endswith("\n"))
    assert last >= 50
    async with Store(tmp_path) as store:
        for number in range(1, last + 1):
            assert store.servers.get(number).per_person == number


async def test_lessons_are_kept_in_order_and_apart(tmp_path: Path) -> None:
    """A lesson, a label, a teacher or a server can be taken back, and nothing else goes."""
    async with Store(tmp_path) as store:
        lessons = store.lessons
        await lessons.add(HERE, [taught("a"), taught("a")])
        await lessons.add(HERE, [taught("b", lesson=2, teacher=8)])
        await lessons.add(THERE, [taught("a", lesson=3)])
        assert [one.label for one in await lessons.of(HERE)] == ["a", "a", "b"]
        assert await lessons.delete_lesson(THERE, 1) == 0
        assert await lessons.delete_teacher(8) == 1
        assert await lessons.delete_label(HERE, "a") == 2
        assert await lessons.of(HERE) == []
        assert await lessons.servers() == {THERE}
        assert await store.forget_server(THERE) == 1


async def test_an_export_says_all(tmp_path: Path) -> None:
    """As JSON for people."""
    async with Store(tmp_path) as store:
        await store.servers.put(HERE, SET)
        await store.lessons.add(HERE, [taught("눈 위의 개")])
        export = json.loads(await store.export(HERE))
    assert export["settings"] == {
        "model": "alexnet",
        "channels": [1, 2],
        "language": "ko",
        "per_person": 3,
    }
    assert export["taught"][0]["label"] == "눈 위의 개"
    assert export["taught"][0]["feature_bytes"] == 8


async def test_servers_left_while_away_are_forgotten(tmp_path: Path) -> None:
    """Those of this bot; another bot's file is left as it is."""
    async with Store(tmp_path) as store:
        await store.servers.put(HERE, SET)
        await store.lessons.add(THERE, [taught("a")])
        await store.forget_all_but(frozenset({HERE}), application=1)
        assert store.servers.known == {HERE}
        assert await store.lessons.servers() == frozenset()
        await store.forget_all_but(frozenset(), application=2)
        assert store.servers.known == {HERE}


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    """The operator reads which version came."""
    newer = len(MIGRATIONS) + 1
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    connection.close()
    with pytest.raises(SetupError, match=f"newer Bobby \\(version {newer}"):
        await Store(tmp_path).__aenter__()
    assert (tmp_path / FILE).exists()


async def test_a_damaged_file_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Bobby starts, and whoever has a backup finds the damaged one beside."""
    (tmp_path / FILE).write_bytes(b"This is no database. " * 500)
    async with Store(tmp_path) as store:
        await store.servers.put(HERE, SET)
    assert (tmp_path / ASIDE).read_bytes().startswith(b"This is no database.")
    assert "is damaged" in caplog.text
    async with Store(tmp_path) as store:
        assert store.servers.get(HERE) == SET


async def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    """With the setting that names another."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SetupError, match="BOBBY_DATA"):
        await Store(tmp_path / "data").__aenter__()


async def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Somebody else has the file: people read a sentence, and what held before still does."""
    async with Store(tmp_path) as store:
        await store.servers.put(HERE, SET)
        other = sqlite3.connect(tmp_path / FILE, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.execute("DROP TABLE servers")
        other.commit()
        other.close()
        with pytest.raises(StoreFailed, match="can't be written"):
            await store.servers.put(HERE, DEFAULTS)
        assert store.servers.get(HERE) == SET
        with pytest.raises(StoreFailed):
            await store.servers.put(THERE, SET)
        assert store.servers.get(THERE) == DEFAULTS
