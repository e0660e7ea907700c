"""Which questions were taken in, and what they have changed, so that a restart loses none.

Keeps ids alone, Discord's, which hold the time at which each was asked: of the questions that are
open, and for some minutes of those that were answered.
"""

from dataclasses import dataclass

from bot.storage.database import Database


@dataclass(frozen=True)
class Open:
    """A question that no answer is known to stand below.

    `requester` is who called a slash command, None for a message that asked.
    """

    number: int
    channel: int
    requester: int | None


class OpenQuestions:
    """The questions of this process and, after a restart, those of the one before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, number: int, channel: int, requester: int | None = None) -> bool:
        """Note that a question was taken in; return whether none of that number was before.

        Raises:
            StoreFailed: It can't be written.
        """
        taken = await self._database.write(
            "INSERT INTO questions VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING",
            [(number, channel, requester)],
        )
        return taken > 0

    async def take_again(self, number: int, channel: int) -> None:
        """Note that a question is being answered once more: it was edited, or had no answer yet.

        Raises:
            StoreFailed: It can't be written.
        """
        await self._database.write(
            "INSERT INTO questions VALUES (?, ?, NULL, 0) ON CONFLICT DO UPDATE SET answered = 0",
            [(number, channel)],
        )

    async def answered(self, number: int) -> None:
        """Note that a question has its answer.

        Raises:
            StoreFailed: It can't be written.
        """
        await self._database.write(
            "UPDATE questions SET answered = 1 WHERE number = ?", [(number,)]
        )

    async def forget(self, requester: int) -> None:
        """Delete what says that `requester` has asked.

        Raises:
            StoreFailed: It can't be deleted.
        """
        await self._database.write("DELETE FROM questions WHERE asker = ?", [(requester,)])

    async def left_open(self) -> list[Open]:
        """Return the questions without an answer, oldest first.

        Raises:
            StoreFailed: They can't be read.
        """
        query = "SELECT number, channel, asker FROM questions WHERE NOT answered ORDER BY number"
        return [Open(*row) for row in await self._database.read(query)]

    async def alive(self, moment: int, oldest: int) -> None:
        """Note that Bobby heard all that was asked up to id `moment`; forget what is over.

        That is what was answered, or has changed something, before id `oldest`.

        Raises:
            StoreFailed: It can't be written.
        """
        await self._database.write(
            "DELETE FROM questions WHERE answered AND number < ?", [(oldest,)]
        )
        await self._database.write("DELETE FROM changes WHERE question < ?", [(oldest,)])
        await self._database.write("INSERT OR REPLACE INTO alive VALUES (0, ?)", [(moment,)])

    async def last_alive(self) -> int | None:
        """Return up to which id Bobby has heard what was asked, None for its first start.

        Raises:
            StoreFailed: It can't be read.
        """
        rows = await self._database.read("SELECT moment FROM alive")
        return int(rows[0][0]) if rows else None
