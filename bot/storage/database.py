"""The file that everything kept lies in: opened, brought up to date, and written to.

Owns the SQLite connection, the schema and its version, and what an operator reads when the file
can't be used. One connection serves everybody, one statement after the other: a transaction is the
connection's, so a failure beside another's write would take that back as well. A damaged file is
set aside, never deleted; one of a newer Bobby is left alone. What the tables mean is up to
`bot.storage.guild_settings`, `bot.storage.examples` and `bot.storage.open_questions`.
"""

import asyncio
import contextlib
import errno
import itertools
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import aiosqlite

from bot.core.errors import AlreadyDone, SetupError, StoreFailed
from bot.core.i18n import later, tr

log = logging.getLogger(__name__)

FILE = "bobby.sqlite3"
ASIDE = "bobby.damaged-{number}.sqlite3"
"""A file that could not be read, by the first number that is free."""

_TWICE = sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY

BUSY_SECONDS = 5.0
"""How long a write waits for another process that has the file."""

MIGRATIONS = (
    """
    CREATE TABLE owner (application INTEGER NOT NULL);
    CREATE TABLE servers (server INTEGER PRIMARY KEY, settings TEXT NOT NULL);
    CREATE TABLE examples (
        id INTEGER PRIMARY KEY,
        server INTEGER NOT NULL,
        lesson INTEGER NOT NULL,
        teacher INTEGER NOT NULL,
        label TEXT NOT NULL,
        model TEXT NOT NULL,
        weights TEXT NOT NULL,
        features BLOB NOT NULL
    );
    CREATE INDEX examples_of_server ON examples (server, id);
    """,
    """
    CREATE TABLE questions (
        number INTEGER PRIMARY KEY,
        channel INTEGER NOT NULL,
        asker INTEGER,
        answered INTEGER NOT NULL
    );
    CREATE TABLE changes (
        question INTEGER NOT NULL, wording INTEGER NOT NULL, PRIMARY KEY (question, wording)
    );
    CREATE TABLE alive (one INTEGER PRIMARY KEY, moment INTEGER NOT NULL);
    """,
)
"""Each brings the file from the version that is its place to the next; none is ever changed."""

Values = Sequence[int | str | bytes | None]


class Change(NamedTuple):
    """What makes a change: a question's id, and which wording of it, as messages are edited."""

    question: int
    wording: int = 0


class Database:
    """The SQLite file in `folder`; an async context manager that opens and closes it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self._connection: aiosqlite.Connection | None = None
        self._identity = (0, 0)  # the file's device and inode
        self._unwritable: Exception | None = None
        self._last_failure = ""
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Open the file, made if need be, and bring its schema up to date.

        Raises:
            SetupError: It can't be used; the sentence says why and what to do.
        """
        self.make_folder()
        try:
            try:
                await self._open()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                await self._close()
                self._set_aside(error)
                await self._open()
        except (OSError, sqlite3.Error) as error:
            await self._close()
            if not _is_short_of_room(error):
                raise self._unusable(error) from None
            await self._open_unwritable(error)
        except SetupError:
            await self._close()
            raise
        return self

    def make_folder(self) -> None:
        """Make the folder that the file lies in, if need be.

        Raises:
            SetupError: It can't be made; the sentence says why and what to do.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if not (_is_short_of_room(error) or self.file.parent.is_dir()):
                raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> SetupError:
        return SetupError(
            f"Can't open Bobby's database {self.file}: {error}. Fix that, or set "
            f"BOBBY_DATA to another folder."
        )

    async def __aexit__(self, *_: object) -> None:
        async with self._turn:  # the person may be gone, and what they asked still be written
            await self._close()

    async def read(self, query: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Return the rows of `query`.

        Raises:
            StoreFailed: The file can't be read.
        """
        try:
            async with self._turn, self._live.execute(query, values) as cursor:
                return [tuple(row) for row in await cursor.fetchall()]
        except sqlite3.Error as error:
            raise self._failed(error) from error

    async def write(
        self, statement: str, rows: Iterable[Values], change: Change | None = None
    ) -> int:
        """Run `statement` for each of `rows`, all or none of them; return how many rows changed.

        When this returns, what was written outlives a crash of this process. Anyone who is
        cancelled meanwhile can't know whether it was written; it then is, or nothing is.

        Raises:
            StoreFailed: It can't be written; nothing has changed.
            AlreadyDone: `change` was made before; nothing has changed.
        """
        return await asyncio.shield(self._write(statement, [*rows], change))

    async def _write(self, statement: str, rows: list[Values], change: Change | None) -> int:
        async with self._turn:
            try:
                self._require_file()
                if change is not None:
                    await self._live.execute("INSERT INTO changes VALUES (?, ?)", change)
                cursor = await self._live.executemany(statement, rows)
                await self._live.commit()
            except sqlite3.Error as error:
                with contextlib.suppress(sqlite3.Error):  # a full disk may have undone it already
                    await self._live.rollback()
                if change and getattr(error, "sqlite_errorcode", 0) == _TWICE:
                    raise AlreadyDone(later("I've already done that.")) from None
                raise self._failed(error) from error
            return cursor.rowcount

    def _failed(self, error: sqlite3.Error | OSError) -> StoreFailed:
        """Log `error`, unless it is the last one again: each question may meet it."""
        if repr(error) != self._last_failure:
            log.error("The database failed", exc_info=error)
        self._last_failure = repr(error)
        return StoreFailed(
            tr("I can't reach my database right now. The bot owner can find the reason in the log.")
        )

    @property
    def _live(self) -> aiosqlite.Connection:
        assert self._connection is not None, "The database is not open"
        return self._connection

    def delete_aside(self) -> None:
        """Delete the damaged files that were set aside: what is in them can't be deleted singly.

        Raises:
            StoreFailed: They can't be deleted.
        """
        try:
            for file in self.file.parent.glob(ASIDE.format(number="*") + "*"):
                file.unlink(missing_ok=True)
                log.warning("%s is deleted: somebody's records were to be, and they may be in it",
                            file)  # fmt: skip
        except OSError as error:
            raise self._failed(error) from error

    def _require_file(self) -> None:
        """Check that what is written can be found again: a deleted file takes writes to nowhere.

        Raises:
            sqlite3.OperationalError: It was deleted, replaced, or can't be written.
        """
        if self._unwritable is not None:
            raise sqlite3.OperationalError(f"{self.file} can't be written: {self._unwritable}")
        try:
            there = self.file.stat()
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != self._identity:
            raise sqlite3.OperationalError(
                f"{self.file} was deleted or replaced while Bobby had it open: start Bobby again"
            )

    async def _open(self) -> None:
        self._connection = await aiosqlite.connect(self.file, timeout=BUSY_SECONDS)
        await self._connection.execute("PRAGMA journal_mode = WAL")
        # Of a crash of the machine, unlike one of the process, the last writes may be lost.
        await self._connection.execute("PRAGMA synchronous = NORMAL")
        # What somebody asks to have deleted is overwritten.
        await self._connection.execute("PRAGMA secure_delete = ON")
        await self._check(self._connection)
        await self._migrate(self._connection)
        opened = self.file.stat()
        self._identity = opened.st_dev, opened.st_ino

    async def _open_unwritable(self, why: Exception) -> None:
        """Read what can be read: pictures need no more, and nothing new is taken for kept."""
        log.error(
            "Bobby's database %s can't be written: %s. It answers, but keeps nothing that people"
            " set or teach. Make room, then restart Bobby.", self.file, why
        )  # fmt: skip
        try:
            # What SQLite would have to write beside a file is not looked at in one that is fixed.
            fixed = f"{self.file.absolute().as_uri()}?mode=ro&immutable=1"
            self._connection = await aiosqlite.connect(fixed, uri=True)
            await self._check(self._connection)
            await self._connection.execute("SELECT * FROM servers, examples, questions, alive")
        except sqlite3.Error:
            await self._close()
            self._connection = await aiosqlite.connect(":memory:")
            await self._migrate(self._connection)
        self._unwritable = why

    async def _check(self, connection: aiosqlite.Connection) -> None:
        """Look at every page, since a damaged one behind a good header is met much later.

        Raises:
            sqlite3.DatabaseError: There is damage.
        """
        async with connection.execute("PRAGMA quick_check(1)") as cursor:
            row = await cursor.fetchone()
        if row is None or row[0] != "ok":
            raise _Damaged(str(row and row[0]))

    async def _migrate(self, connection: aiosqlite.Connection) -> None:
        async with connection.execute("PRAGMA user_version") as cursor:
            row = await cursor.fetchone()
        version = int(row[0]) if row else 0
        if version > len(MIGRATIONS):
            raise SetupError(
                f"{self.file} was written by a newer version of Bobby (schema {version}; this one"
                f" supports up to {len(MIGRATIONS)}). Upgrade Bobby, or set BOBBY_DATA to another"
                " folder."
            )
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            await connection.executescript(
                f"BEGIN IMMEDIATE; {migration} PRAGMA user_version = {number}; COMMIT;"
            )
            log.info("%s is now of version %d", self.file, number)

    def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Move a file that is no good database away, so that Bobby can start and nothing is lost.

        What was written last may still be in the `-wal` beside it, which goes along.
        """
        free = (self.file.with_name(ASIDE.format(number=n)) for n in itertools.count(1))
        aside = next(file for file in free if not file.exists())
        for ending in ("-wal", ""):
            with contextlib.suppress(FileNotFoundError):
                self.file.with_name(FILE + ending).rename(f"{aside}{ending}")
        self.file.with_name(FILE + "-shm").unlink(missing_ok=True)
        log.error("%s is damaged (%s). Moved it to %s and started with empty settings. "
                  "Restore a backup to get them back.", self.file, error, aside)  # fmt: skip

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


class _Damaged(sqlite3.DatabaseError):
    """SQLite has found damage where it looked for it."""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # The lowest byte is the kind, the others say more about it.
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, _Damaged) or kind in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


def _is_short_of_room(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return kind in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
