"""What the managers of each server have set: in memory for every question, on disk for the next.

Owns the record and its defaults. A question never waits for the disk: all servers are read at the
start, and a change counts once it is written.
"""

from typing import Literal, TypeAlias

import msgspec

from bot.store.database import Database

Language: TypeAlias = Literal["en", "ko"]


class ServerSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one server has set; None or nothing means that Bobby's own default holds.

    `model` is the classifier that answers when nobody names one. `channels` are the only ones in
    which Bobby answers. `language` is his there, whatever Discord says of the server. Each person
    may have `per_person` pictures waiting, no more than the operator allows. `teachers` says who
    may teach him labels.
    """

    model: str | None = None
    channels: tuple[int, ...] = ()
    language: Language | None = None
    per_person: int | None = None
    teachers: Literal["managers", "everyone"] = "managers"


DEFAULTS = ServerSettings()


class Servers:
    """The settings of every server that has any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, ServerSettings] = {}

    async def load(self) -> None:
        """Read all of them; what a newer Bobby has added to a record is passed over.

        Raises:
            StoreFailed: They can't be read.
        """
        rows = await self._database.read("SELECT server, settings FROM servers")
        decode = msgspec.json.Decoder(ServerSettings).decode
        self._known = {server: decode(settings) for server, settings in rows}

    def get(self, server: int | None) -> ServerSettings:
        """Return what `server` has set; a direct message, None, has the defaults."""
        return self._known.get(server, DEFAULTS) if server is not None else DEFAULTS

    @property
    def known(self) -> frozenset[int]:
        """The servers that have set anything."""
        return frozenset(self._known)

    async def put(self, server: int, settings: ServerSettings) -> None:
        """Let `settings` hold for `server`; it counts once this returns.

        Raises:
            StoreFailed: It can't be written; what held before still does.
        """
        if settings == DEFAULTS:
            await self.forget(server)
            return
        text = msgspec.json.encode(settings).decode()
        await self._database.write("INSERT OR REPLACE INTO servers VALUES (?, ?)", [(server, text)])
        self._known[server] = settings

    async def forget(self, server: int) -> bool:
        """Delete what `server` has set; return whether there was anything.

        Raises:
            StoreFailed: It can't be deleted.
        """
        await self._database.write("DELETE FROM servers WHERE server = ?", [(server,)])
        return self._known.pop(server, None) is not None
