"""What servers have taught: a picture's features and the label it was given, never the picture.

Owns the examples of each server, in the order in which they were taught. What features are and
the worker decides what becomes of them.
"""

from dataclasses import dataclass

from bot.storage.database import Change, Database
from models.jobs.requests import Example

_COLUMNS = "id, lesson, teacher, label, model, weights, features"


@dataclass(frozen=True)
class StoredExample:
    """One example: who taught it, in which lesson, and the model whose features it has."""

    number: int
    lesson: int
    teacher: int
    label: str
    model: str
    weights: str
    features: bytes

    def as_example(self) -> Example:
        """Return it as the worker wants it."""
        return Example(label=self.label, features=self.features)


class ExampleStore:
    """The examples of every server; read from disk when they are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, server: int) -> list[StoredExample]:
        """Return what `server` has taught, oldest first.

        Raises:
            StoreFailed: It can't be read.
        """
        query = f"SELECT {_COLUMNS} FROM examples WHERE server = ? ORDER BY id"  # noqa: S608 - ours
        return [StoredExample(*row) for row in await self._database.read(query, (server,))]

    async def add(
        self, server: int, examples: list[StoredExample], change: Change | None = None
    ) -> None:
        """Keep `examples`, all or none; their numbers are given again.

        Raises:
            StoreFailed: They can't be written.
            AlreadyDone: They were, by the same `change`.
        """
        rows = [
            (server, e.lesson, e.teacher, e.label, e.model, e.weights, e.features) for e in examples
        ]
        await self._database.write(
            "INSERT INTO examples (server, lesson, teacher, label, model, weights, features)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            rows,
            change,
        )

    async def delete_lesson(self, server: int, lesson: int, change: Change | None = None) -> int:
        """Delete what was taught in `lesson`; return how many examples that were.

        Raises:
            StoreFailed: It can't be deleted.
            AlreadyDone: The same `change` has deleted something.
        """
        return await self._delete("server = ? AND lesson = ?", (server, lesson), change)

    async def delete_label(self, server: int, label: str, change: Change | None = None) -> int:
        """Delete every example of `label`, spelled so; return how many there were.

        Raises:
            StoreFailed: It can't be deleted.
            AlreadyDone: The same `change` has deleted something.
        """
        return await self._delete("server = ? AND label = ?", (server, label), change)

    async def delete_server(self, server: int) -> int:
        """Delete all that `server` has taught; return how many examples that were.

        Raises:
            StoreFailed: It can't be deleted.
        """
        return await self._delete("server = ?", (server,))

    async def delete_teacher(self, teacher: int) -> int:
        """Delete all that `teacher` has taught, in any server; return how many there were.

        Raises:
            StoreFailed: It can't be deleted.
        """
        return await self._delete("teacher = ?", (teacher,))

    async def servers(self) -> frozenset[int]:
        """Return the servers that have taught anything.

        Raises:
            StoreFailed: It can't be read.
        """
        return frozenset(
            server
            for (server,) in await self._database.read("SELECT DISTINCT server FROM examples")
        )

    async def _delete(
        self, where: str, values: tuple[int | str, ...], change: Change | None = None
    ) -> int:
        statement = f"DELETE FROM examples WHERE {where}"  # noqa: S608 - ours
        return await self._database.write(statement, [values], change)
