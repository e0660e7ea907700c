"""One thing a person asked and the one reply it gets, whichever way it was asked.

A text command and an interaction differ in how they are acknowledged, what Bobby needs to be
allowed, and where the reply goes; nothing else in the project needs to know. Owns the sending and
the translation of Discord's refusals into log lines; what the reply says is `bot.replies`' matter.
"""

import abc
import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import aiohttp
import discord

from bot.conversation.permissions import ATTACH_FILES, EMBED_LINKS, SPEAK
from bot.conversation.reply import Reply, Shrink
from bot.core import metrics
from bot.core.error_text import explain
from bot.core.errors import MissingPermission
from bot.core.i18n import later, tr
from bot.executor.queue import Requester
from bot.pictures import kept_links
from bot.pictures.picture import Picture
from bot.storage.database import Change

log = logging.getLogger(__name__)

RETRY_AFTER = (1.0, 4.0, 10.0, 20.0)
"""Seconds to the next tries of a reply; discord.py has tried some errors five times by then."""

NETWORK = (OSError, aiohttp.ClientError)
"""What discord.py raises when Discord can't be reached."""
_INVALID_BODY = 50035
_TOO_LARGE = {40005}

_TOO_LARGE_HERE = later("The image is too large to upload here, so this is the text only.")
_NOT_ATTACHED = later(
    "I can't attach the image because I'm missing the **Attach Files** permission here."
)


class ProgressReporter(Protocol):
    """What tells people how long they wait, see `bot.conversation.progress`."""

    def shown(self, responder: "Responder") -> contextlib.AbstractAsyncContextManager[None]:
        """Look after `responder` for as long as the block lasts."""
        ...


class Responder(abc.ABC):
    """One question and its one reply. `waiting` is told of it while Bobby is at work.

    A `private` reply is seen by the requester alone.
    """

    requester: Requester
    waiting: ProgressReporter | None = None
    private = False
    pictures: tuple[Picture, ...] = ()
    """Those that the reply is about, where nothing but the reply will lead to them."""

    @property
    def change(self) -> Change:
        """What stands for whatever this question changes: each wording changes it once."""
        return Change(self.requester.request_id or 0)

    @property
    def bucket(self) -> int:
        """Within what Discord counts how much is posted: a channel, or one interaction."""
        return self.requester.request_id or 0

    @abc.abstractmethod
    def thinking(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Show the person, for as long as the block lasts, that Bobby is at work."""

    def _waiting_shown(self) -> contextlib.AbstractAsyncContextManager[None]:
        return self.waiting.shown(self) if self.waiting else contextlib.nullcontext()

    @abc.abstractmethod
    def missing_permissions(self) -> list[str]:
        """Name what Bobby would need and lacks here, in Discord's own words."""

    @abc.abstractmethod
    async def _send(self, reply: Reply) -> None:
        """Post `reply`; raises `discord.HTTPException`."""

    def require_permissions(self) -> None:
        """Check before any work that the answer can be posted.

        Raises:
            MissingPermission: It can't; the sentence names what is missing.
        """
        if missing := self.missing_permissions():
            names = tr(" and ").join(f"**{tr(name)}**" for name in missing)
            raise MissingPermission(
                tr(
                    "I'm missing permissions in this channel: {names}. A server admin can "
                    "turn them on under **Edit Channel > Permissions**.",
                    names=names,
                )
            )

    @property
    @abc.abstractmethod
    def manages_server(self) -> bool:
        """Whether who asked may manage the server where they did."""

    def refusal(self, error: BaseException) -> str:
        """Return the sentence for `error`, see `explain`."""
        return explain(error, self)

    async def progress(self, reply: Reply) -> None:
        """Show how far the work is, in the message that the answer will take the place of."""
        with contextlib.suppress(discord.HTTPException, *NETWORK):
            await self._send(reply)

    @property
    @abc.abstractmethod
    def upload_limit(self) -> int:
        """How many bytes one file of the reply may have here."""

    async def answer(self, reply: Reply, shrink: Shrink | None = None) -> None:
        """Post the one reply; where Discord refuses, the log says why there is none.

        Where it is too large for Discord, `shrink` is asked once for a smaller one; without it,
        or when that is too large as well, the reply goes out without its files.
        """
        with metrics.STAGES.labels("reply").time(), self.refusals_logged():
            await self._answer(self._allowed(reply), shrink)
            log.debug("Replied")

    def _allowed(self, reply: Reply) -> Reply:
        """Return what may be posted of `reply`; permissions may have gone since it was asked."""
        reply = self.keeping(reply)
        missing = self.missing_permissions()
        if SPEAK.intersection(missing):
            return reply  # it goes to the person who asked, in private
        if EMBED_LINKS in missing:
            reply = reply.as_text()
        if ATTACH_FILES in missing and reply.uploads:
            reply = reply.without_uploads(_NOT_ATTACHED)
        return reply

    def keeping(self, reply: Reply) -> Reply:
        """Return `reply` with the addresses of its pictures, where it has buttons about them."""
        if reply.view is None:
            return reply
        return replace(reply, embeds=kept_links.kept(reply.embeds, self.pictures))

    async def _answer(self, reply: Reply, shrink: Shrink | None) -> None:
        if not await self._fits(reply) and not (shrink and await self._fits(await shrink())):
            await self._send(reply.without_uploads(_TOO_LARGE_HERE))

    @contextlib.contextmanager
    def refusals_logged(self) -> Iterator[None]:
        """Log why there is no reply where Discord refuses it or can't be reached."""
        try:
            yield
        except discord.HTTPException as error:
            log.warning("No reply to %s: Discord says %s (%s)", self, error.text, error.code)
        except NETWORK as error:
            log.warning("No reply to %s: Discord can't be reached (%r)", self, error)

    async def _fits(self, reply: Reply) -> bool:
        """Post `reply`; return False where Discord says that its files are too large."""
        try:
            await self._persist(reply)
        except discord.HTTPException as error:
            if reply.uploads and (error.status == 413 or error.code in _TOO_LARGE):
                return False
            if error.status != 400 or error.code != _INVALID_BODY:
                raise
            log.exception("Discord would not take the reply to %s", self)
            await self._send(Reply(tr("Discord rejected my reply. Please try again.")))
        return True

    async def _persist(self, reply: Reply) -> None:
        """Post `reply`, again and again where Discord or the network failed."""
        for seconds in RETRY_AFTER:
            try:
                await self._send(reply)
            except (discord.HTTPException, *NETWORK) as error:
                if not _may_pass(error):
                    raise
            else:
                return
            await asyncio.sleep(seconds)
        await self._send(reply)


def _may_pass(error: Exception) -> bool:
    """Tell whether the same may go well later: Discord's own failure, a limit, a dead network."""
    if not isinstance(error, discord.HTTPException):
        return True
    return error.status >= 500 or error.status == 429
