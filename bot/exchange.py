"""One thing a person asked and the one reply it gets, whichever way it was asked.

A text command and an interaction differ in how they are acknowledged, what Bobby needs to be
allowed, and where the reply goes; nothing else in the project needs to know. Owns the sending and
the translation of Discord's refusals into log lines; what the reply says is `bot.replies`' matter.
"""

import abc
import asyncio
import contextlib
import io
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import aiohttp
import discord

from bot import metrics
from bot.errors import MissingPermission, TooLate
from bot.executor.queue import Asker
from bot.language import later, tr

log = logging.getLogger(__name__)

EMBED_LINKS = later("Embed Links")
"""Without this permission Discord drops embeds in silence; replies are then plain text."""
ATTACH_FILES = later("Attach Files")
"""Without this permission Discord refuses a message with files altogether."""
_PERMISSIONS = {
    "send_messages": later("Send Messages"),
    "send_messages_in_threads": later("Send Messages in Threads"),
    "embed_links": EMBED_LINKS,
    "attach_files": ATTACH_FILES,
}
"""In Discord's own words."""
_SPEAK = frozenset({_PERMISSIONS["send_messages"], _PERMISSIONS["send_messages_in_threads"]})
TYPING_AFTER = 0.25
"""Seconds of work before people see Bobby typing; a faster answer needs no announcement, and a
typing sign that overtakes its answer would stand there for ten seconds."""
TYPING_EVERY = 8.0
"""Seconds between typing signs; Discord shows each for ten."""

RETRY_AFTER = 1.0
"""Seconds to the second try of a reply; discord.py has tried some errors five times by then."""

_NETWORK = (OSError, aiohttp.ClientError)
_INVALID_BODY = 50035
_CANNOT_QUOTE = {160002}  # replying needs Read Message History
_TOO_LARGE = {40005}
_TOKEN_GONE = {10015, 50027}  # the interaction's 15 minutes are over
_TOO_LATE = {10062, 40060}  # its first three seconds are over, or another process has answered

_TOO_LARGE_HERE = later("The picture that goes with this is too large for this server.")
_NOT_ATTACHED = later(
    "The picture that goes with this can't be shown: I may not attach files here."
)

UPLOAD_AIM = 8 * 2**20
"""Bytes that a file aims to stay under, although most servers would take 10 MiB."""

Interaction: TypeAlias = discord.Interaction[Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send: its bytes, the text that stands for it, and whether it hides as a spoiler."""

    name: str
    data: bytes
    alt: str
    spoiler: bool = False

    def to_file(self) -> discord.File:
        """Return it as discord.py wants it; a `discord.File` can be sent only once."""
        return discord.File(
            io.BytesIO(self.data), self.name, spoiler=self.spoiler, description=self.alt[:1024]
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """What Bobby says: a text, embeds and files, none of which may be missing altogether."""

    text: str | None = None
    embeds: tuple[discord.Embed, ...] = ()
    uploads: tuple[Upload, ...] = ()
    view: discord.ui.View | None = None

    def as_text(self) -> "Reply":
        """Return it without embeds, for places where Bobby may not post any."""
        parts = [self.text] if self.text else []
        for embed in self.embeds:
            parts += filter(None, [embed.title and f"**{embed.title}**", embed.description])
            parts += [f"**{field.name}** {field.value}" for field in embed.fields]
            parts += [f"-# {embed.footer.text}"] if embed.footer.text else []
        return Reply("\n".join(parts)[:2000], (), self.uploads, self.view)

    def without_uploads(self, why: str) -> "Reply":
        """Return what remains where its files may not be sent, with a line that says `why`."""
        embeds = tuple(embed.copy().set_image(url=None) for embed in self.embeds)
        for embed in embeds:
            embed.set_thumbnail(url=None)
        return Reply("\n".join(filter(None, [self.text, f"-# {tr(why)}"])), embeds, (), self.view)


Shrink: TypeAlias = Callable[[], Awaitable[Reply]]
"""Makes the reply again, with smaller files."""


class Waiting(Protocol):
    """What tells people how long they wait, see `bot.waiting`."""

    def shown(self, exchange: "Exchange") -> contextlib.AbstractAsyncContextManager[None]:
        """Look after `exchange` for as long as the block lasts."""
        ...


class Exchange(abc.ABC):
    """One question and its one reply. `waiting` is told of it while Bobby is at work."""

    asker: Asker
    waiting: Waiting | None = None

    @property
    def bucket(self) -> int:
        """Within what Discord counts how much is posted: a channel, or one interaction."""
        return self.asker.question or 0

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
                    "I can't answer with pictures here: I need the permission {names} in "
                    "this channel. Somebody who manages the server can give it to me.",
                    names=names,
                )
            )

    @property
    @abc.abstractmethod
    def manages_server(self) -> bool:
        """Whether who asked may manage the server where they did."""

    async def progress(self, reply: Reply) -> None:
        """Show how far the work is, in the message that the answer will take the place of."""
        with contextlib.suppress(discord.HTTPException, *_NETWORK):
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

    def _allowed(self, reply: Reply) -> Reply:
        """Return what may be posted of `reply`; permissions may have gone since it was asked."""
        missing = self.missing_permissions()
        if _SPEAK.intersection(missing):
            return reply  # it goes to whoever asked, in private
        if EMBED_LINKS in missing:
            reply = reply.as_text()
        if ATTACH_FILES in missing and reply.uploads:
            reply = reply.without_uploads(_NOT_ATTACHED)
        return reply

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
        except _NETWORK as error:
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
            await self._send(Reply(tr("Discord would not take my answer. Please ask anew.")))
        return True

    async def _persist(self, reply: Reply) -> None:
        """Post `reply`, once more where Discord or the network failed."""
        try:
            await self._send(reply)
        except (discord.DiscordServerError, *_NETWORK):
            await asyncio.sleep(RETRY_AFTER)
            await self._send(reply)


class MessageExchange(Exchange):
    """A text command. `earlier` is the reply it got before the person edited it, if any."""

    def __init__(self, message: discord.Message, earlier: discord.Message | None = None) -> None:
        self.message = message
        self.reply = earlier
        self._nonce = secrets.token_hex(8)  # with it, a lost answer is not posted twice
        self._posting: asyncio.Task[None] | None = None
        server = message.guild.id if message.guild else None
        self.asker = Asker(message.author.id, server, message.id)

    def __str__(self) -> str:
        return f"message {self.message.id} in channel {self.message.channel.id}"

    @property
    def bucket(self) -> int:
        """See `Exchange`."""
        return self.message.channel.id

    @contextlib.asynccontextmanager
    async def thinking(self) -> AsyncIterator[None]:
        """Show Bobby typing if the work takes longer than a glance."""
        task = asyncio.create_task(self._type())
        try:
            async with self._waiting_shown():
                yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _type(self) -> None:
        await asyncio.sleep(TYPING_AFTER)
        with contextlib.suppress(discord.HTTPException, *_NETWORK):
            while True:
                await self.message.channel.typing()
                await asyncio.sleep(TYPING_EVERY)

    def missing_permissions(self) -> list[str]:
        """See `Exchange`. In a direct message nothing can be missing."""
        if self.message.guild is None:
            return []
        channel = self.message.channel
        in_thread = isinstance(channel, discord.Thread)
        speak = "send_messages_in_threads" if in_thread else "send_messages"
        have = channel.permissions_for(self.message.guild.me)
        return _lacking(have, [speak, "embed_links", "attach_files"])

    @property
    def upload_limit(self) -> int:
        """See `Exchange`."""
        guild = self.message.guild
        limit = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        return min(limit, UPLOAD_AIM)

    @property
    def manages_server(self) -> bool:
        """See `Exchange`. A direct message belongs to no server."""
        author = self.message.author
        return isinstance(author, discord.Member) and author.guild_permissions.manage_guild

    def may_speak(self) -> bool:
        """Tell whether Bobby may post where the command stands."""
        return not _SPEAK.intersection(self.missing_permissions())

    async def settle(self) -> None:
        """Wait until a reply that is being posted stands there: `reply` is true from then on."""
        if self._posting:
            await asyncio.wait({self._posting})

    async def _send(self, reply: Reply) -> None:
        # Posting goes on when the command is cancelled: whether it got there must be known.
        self._posting = asyncio.create_task(self._send_now(reply))
        await asyncio.shield(self._posting)

    async def _send_now(self, reply: Reply) -> None:
        if self.reply:
            with contextlib.suppress(discord.NotFound):
                self.reply = await self.reply.edit(**_edited(reply))
                return
        if not self.may_speak():
            await self._tell_in_private(reply)
            return
        reference = self.message.to_reference(fail_if_not_exists=False)
        try:
            await self._post(reply, reference)
        except discord.HTTPException as error:
            if error.code not in _CANNOT_QUOTE:
                raise
            await self._post(reply, None)

    async def _tell_in_private(self, reply: Reply) -> None:
        """Say in a direct message what can't be said where it was asked."""
        where = "-# " + tr("You asked in {place}", place=self.message.jump_url)
        text = "\n".join(filter(None, [reply.text, where]))
        files = [upload.to_file() for upload in reply.uploads]
        await self.message.author.send(text, embeds=reply.embeds, files=files, nonce=self._nonce)

    async def _post(self, reply: Reply, reference: discord.MessageReference | None) -> None:
        self.reply = await self.message.channel.send(
            reply.text,
            embeds=reply.embeds,
            files=[upload.to_file() for upload in reply.uploads],
            view=reply.view or discord.utils.MISSING,
            nonce=self._nonce,
            reference=reference,  # type: ignore[arg-type]  # None is what the overload defaults to
            mention_author=False,
        )


class InteractionExchange(Exchange):
    """A slash command, an entry of the message menu, or a button.

    A `private` one is answered so that only the asker sees it.
    """

    def __init__(self, interaction: Interaction, *, private: bool = False) -> None:
        self.interaction = interaction
        self.private = private
        self.waiting = getattr(interaction.client, "waiting", None)
        self._nonce = secrets.token_hex(8)
        self.asker = Asker(interaction.user.id, interaction.guild_id, interaction.id)

    def __str__(self) -> str:
        return f"interaction {self.interaction.id} in channel {self.interaction.channel_id}"

    @contextlib.asynccontextmanager
    async def thinking(self) -> AsyncIterator[None]:
        """Defer: Discord shows Bobby thinking until the answer comes.

        Raises:
            TooLate: Discord takes no answer any more.
        """
        try:
            await self.interaction.response.defer(thinking=True, ephemeral=self.private)
        except discord.HTTPException as error:
            if error.code not in _TOO_LATE:
                raise
            raise TooLate(later("Discord waits for my answer no more. Ask again.")) from None
        async with self._waiting_shown():
            yield

    def missing_permissions(self) -> list[str]:
        """See `Exchange`. Discord tells with every interaction what Bobby may do there."""
        return _lacking(self.interaction.app_permissions, ["embed_links", "attach_files"])

    @property
    def upload_limit(self) -> int:
        """See `Exchange`. Discord tells it with every interaction."""
        return min(self.interaction.filesize_limit, UPLOAD_AIM)

    @property
    def manages_server(self) -> bool:
        """See `Exchange`. A server where somebody merely brought Bobby along does not count."""
        return self.interaction.is_guild_integration() and self.interaction.permissions.manage_guild

    async def _send(self, reply: Reply) -> None:
        if not self.interaction.response.is_done():
            await self.interaction.response.send_message(
                reply.text,
                embeds=reply.embeds,
                files=[upload.to_file() for upload in reply.uploads],
                view=reply.view or discord.utils.MISSING,
                ephemeral=self.private,
            )
            return
        try:
            await self.interaction.edit_original_response(**_edited(reply))
        except discord.HTTPException as error:
            channel = self.interaction.channel
            if error.code not in _TOKEN_GONE or not isinstance(channel, discord.abc.Messageable):
                raise
            if self.private:  # what one person asked in private is for nobody else to read
                raise
            await self._post(channel, reply)

    async def _post(self, channel: discord.abc.Messageable, reply: Reply) -> None:
        """Say in the channel what the interaction takes no more after its fifteen minutes."""
        await channel.send(
            "\n".join(filter(None, [self.interaction.user.mention, reply.text])),
            embeds=reply.embeds,
            files=[upload.to_file() for upload in reply.uploads],
            view=reply.view or discord.utils.MISSING,
            nonce=self._nonce,
        )


def _edited(reply: Reply) -> dict[str, Any]:
    """Return the arguments that make a message that is already there say `reply`."""
    return {
        "content": reply.text,
        "embeds": reply.embeds,
        "attachments": [upload.to_file() for upload in reply.uploads],
        "view": reply.view,
    }


def _lacking(permissions: discord.Permissions, needed: Iterable[str]) -> list[str]:
    have = dict(permissions)
    return [_PERMISSIONS[name] for name in needed if not have[name]]
