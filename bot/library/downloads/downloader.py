"""The way of a file of weights from its publisher to the store.

Owns retries, what the server is asked, and the words for whatever goes wrong; `transfer` reads one
answer of the server, `store` owns the files. A download goes on where it ended before, in this
process or another, and never gives a file its name before its hash was found right. It runs in the
event loop; disks and hashes are waited for on threads.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Self, TypeAlias
from urllib.parse import quote

import aiohttp
import filelock

from bot.core import network
from bot.core.errors import DownloadFailed
from bot.core.settings import Settings
from bot.library.downloads.folder import PartialFile, WeightsFolder
from bot.library.downloads.progress import Progress, size
from bot.library.downloads.transfer import Target, TransientError, download_all, host, transfer
from models.jobs.base import Said, say
from models.jobs.model_info import WeightsFile

log = logging.getLogger(__name__)

Tell: TypeAlias = Callable[[Progress], None]

CONNECT_SECONDS = 20.0
MOST_TRIES = 1000
"""Of one download, however much each of them brings."""
LOCK_SECONDS = 0.5
"""Between looks whether another process is done with a file."""
_LATER = say("Try again later.")
_HEADERS = {"User-Agent": "Bobby (fetches published weights)", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class RetryPolicy:
    """How much a server is put up with; all in seconds but `tries`.

    After `tries` in a row that brought nothing, a download is given up. Before the second, Bobby
    waits `first`, then twice as long each time, at most `longest`; a server that asks for more
    than `longest` by Retry-After is not waited for. `stall` is what 64 KiB may take.
    """

    tries: int = 5
    first: float = 1.0
    longest: float = 120.0
    stall: float = 60.0

    def delay(self, failures: int) -> float:
        """Return the pause after so many `failures`, from 1, spread so that crowds come apart."""
        most = min(self.longest, self.first * 2.0 ** (failures - 1))
        return most * random.uniform(0.75, 1.0)  # noqa: S311  (no secret)


class Downloader:
    """Downloads files into `store`; open with `async with`.

    Where `offline`, it opens no connection. A `mirror` is asked instead of the publishers. A
    `token` is for the publisher alone: a host that it redirects to never sees it.
    """

    def __init__(
        self,
        store: WeightsFolder,
        *,
        offline: bool = False,
        mirror: str | None = None,
        patience: RetryPolicy | None = None,
        token: str | None = None,
    ) -> None:
        self.store = store
        self._login = {"Authorization": f"Bearer {token}"} if token else {}
        self._offline = offline
        self._mirror = mirror
        self._patience = patience or RetryPolicy()

    @classmethod
    def of(cls, settings: Settings, patience: RetryPolicy | None = None) -> Self:
        """Return the one that `settings` describe."""
        store = WeightsFolder(settings.weights_folder)
        offline, mirror = settings.offline, settings.mirror
        return cls(store, offline=offline, mirror=mirror, patience=patience)

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        self._session = aiohttp.ClientSession(
            headers=_HEADERS | self._login,
            timeout=timeout,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=network.Connector(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def fetch(self, file: WeightsFile, tell: Tell, *, most: int | None = None) -> None:
        """Have `file` in the store, of at most `most` bytes; returns at once if it is there.

        `tell` hears how far it is after every block. Cancelling keeps what has come for next time.

        Raises:
            DownloadFailed: It can't be had; the sentence says why.
        """
        if self.store.has(file):
            return
        url = self._address(file)
        async with self._only_here(file):
            if not self.store.has(file):
                await self._persist(Target(file, url, most, self._patience.stall), tell)
                log.info("%s was downloaded from %s", file.name, host(url))

    def _address(self, file: WeightsFile) -> str:
        if self._offline:
            raise DownloadFailed(
                say(
                    "{name} isn't on this machine, and BOBBY_OFFLINE turns downloads off.",
                    name=file.name,
                )
            )
        if self._mirror:
            return f"{self._mirror}/{quote(file.name)}"
        if file.url is None:
            raise DownloadFailed(
                say(
                    "{name} comes with a Python package and can't be downloaded on its own.",
                    name=file.name,
                )
            )
        return file.url

    @contextlib.asynccontextmanager
    async def _only_here(self, file: WeightsFile) -> AsyncIterator[None]:
        """Hold the lock on `file`; wait for its holder without holding up the event loop."""
        try:
            lock = self.store.lock(file)
            for turn in range(10**9):
                with contextlib.suppress(filelock.Timeout):
                    lock.acquire(timeout=0)
                    break
                if turn == 0:
                    log.info("Another process downloads %s: waiting for it", file.name)
                await asyncio.sleep(LOCK_SECONDS)
        except OSError as error:
            raise DownloadFailed(
                say(
                    "Can't write to {folder} ({why}). Set BOBBY_CACHE to a folder "
                    "Bobby can write to.",
                    folder=str(self.store.folder),
                    why=str(error.strerror),
                )
            ) from None
        try:
            yield
        finally:
            lock.release()

    async def _persist(self, target: Target, tell: Tell) -> None:
        """Try until the file is there and right, or there is no more hope."""
        name, part = target.file.name, self.store.part(target.file)
        meter = _Meter(name, tell)
        failures = mismatches = 0
        for _ in range(MOST_TRIES):
            before = part.size
            resumed = before > 0
            try:
                await transfer(self._session, self.store, target, meter)
            except TransientError as passing:
                failures = 1 if part.size > before else failures + 1
                await self._pause(target, passing, failures)
                continue
            wrong = await download_all(self._accept, target.file)
            if wrong is None:
                return
            mismatches += 1
            # What was left by an earlier try may have been another file's beginning.
            if not resumed or mismatches > 1:
                raise DownloadFailed(
                    say(
                        "{name} from {who} failed its check: {wrong}. The file was "
                        "deleted. Try again later, or use another mirror.",
                        who=host(target.url),
                        name=name,
                        wrong=wrong,
                    )
                )
            log.warning("%s: %s; downloading it again", name, wrong)
        raise DownloadFailed(
            say(
                "Couldn't download {name}: {who} kept dropping the connection.",
                name=name,
                who=host(target.url),
            )
        )

    def _accept(self, file: WeightsFile) -> Said | None:
        try:
            return self.store.accept(file)
        except OSError as error:
            self.store.part(file).discard()
            raise DownloadFailed(
                say("{name} can't be kept: {why}.", name=file.name, why=str(error.strerror))
            ) from None

    async def _pause(self, target: Target, passing: TransientError, failures: int) -> None:
        """Wait before the next try.

        Raises:
            DownloadFailed: There is none.
        """
        part, patience = self.store.part(target.file), self._patience
        asked = passing.retry_after
        if failures >= patience.tries or (asked or 0) > patience.longest:
            raise _given_up(target, passing, part)
        delay = max(asked or 0, patience.delay(failures))
        log.info("%s: %s; trying again in %.1f s", target.file.name, passing, delay)
        await asyncio.sleep(delay)


def _given_up(target: Target, passing: TransientError, part: PartialFile) -> DownloadFailed:
    name, asked = target.file.name, passing.retry_after
    again = say("Try again in {seconds} s.", seconds=f"{asked:.0f}") if asked else _LATER
    if part.size == 0:
        part.discard()
        return DownloadFailed(
            say(
                "{name} could not be downloaded: {why}. {again}",
                name=name,
                why=passing.reason,
                again=again,
            )
        )
    return DownloadFailed(
        say(
            "Couldn't download {name}: {why}. The first {size} are saved, and the next "
            "try continues from there. {again}",
            name=name,
            why=passing.reason,
            size=size(part.size),
            again=again,
        )
    )


class _Meter:
    """Turns byte counts into `Progress`; the speed counts only what came in this download."""

    def __init__(self, name: str, tell: Tell) -> None:
        self._name = name
        self._tell = tell
        self._begun = time.monotonic()
        self._came = 0

    def __call__(self, new: int, done: int, total: int | None) -> None:
        self._came += new
        passed = time.monotonic() - self._begun
        speed = self._came / passed if passed > 0.5 and self._came else None
        self._tell(Progress(self._name, done, total, speed))
