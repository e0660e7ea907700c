"""The one store: opened with the bot, it holds the servers' settings and lessons.

Owns what concerns both: forgetting a server that is left, and what is exported.
"""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from bot.storage.database import Database
from bot.storage.examples import ExampleStore
from bot.storage.guild_settings import Servers, ServerSettings
from bot.storage.lock import FolderLock
from bot.storage.open_questions import OpenQuestions

log = logging.getLogger(__name__)


class _ExportedExample(msgspec.Struct):
    """One example; its features are little-endian float16 in Base64."""

    label: str
    teacher: int
    model: str
    weights: str
    features: bytes


class _Export(msgspec.Struct):
    server: int
    settings: ServerSettings
    taught: list[_ExportedExample]


class Store:
    """Everything that Bobby remembers; an async context manager that opens its file."""

    def __init__(self, folder: Path) -> None:
        self._lock = FolderLock(folder)
        self._database = Database(folder)
        self._opened = contextlib.AsyncExitStack()
        self.servers = Servers(self._database)
        self.lessons = ExampleStore(self._database)
        self.questions = OpenQuestions(self._database)

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            SetupError: See `Database`.
            StoreFailed: It can't be read.
        """
        async with contextlib.AsyncExitStack() as opened:
            self._database.make_folder()
            await opened.enter_async_context(self._lock)
            await opened.enter_async_context(self._database)
            await self.servers.load()
            self._opened = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def export(self, server: int) -> bytes:
        """Return all that is kept of `server` as JSON for people.

        Raises:
            StoreFailed: It can't be read.
        """
        taught = [
            _ExportedExample(e.label, e.teacher, e.model, e.weights, e.features)
            for e in await self.lessons.of(server)
        ]
        export = _Export(server, self.servers.get(server), taught)
        return msgspec.json.format(msgspec.json.encode(export), indent=2)

    async def forget_server(self, server: int) -> int:
        """Delete all that is kept of `server`; return how many records that were.

        Raises:
            StoreFailed: It can't be deleted.
        """
        records = await self.lessons.delete_server(server) + await self.servers.forget(server)
        self._database.delete_aside()
        return records

    async def forget_teacher(self, person: int) -> int:
        """Delete all that `person` has taught, in any server; return how many records that were.

        That the person has asked something goes as well, uncounted.

        Raises:
            StoreFailed: It can't be deleted.
        """
        records = await self.lessons.delete_teacher(person)
        await self.questions.forget(person)
        self._database.delete_aside()
        return records

    async def forget_left(
        self, is_ours: Callable[[int], bool], here: frozenset[int], application: int
    ) -> None:
        """Delete what is kept of servers that Bobby was taken out of while it was away.

        Those are the ones that are this process's and that it is not in: other shards know theirs.
        Nothing is deleted if the file is that of another `application`, which is in other servers.

        Raises:
            StoreFailed: It can't be deleted.
        """
        if await self._owner(application) != application:
            log.warning("This folder belongs to another bot: let BOBBY_DATA name one of its own")
            return
        known = self.servers.known | await self.lessons.servers()
        for server in filter(is_ours, known - here):
            await self.forget_server(server)
            log.info("Deleted the data of server %d: Bobby is no longer a member", server)

    async def _owner(self, application: int) -> int:
        """Return whose file this is: `application`'s, if it was nobody's."""
        await self._database.write(
            "INSERT INTO owner SELECT ? WHERE NOT EXISTS (SELECT * FROM owner)", [(application,)]
        )
        ((owner,),) = await self._database.read("SELECT application FROM owner")
        return int(owner)
