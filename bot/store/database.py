"""The file that everything kept lies in: opened, brought up to date, and written to.

Owns the SQLite connection, the schema and its version, and what an operator reads when the file
can't be used. A damaged file is set aside, never deleted; one of a newer Bobby is left alone. What
the tables mean is the affair of `bot.store.servers` and `bot.store.lessons`.
"""

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiosqlite

from bot.errors import SetupError, StoreFailed

log = logging.getLogger(__name__)

FILE = "bobby.sqlite3"
ASIDE = "bobby.damaged.sqlite3"

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
)
"""Each brings the file from the version that is its place to the next; none is ever changed."""

Values = Sequence[int | str | bytes]


class Database:
    """The SQLite file in `folder`; an async context manager that opens and closes it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / FILE
        self._connection: aiosqlite.Connection | None = None

    async def __aenter__(self) -> Self:
        """Open the file, made if need be, and bring its schema up to date.

        Raises:
            SetupError: It can't be used; the sentence says why and what to do.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            try:
                await self._open()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                await self._set_aside(error)
                await self._open()
        except (OSError, sqlite3.Error) as error:
            await self._close()
            raise SetupError(
                f"{self.file}, in which Bobby keeps what servers set, can't be used: {error}."
                " Mend that, or let BOBBY_DATA name another folder."
            ) from None
        except SetupError:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._close()

    async def read(self, query: str, values: Values = ()) -> list[tuple[Any, ...]]:
        """Return the rows of `query`.

        Raises:
            StoreFailed: The file can't be read.
        """
        try:
            async with self._live.execute(query, values) as cursor:
                return [tuple(row) for row in await cursor.fetchall()]
        except sqlite3.Error as error:
            raise _failed(error) from error

    async def write(self, statement: str, rows: Iterable[Values]) -> int:
        """Run `statement` for each of `rows`, all or none of them; return how many rows changed.

        When this returns, what was written outlives a crash of this process.

        Raises:
            StoreFailed: It can't be written; nothing has changed.
        """
        try:
            cursor = await self._live.executemany(statement, rows)
            await self._live.commit()
        except sqlite3.Error as error:
            await self._live.rollback()
            raise _failed(error) from error
        return cursor.rowcount

    @property
    def _live(self) -> aiosqlite.Connection:
        assert self._connection is not None, "The database is not open"
        return self._connection

    async def _open(self) -> None:
        self._connection = await aiosqlite.connect(self.file, timeout=BUSY_SECONDS)
        await self._connection.execute("PRAGMA journal_mode = WAL")
        # Of a crash of the machine, unlike one of the process, the last writes may be lost.
        await self._connection.execute("PRAGMA synchronous = NORMAL")
        await self._migrate(self._connection)

    async def _migrate(self, connection: aiosqlite.Connection) -> None:
        async with connection.execute("PRAGMA user_version") as cursor:
            row = await cursor.fetchone()
        version = int(row[0]) if row else 0
        if version > len(MIGRATIONS):
            raise SetupError(
                f"{self.file} was written by a newer Bobby (version {version}, this one knows"
                f" {len(MIGRATIONS)}). Update Bobby, or let BOBBY_DATA name another folder."
            )
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            await connection.executescript(
                f"BEGIN IMMEDIATE; {migration} PRAGMA user_version = {number}; COMMIT;"
            )
            log.info("%s is now of version %d", self.file, number)

    async def _set_aside(self, error: sqlite3.DatabaseError) -> None:
        """Move a file that is no database away, so that Bobby can start and nothing is lost."""
        await self._close()
        aside = self.file.with_name(ASIDE)
        self.file.replace(aside)
        for ending in ("-wal", "-shm"):
            self.file.with_name(FILE + ending).unlink(missing_ok=True)
        log.error("%s is damaged (%s): it is now %s, and servers' settings begin anew. Put a"
                  " backup in its place to have them back.", self.file, error, aside)  # fmt: skip

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


def _failed(error: sqlite3.Error) -> StoreFailed:
    log.error("The database failed", exc_info=error)
    return StoreFailed(
        "I can't keep this just now: my own records can't be written."
        " Whoever runs me finds the reason in the log."
    )
