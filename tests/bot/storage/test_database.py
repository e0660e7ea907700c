"""The file's opening, its versions, and its end: nothing is left half done or open."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from bot.core.errors import SetupError, StoreFailed
from bot.storage import database
from bot.storage.database import FILE, MIGRATIONS
from bot.storage.store import Store
from tests.bot.storage.test_store import HERE, SET, put, spoil, taught

GROWS = "CREATE TABLE more (thing INTEGER);"
BREAKS = "CREATE TABLE half (thing INTEGER); INSERT INTO nowhere VALUES (1);"


def tables(folder: Path) -> set[str]:
    """Return the tables that the file has."""
    with sqlite3.connect(folder / FILE) as other:
        rows = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    other.close()
    return {name for (name,) in rows}


async def test_a_file_of_an_older_bobby_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that is in it, and once."""
    async with Store(tmp_path) as store:
        await put(store, HERE, SET)
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, GROWS))
    for _ in range(2):
        async with Store(tmp_path) as store:
            assert store.servers.get(HERE) == SET
    assert "more" in tables(tmp_path)


async def test_half_an_update_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps before it count, and the next start tries it again."""
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, GROWS, BREAKS))
    with pytest.raises(SetupError, match="BOBBY_DATA"):
        await Store(tmp_path).__aenter__()
    assert "more" in tables(tmp_path)
    assert "half" not in tables(tmp_path)
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, GROWS, "CREATE TABLE half (a);"))
    async with Store(tmp_path):
        assert "half" in tables(tmp_path)


async def test_the_folder_is_made(tmp_path: Path) -> None:
    """With those above it."""
    async with Store(tmp_path / "bobby" / "data") as store:
        await put(store, HERE, SET)
    async with Store(tmp_path / "bobby" / "data") as store:
        assert store.servers.get(HERE) == SET


async def test_a_file_that_can_not_be_used_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread would else keep the process from ending."""
    before = set(threading.enumerate())
    async with Store(tmp_path):
        pass
    monkeypatch.setattr(database, "MIGRATIONS", ())
    with pytest.raises(SetupError, match="newer version of Bobby"):
        await Store(tmp_path).__aenter__()
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, BREAKS))
    with pytest.raises(SetupError, match="Can't open Bobby's database"):
        await Store(tmp_path).__aenter__()
    monkeypatch.setattr(database, "MIGRATIONS", MIGRATIONS)
    spoil(tmp_path, "DROP TABLE servers")
    with pytest.raises(StoreFailed):
        await Store(tmp_path).__aenter__()
    for thread in set(threading.enumerate()) - before:
        if "asyncio" not in thread.name:  # the loop's own
            await asyncio.to_thread(thread.join, 2)
            assert not thread.is_alive()


async def test_what_can_not_be_read_fails_by_its_name(tmp_path: Path) -> None:
    """People read a sentence, as when it can't be written."""
    async with Store(tmp_path) as store:
        spoil(tmp_path, "DROP TABLE examples")
        with pytest.raises(StoreFailed, match="can't reach my database"):
            await store.lessons.of(HERE)


async def test_what_was_begun_is_written_before_the_end(tmp_path: Path) -> None:
    """The person who asked may be gone."""
    async with Store(tmp_path) as store:
        lost = asyncio.create_task(store.lessons.add(HERE, [taught("a"), taught("b")]))
        await asyncio.sleep(0)  # it is asked for, and the file has its turn to come
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
    async with Store(tmp_path) as store:
        assert len(await store.lessons.of(HERE)) == 2
