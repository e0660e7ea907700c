"""What is kept: it outlives a kill, keeps apart what is apart, and refuses what it can't use."""

import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import NoneType

import pytest
from msgspec.structs import replace

from bot.core.errors import AlreadyDone, SetupError, StoreFailed
from bot.storage import database, lock
from bot.storage.database import ASIDE, FILE, MIGRATIONS, Change
from bot.storage.examples import StoredExample
from bot.storage.guild_settings import DEFAULTS, ServerSettings
from bot.storage.store import Store

HERE, THERE = 10, 20
SET = ServerSettings(model="alexnet", channels=(1, 2), language="ko", per_person=3)

WRITER = """
import asyncio, sys
from pathlib import Path
from bot.storage.guild_settings import ServerSettings
from bot.storage.store import Store

async def main():
    async with Store(Path(sys.argv[1])) as store:
        for number in range(1, 1_000_000):
            await store.servers.change(number, lambda _: ServerSettings(per_person=number))
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


async def put(store: Store, server: int, settings: ServerSettings) -> None:
    """Let `settings` hold for `server`."""
    await store.servers.change(server, lambda _: settings)


def taught(label: str, lesson: int = 1, teacher: int = 7) -> StoredExample:
    """Return an example."""
    return StoredExample(0, lesson, teacher, label, "net", "weights", bytes(8))


async def test_what_is_set_is_there_after_a_restart(tmp_path: Path) -> None:
    """Server by server; what is back at its defaults takes no room."""
    async with Store(tmp_path) as store:
        await put(store, HERE, SET)
        await put(store, THERE, SET)
        await put(store, THERE, DEFAULTS)
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
        given = [taught("a"), taught("a"), taught("b", lesson=2, teacher=8)]
        await lessons.add(HERE, given[:2])
        await lessons.add(HERE, given[2:])
        await lessons.add(THERE, [taught("a", lesson=3)])
        assert [dataclasses.replace(one, number=0) for one in await lessons.of(HERE)] == given
        assert await lessons.delete_lesson(THERE, 1) == 0
        assert await lessons.delete_teacher(8) == 1
        assert await lessons.delete_label(HERE, "a") == 2
        assert await lessons.of(HERE) == []
        assert await lessons.servers() == {THERE}
        assert await store.forget_server(THERE) == 1


async def test_an_export_says_all(tmp_path: Path) -> None:
    """As JSON for people."""
    async with Store(tmp_path) as store:
        await put(store, HERE, SET)
        await store.lessons.add(HERE, [taught("눈 위의 개")])
        await store.lessons.add(THERE, [taught("theirs")])
        export = json.loads(await store.export(HERE))
    assert export["server"] == HERE
    assert export["settings"] == {
        "model": "alexnet",
        "channels": [1, 2],
        "language": "ko",
        "per_person": 3,
    }
    (example,) = export["taught"]
    assert base64.b64decode(example.pop("features")) == bytes(8)
    assert example == {"label": "눈 위의 개", "teacher": 7, "model": "net", "weights": "weights"}


async def test_servers_left_while_away_are_forgotten(tmp_path: Path) -> None:
    """Those of this process and this bot; other shards' and another bot's are left as they are."""
    elsewhere = 30
    async with Store(tmp_path) as store:
        await put(store, HERE, SET)
        await put(store, elsewhere, SET)
        await store.lessons.add(THERE, [taught("a")])
        await store.forget_left(lambda server: server != elsewhere, frozenset({HERE}), 1)
        assert store.servers.known == {HERE, elsewhere}
        assert await store.lessons.servers() == frozenset()
        await store.forget_left(lambda _: True, frozenset(), application=2)
        assert store.servers.known == {HERE, elsewhere}


async def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    """The operator reads which version came."""
    newer = len(MIGRATIONS) + 1
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    connection.close()
    with pytest.raises(SetupError, match=f"newer version of Bobby \\(schema {newer}"):
        await Store(tmp_path).__aenter__()
    assert (tmp_path / FILE).exists()


def files(folder: Path, pattern: str) -> list[Path]:
    """Return the files in `folder` that are called like that."""
    return list(folder.glob(pattern))


def damage_header(file: Path) -> None:
    """Make it no database at all."""
    file.write_bytes(b"This is no database. " * 500)


def damage_pages(file: Path) -> None:
    """Spoil what stands behind a good header."""
    data = bytearray(file.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 200] = b"\xab" * 200
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [damage_header, damage_pages])
async def test_a_damaged_file_is_set_aside(
    damage: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Bobby starts, and anyone who has a backup finds the damaged one beside, however often."""
    for number in (1, 2):
        async with Store(tmp_path) as store:
            await put(store, HERE, SET)
            await store.lessons.add(THERE, [taught("a")] * 100)
        damage(tmp_path / FILE)
        damaged = (tmp_path / FILE).read_bytes()
        async with Store(tmp_path) as store:
            assert store.servers.get(HERE) == DEFAULTS
            await put(store, HERE, SET)
        assert (tmp_path / ASIDE.format(number=number)).read_bytes() == damaged
        assert caplog.text.count("is damaged") == number
    async with Store(tmp_path) as store:
        assert store.servers.get(HERE) == SET


@pytest.mark.parametrize("forget", [Store.forget_teacher, Store.forget_server])
async def test_what_is_forgotten_is_in_no_damaged_file_either(
    tmp_path: Path, forget: Callable[[Store, int], Awaitable[int]]
) -> None:
    """It can't be deleted from there alone, so the file goes; what lies beside it stays."""
    async with Store(tmp_path) as store:
        await store.lessons.add(1, [taught("a secret label", teacher=7)])
    damage_header(tmp_path / FILE)
    (tmp_path / "notes.sqlite3").touch()
    async with Store(tmp_path) as store:
        assert files(tmp_path, "bobby.damaged-*")
        assert await forget(store, 7) == 0
    assert files(tmp_path, "bobby.damaged-*") == []
    assert (tmp_path / "notes.sqlite3").exists()


async def test_what_is_forgotten_is_overwritten(tmp_path: Path) -> None:
    """No page of the file has it any more."""
    async with Store(tmp_path) as store:
        await store.lessons.add(1, [taught("a secret label", teacher=7)])
        await store.forget_teacher(7)
    assert b"secret" not in (tmp_path / FILE).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="An open file can't be deleted there.")
@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_written_to_a_file_that_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, replaced: bool
) -> None:
    """Nobody is told that it was kept; what was read before is read still."""
    async with Store(tmp_path) as store:
        await store.lessons.add(1, [taught("kept")])
        for file in files(tmp_path, f"{FILE}*"):
            file.unlink()
        if replaced:
            (tmp_path / FILE).touch()
        with pytest.raises(StoreFailed):
            await store.lessons.add(1, [taught("lost")])
        with pytest.raises(StoreFailed):
            await put(store, 1, ServerSettings(model="alexnet"))
        assert store.servers.get(1) == ServerSettings()
        assert [one.label for one in await store.lessons.of(1)] == ["kept"]
    assert "was deleted or replaced while Bobby had it open" in caplog.text


async def test_what_lies_beside_a_damaged_file_goes_along(tmp_path: Path) -> None:
    """SQLite would else take the one's last writes for the other's."""
    async with Store(tmp_path):
        pass
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as other:  # it keeps the -wal there
        other.execute("SELECT * FROM servers").fetchall()
        damage_header(tmp_path / FILE)
        async with Store(tmp_path) as store:
            await put(store, HERE, SET)
        assert (tmp_path / (ASIDE.format(number=1) + "-wal")).exists()
    async with Store(tmp_path) as store:
        assert store.servers.get(HERE) == SET


async def test_what_this_bobby_can_not_use_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A language it does not speak, a setting it does not know: the others hold, it starts."""
    texts = {HERE: '{"language":"ja","per_person":3,"mood":"good"}', THERE: "no JSON"}
    async with Store(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.executemany("INSERT INTO servers VALUES (?, ?)", texts.items())
    connection.close()
    async with Store(tmp_path) as store:
        assert store.servers.get(HERE) == ServerSettings(per_person=3)
        assert store.servers.get(THERE) == DEFAULTS
    assert "'ja'" in caplog.text
    assert f"Can't read the settings of server {THERE}" in caplog.text


async def test_a_folder_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    """With the setting that names another."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SetupError, match="BOBBY_DATA"):
        await Store(tmp_path / "data").__aenter__()


async def test_a_file_that_another_has_locked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while of waiting, with what SQLite says."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    async with Store(tmp_path):
        pass
    other = sqlite3.connect(tmp_path / FILE)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SetupError, match=r"database is locked\. .*BOBBY_DATA"):
        await Store(tmp_path).__aenter__()
    other.close()


async def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Somebody else has the file: people read a sentence, and what held before still does."""
    async with Store(tmp_path) as store:
        await put(store, HERE, SET)
        spoil(tmp_path, "DROP TABLE servers")
        with pytest.raises(StoreFailed, match="can't reach my database"):
            await put(store, HERE, DEFAULTS)
        assert store.servers.get(HERE) == SET
        with pytest.raises(StoreFailed):
            await put(store, THERE, SET)
        assert store.servers.get(THERE) == DEFAULTS


async def test_the_half_of_a_failed_write_is_taken_back(tmp_path: Path) -> None:
    """It would else be written along with whatever comes next."""
    async with Store(tmp_path) as store:
        spoil(
            tmp_path,
            "CREATE TRIGGER no BEFORE INSERT ON examples WHEN NEW.label = 'b'"
            " BEGIN SELECT RAISE(FAIL, ''); END",
        )
        with pytest.raises(StoreFailed):
            await store.lessons.add(HERE, [taught("a"), taught("b")])
        await put(store, THERE, SET)
        assert await store.lessons.of(HERE) == []
    async with Store(tmp_path) as store:
        assert await store.lessons.of(HERE) == []
        assert store.servers.get(THERE) == SET


def spoil(folder: Path, statement: str) -> None:
    """Do something to the file from outside."""
    with sqlite3.connect(folder / FILE, timeout=0) as other:
        other.execute(statement)
    other.close()


@pytest.mark.parametrize("bad_first", [True, False])
async def test_a_write_that_fails_takes_no_other_back(tmp_path: Path, *, bad_first: bool) -> None:
    """They share a connection and so a transaction; what was acknowledged is there, 30 times."""
    async with Store(tmp_path) as store:
        spoil(
            tmp_path, "CREATE TRIGGER no BEFORE INSERT ON examples BEGIN SELECT RAISE(FAIL,''); END"
        )
        for number in range(1, 31):
            bad = store.lessons.add(HERE, [taught("a")])
            good = put(store, number, SET)
            both = (bad, good) if bad_first else (good, bad)
            done = await asyncio.gather(*both, return_exceptions=True)
            assert {type(one) for one in done} == {StoreFailed, NoneType}
    async with Store(tmp_path) as store:
        assert store.servers.known == set(range(1, 31))


async def test_who_is_cancelled_leaves_nothing_half_done(tmp_path: Path) -> None:
    """At whatever moment: all of it is written or nothing, and the file is free again."""
    async with Store(tmp_path) as store:
        for turns in range(60):
            lost = asyncio.create_task(store.lessons.add(HERE, [taught("a", lesson=turns)] * 2))
            for _ in range(turns):
                await asyncio.sleep(0)
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
            await store.lessons.add(HERE, [taught("b", lesson=100 + turns)] * 2)
            counts = Counter(one.lesson for one in await store.lessons.of(HERE))
            assert counts[100 + turns] == 2
            assert set(counts.values()) == {2}
            spoil(tmp_path, "BEGIN IMMEDIATE")


async def test_of_two_changes_at_once_both_hold(tmp_path: Path) -> None:
    """Two managers, two settings."""
    async with Store(tmp_path) as store:
        await asyncio.gather(
            store.servers.change(HERE, lambda now: replace(now, language="ko")),
            store.servers.change(HERE, lambda now: replace(now, per_person=3)),
        )
        assert store.servers.get(HERE) == ServerSettings(language="ko", per_person=3)


FILLER = """
import asyncio, resource, sys
from pathlib import Path
from bot.core.errors import StoreFailed
from bot.storage.examples import StoredExample
from bot.storage.store import Store

async def main():
    async with Store(Path(sys.argv[1])) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        for number in range(1000):
            one = [StoredExample(0, number, 7, "a", "net", "weights", bytes(5000))]
            change = store.servers.change(number + 1, lambda now: type(now)(per_person=number + 1))
            done = await asyncio.gather(store.lessons.add(1, one), change, return_exceptions=True)
            for name, result in zip(("lesson", "server"), done):
                if not isinstance(result, BaseException):
                    print(name, number, flush=True)
                else:
                    assert isinstance(result, StoreFailed), result
            if number == 200:
                break

asyncio.run(main())
"""
"""Writes until the file may not grow any more, goes on trying, and says what is written."""


async def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """As much as fits is kept, the rest is refused by name, and the file is good."""
    command = [sys.executable, "-c", FILLER, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    lessons, servers = ([int(n) for kind, n in said if kind == of] for of in ("lesson", "server"))
    assert 0 < len(lessons) < 201
    async with Store(tmp_path) as store:
        assert [one.lesson for one in await store.lessons.of(1)] == lessons
        assert store.servers.known == {number + 1 for number in servers}


FULL = """
import asyncio, resource, signal, sys
from pathlib import Path
from bot.core.errors import StoreFailed
from bot.storage.store import Store

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

async def main() -> None:
    async with Store(Path(sys.argv[1])) as store:
        print(store.servers.get(1).model, len(await store.lessons.of(1)))
        try:
            await store.questions.take(1, 2)
        except StoreFailed:
            print("not kept")

asyncio.run(main())
"""
"""Opens the store where no file may grow by a byte."""


@pytest.mark.skipif(sys.platform == "win32", reason="Files can't be kept from growing there.")
@pytest.mark.parametrize(("known", "told"), [(True, "alexnet 1"), (False, "None 0")])
async def test_a_start_on_a_full_disk_reads_what_there_is(
    tmp_path: Path, *, known: bool, told: str
) -> None:
    """What managers set still holds; nothing new is taken for kept, and the log says so once."""
    if known:
        async with Store(tmp_path) as store:
            await put(store, 1, ServerSettings(model="alexnet"))
            await store.lessons.add(1, [taught("a")])
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert done.stdout.splitlines() == [told, "not kept"], done.stderr
    assert done.stderr.count("keeps nothing that people set or teach") == 1


async def test_a_second_bobby_on_the_folder_is_told_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for one that is just ending."""
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.2)
    async with Store(tmp_path):
        with pytest.raises(SetupError, match=rf"Another Bobby uses .*process {os.getpid()} on"):
            await Store(tmp_path).__aenter__()
        monkeypatch.setattr(lock, "WAIT_SECONDS", 10.0)
        second = asyncio.create_task(Store(tmp_path).__aenter__())
        await asyncio.sleep(0.2)
        assert not second.done()
    await (await second).__aexit__()


async def test_one_question_changes_something_once(tmp_path: Path) -> None:
    """Whichever process it comes to; another wording of it is another change."""
    async with Store(tmp_path) as store:
        await store.lessons.add(HERE, [taught("a"), taught("b", lesson=2)])
        assert await store.lessons.delete_lesson(HERE, 2, Change(7)) == 1
    async with Store(tmp_path) as store:
        with pytest.raises(AlreadyDone):
            await store.lessons.delete_lesson(HERE, 1, Change(7))
        assert [one.label for one in await store.lessons.of(HERE)] == ["a"]
        assert await store.lessons.delete_lesson(HERE, 1, Change(7, wording=1)) == 1


async def test_what_a_person_has_asked_is_forgotten_too(tmp_path: Path) -> None:
    """Of others, and of messages, the ids stay for their ten minutes."""
    async with Store(tmp_path) as store:
        for number, requester in ((1, 7), (2, 8), (3, None)):
            assert await store.questions.take(number, 5, requester)
        assert not await store.questions.take(1, 5, 7)
        await store.forget_teacher(7)
        assert [one.number for one in await store.questions.left_open()] == [2, 3]


async def test_only_what_is_over_is_forgotten_by_time(tmp_path: Path) -> None:
    """An open question is kept, however old; so is what changed something not long ago."""
    async with Store(tmp_path) as store:
        for number in (1, 2, 3):
            await store.questions.take(number, 5)
        for number in (1, 3):
            await store.questions.answered(number)
        for change in (Change(1), Change(3)):
            await store.lessons.add(HERE, [taught("a")], change)
        assert await store.questions.last_alive() is None
        await store.questions.alive(moment=9, oldest=3)
        assert await store.questions.last_alive() == 9
        assert await store.questions.take(1, 5)
        assert not await store.questions.take(3, 5)
        await store.lessons.add(HERE, [taught("a")], Change(1))
        with pytest.raises(AlreadyDone):
            await store.lessons.add(HERE, [taught("a")], Change(3))
