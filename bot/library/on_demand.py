"""What people may ask for: a model that is not here is downloaded, once, for all who wait.

Owns who may start that, how large it may be, and what the others are told. It hands files to
`download`, and a sentence to the command that asked; which model answers in the end is the
worker's decision, so a download that fails costs nobody their answer.
"""

import asyncio
import logging
from typing import Self

import discord

from bot.conversation.progress import cancelling
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import BobbyError, DownloadFailed
from bot.core.i18n import tr
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.executor.queue import Requester
from bot.library.downloads.downloader import Downloader, RetryPolicy
from bot.library.downloads.progress import Progress, size, words
from bot.replies.common import BLUE
from models.jobs.model_info import ModelInfo

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Downloads that run side by side; others wait for their turn."""
SILENT_SECONDS = 2.0
"""What comes sooner is not announced."""
EDIT_SECONDS = 5.0
IN_A_CHAT = RetryPolicy(tries=3, stall=30.0)
"""A server that is down costs people a few seconds before another model answers."""
LONGEST_WAIT = 13 * 60.0
"""Seconds that a question waits; an interaction can be answered for fifteen minutes."""


class _Fetching:
    """A model on its way: the task that brings it, and how far it is."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.progress: Progress | None = None


class ModelDownloads:
    """The models that `executor`'s worker knows, and their way here; open with `async with`."""

    def __init__(self, settings: Settings, executor: Executor) -> None:
        self._settings = settings
        self._executor = executor
        self._downloader = Downloader.of(settings, IN_A_CHAT)
        self._fetching: dict[str, _Fetching] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._counting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._downloader.__aenter__()
        self._counting = asyncio.create_task(self._say_what_is_ready(), name="count models")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop what is on its way; what has come of it is kept for next time."""
        tasks = [fetching.task for fetching in self._fetching.values()]
        tasks += [self._counting] if self._counting else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._downloader.__aexit__(None, None, None)

    async def ensure(self, responder: Responder, task: str, model: str | None) -> str | None:
        """Have the weights of `model` here, if who asks may have them downloaded.

        Waits for a download that is under way, no matter who started it, and shows how far it is.
        Returns what the person is to know: that no hash is published, or why the weights are
        still missing, so that another model will answer. None when there is nothing to say, also
        for a model that is here, is nobody's, or is not for `task`.
        """
        card = self._missing(task, model)
        if card is None:
            return None
        if card.name not in self._fetching:
            if refusal := self._refusal(card, responder):
                return refusal
            log.info("%s asked for %s: downloading it", responder, card.name)
            self._start(card)
        fetching = self._fetching[card.name]
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                await self._watch(responder, card, fetching)
        except TimeoutError:
            return tr("{name} is still downloading. Try again in a few minutes.", name=card.name)
        except DownloadFailed as error:
            return str(error)
        if any(file.proof == "pinned" for file in card.files):
            return tr(
                "Downloaded {name}. Its publisher provides no checksum, so I'll check "
                "future copies against this one.",
                name=card.name,
            )
        return None

    def _missing(self, task: str, model: str | None) -> ModelInfo | None:
        name = (model or "").strip().lower()
        found = [c for c in self._executor.models if c.name == name and c.task == task]
        wanted = [card for card in found if not card.ready and card.files]
        store = self._downloader.store
        return next((c for c in wanted if not all(store.has(file) for file in c.files)), None)

    def _refusal(self, card: ModelInfo, responder: Responder) -> str | None:
        """Return why `responder` may not have `card` downloaded, None if it may."""
        if self._settings.offline or self._settings.downloads == "nobody":
            return tr(
                "{name} isn't installed, and downloads are turned off here. Ask the "
                "bot owner to add it.",
                name=card.name,
            )
        if self._settings.downloads == "managers" and not responder.manages_server:
            return tr(
                "{name} isn't installed yet. Someone with **Manage Server** can start "
                "the download by using it in a server I'm in.",
                name=card.name,
            )
        most = self._settings.max_download_mib * 2**20
        total = sum(file.size_bytes or 0 for file in card.files)
        if total > most:
            return tr(
                "{name} is {total}, over the {most} download limit. Ask the bot owner "
                "to run `bobby fetch {name}`.",
                name=card.name,
                total=size(total),
                most=size(most),
            )
        return None

    def _start(self, card: ModelInfo) -> None:
        task = asyncio.create_task(self._fetch(card), name=f"download {card.name}")
        self._fetching[card.name] = _Fetching(task)
        task.add_done_callback(lambda done: self._ended(card, done))

    async def _fetch(self, card: ModelInfo) -> None:
        def tell(progress: Progress) -> None:
            self._fetching[card.name].progress = progress

        most = self._settings.max_download_mib * 2**20
        async with self._slots:
            for file in card.files:
                await self._downloader.fetch(file, tell, most=most)
        await self._executor.recount()

    def _ended(self, card: ModelInfo, task: asyncio.Task[None]) -> None:
        del self._fetching[card.name]
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, BobbyError):
            log.warning("%s", error.english)
        else:
            log.error("The download of %s failed unexpectedly", card.name, exc_info=error)

    async def _watch(self, responder: Responder, card: ModelInfo, fetching: _Fetching) -> None:
        """Wait until the download is done; edit how far it is into the one reply.

        Raises:
            DownloadFailed: It failed.
        """
        pause = SILENT_SECONDS
        while not fetching.task.done():
            await asyncio.wait({fetching.task}, timeout=pause)
            if not fetching.task.done():
                await responder.progress(_shown(card, fetching.progress, responder.requester))
                pause = EDIT_SECONDS
        if fetching.task.cancelled():
            raise DownloadFailed(tr("The download of {name} was stopped.", name=card.name))
        if error := fetching.task.exception():
            if isinstance(error, DownloadFailed):
                raise error
            raise DownloadFailed(
                tr(
                    "I couldn't download {name}. The bot owner can find the reason in the log.",
                    name=card.name,
                )
            ) from error

    async def _say_what_is_ready(self) -> None:
        try:
            ready = await self._executor.ready()
        except BobbyError:
            return
        here = sum(card.ready for card in ready.models)
        log.info("%d of %d models ready", here, len(ready.models))


def _shown(card: ModelInfo, progress: Progress | None, requester: Requester) -> Reply:
    far = words(progress) if progress else tr("queued")
    text = tr("Downloading **{name}**", name=card.name)
    embed = discord.Embed(description=f"{text}\n{far}", color=BLUE)
    return Reply(embeds=(embed,), view=cancelling(requester))
