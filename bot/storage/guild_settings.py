"""What the managers of each server have set: in memory for every question, on disk for the next.

Owns the record and its defaults. A question never waits for the disk: all servers are read at the
start, and a change counts once it is written.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bot.core.errors import BadSetting
from bot.core.i18n import later
from bot.storage.database import Database

log = logging.getLogger(__name__)

MOST_CHANNELS = 50
"""A sentence names them all."""

Language: TypeAlias = Literal["en", "ko"]
Snowflake: TypeAlias = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class ServerSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one server has set; None or nothing means that Bobby's own default holds.

    `model` is the classifier that answers when nobody names one. `channels` are the only ones in
    which Bobby answers. `language` is its there, whatever Discord says of the server. Each person
    may have `per_person` pictures waiting, no more than the operator allows. `teachers` says who
    may teach it labels.
    """

    model: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    channels: Annotated[tuple[Snowflake, ...], Meta(max_length=MOST_CHANNELS)] = ()
    language: Language | None = None
    per_person: Annotated[int, Meta(ge=1, le=1000)] | None = None
    teachers: Literal["managers", "everyone"] = "managers"


DEFAULTS = ServerSettings()


class Servers:
    """The settings of every server that has any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, ServerSettings] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read all of them; what another Bobby may have set and this one can't is passed over.

        Raises:
            StoreFailed: They can't be read.
        """
        rows = await self._database.read("SELECT server, settings FROM servers")
        self._known = {server: _decoded(server, settings) for server, settings in rows}

    def get(self, server: int | None) -> ServerSettings:
        """Return what `server` has set; a direct message, None, has the defaults."""
        return self._known.get(server, DEFAULTS) if server is not None else DEFAULTS

    @property
    def known(self) -> frozenset[int]:
        """The servers that have set anything."""
        return frozenset(self._known)

    async def change(
        self, server: int, edit: Callable[[ServerSettings], ServerSettings]
    ) -> ServerSettings:
        """Let hold for `server` what `edit` makes of its settings, and return that.

        Of two changes at once the second is given what the first has made.

        Raises:
            BadSetting: It has a value that can't be; what held before still does.
            StoreFailed: It can't be written; what held before still does.
        """
        async with self._turn:
            settings = _checked(edit(self.get(server)))
            await self._put(server, settings)
            return settings

    async def forget(self, server: int) -> bool:
        """Delete what `server` has set; return whether there was anything.

        Raises:
            StoreFailed: It can't be deleted.
        """
        async with self._turn:
            known = server in self._known
            await self._put(server, DEFAULTS)
            return known

    async def _put(self, server: int, settings: ServerSettings) -> None:
        if settings == DEFAULTS:
            await self._database.write("DELETE FROM servers WHERE server = ?", [(server,)])
            self._known.pop(server, None)
            return
        text = msgspec.json.encode(settings).decode()
        await self._database.write("INSERT OR REPLACE INTO servers VALUES (?, ?)", [(server, text)])
        self._known[server] = settings


def _checked(settings: ServerSettings) -> ServerSettings:
    """Return `settings` if they could be read again; their maker checks no values."""
    try:
        return msgspec.convert(msgspec.to_builtins(settings), ServerSettings)
    except msgspec.ValidationError as error:
        log.debug("Refused a setting: %s", error)
        raise BadSetting(later("I can't use that value, so I changed nothing.")) from None


def _decoded(server: int, text: str) -> ServerSettings:
    """Return the settings in `text`, without those that this Bobby can't make sense of."""
    known: dict[str, Any] = {}
    try:
        given: dict[str, Any] = msgspec.json.decode(text, type=dict)
    except msgspec.DecodeError as error:
        log.warning(
            "Can't read the settings of server %d (%s); using the defaults there", server, error
        )
        return DEFAULTS
    for field in msgspec.structs.fields(ServerSettings):
        if field.name in given:
            try:
                known[field.name] = msgspec.convert(given[field.name], field.type)
            except msgspec.ValidationError as error:
                log.warning("Server %d has set %s to what I can't use (%s): mine holds there",
                            server, field.name, error)  # fmt: skip
    return ServerSettings(**known)
