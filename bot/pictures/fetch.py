"""Fetches the bytes of a picture, within limits of size, time and place.

Two ways lead out. Addresses that Discord itself gave us (its CDN and its link proxy) are trusted.
Links that people typed may lead only to public addresses (see `public_address`). Nobody
can keep the others waiting: each person downloads a few pictures at once. Never decodes a picture,
nor unpacks what a server has compressed. Where a person's link leads to a web page, the picture
that the page names is fetched instead, within the same limits; a second page is not read.
"""

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

import aiohttp
from yarl import URL

from bot.core import network
from bot.core.errors import (
    AskerError,
    FetchFailed,
    LinkExpired,
    LinkRefused,
    Overloaded,
    PictureTooLarge,
)
from bot.core.i18n import tr
from bot.pictures import web_page
from bot.pictures.picture import Picture
from bot.pictures.public_address import (
    IPAddress,
    NotPublicError,
    PublicConnector,
    is_public,
)

log = logging.getLogger(__name__)

SLOTS = 16
"""Downloads that run at once; in memory, each may have as many bytes as a picture may."""
PER_PERSON = 2
"""Downloads of one person that run at once; their others wait for these."""

_CHUNK_BYTES = 256 * 1024
_HEADERS = {
    "User-Agent": "Bobby (a Discord bot that looks at pictures)",
    "Accept-Encoding": "identity",
}


class Fetcher:
    """Streams pictures into memory; open with `async with`.

    At most `slots` downloads run at once, and `PER_PERSON` of one person, so that no crowd can fill
    the memory (`slots` times `max_bytes` at the worst) before the queue's own limits apply, and
    nobody's slow links can keep the others waiting. Links that people typed have half of the slots
    at most, so that slow sites don't hold up what Discord delivers. `timeout` is in seconds.
    `allow` decides which addresses a person's link may lead to.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout: float = 20.0,
        slots: int = SLOTS,
        allow: Callable[[IPAddress], bool] = is_public,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._allow = allow
        self._slots = asyncio.Semaphore(slots)
        self._link_slots = asyncio.Semaphore(max(1, slots // 2))
        # Weak, so that a person's own semaphore goes with the last download that holds it.
        self._own_slots: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        connector = network.Connector()
        self._trusted = aiohttp.ClientSession(
            connector=connector, headers=_HEADERS, auto_decompress=False
        )
        self._public = aiohttp.ClientSession(
            connector=PublicConnector(self._allow, by_proxy=connector),
            headers=_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._trusted.close()
        await self._public.close()

    async def fetch(self, picture: Picture, *, person: int) -> bytes:
        """Return the file of `picture`, for which the person with the id `person` asked.

        The time limit is that of the download; a person's later pictures may wait as long as it
        takes for their earlier ones.

        Raises:
            LinkRefused: It is no http(s) link, has a password in it, or leads to an address that is
                not public.
            PictureTooLarge: It has more than `max_bytes`.
            FetchFailed: It did not come whole and in time, is a web page that names no picture, or
                is compressed.
            LinkExpired: The link is Discord's, and runs out after a day.
            Overloaded: Other people's downloads left no slot for as long as a download may take.
        """
        try:
            if picture.from_discord:
                session, url, who = self._trusted, URL(picture.url, encoded=True), "Discord"
            else:
                session, url, who = (
                    self._public,
                    _typed(picture.url),
                    tr("That website"),
                )
        except ValueError:
            raise LinkRefused(tr("That doesn't look like a valid link.")) from None
        async with self._turn(person, typed=not picture.from_discord):
            data = await self._fetch(session, url, who)
        log.debug("Fetched %d bytes", len(data))
        return data

    @contextlib.asynccontextmanager
    async def _turn(self, person: int, *, typed: bool) -> AsyncIterator[None]:
        """Hold a slot of each kind that the download needs: the person's own first, then all's."""
        own = self._own_slots.setdefault(person, asyncio.Semaphore(PER_PERSON))
        async with own, contextlib.AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._timeout):
                    if typed:
                        await held.enter_async_context(self._link_slots)
                    await held.enter_async_context(self._slots)
            except TimeoutError:
                raise Overloaded(
                    tr("I'm downloading too many pictures right now. Try again in a minute.")
                ) from None
            yield

    async def _fetch(self, session: aiohttp.ClientSession, url: URL, who: str) -> bytes:
        """Stream `url` and say in people's words what went wrong, `who` being the server."""
        try:
            async with asyncio.timeout(self._timeout):
                named = await self._stream(session, url, who)
                if isinstance(named, URL):
                    named = await self._stream(session, _checked(named), who)
                if isinstance(named, URL):
                    raise _no_picture()
                return named
        except TimeoutError:
            raise FetchFailed(self._too_slow(who, trusted=session is self._trusted)) from None
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
            if isinstance(getattr(error, "os_error", None), NotPublicError):
                raise LinkRefused(
                    tr("That link isn't public, so I won't open it. Upload the picture instead.")
                ) from None
            if session is self._trusted:
                log.warning("Discord's pictures can't be fetched: %s", network.reason(error))
                raise FetchFailed(
                    tr("I can't reach Discord's file server right now. Try again in a minute.")
                ) from error
            raise FetchFailed(
                tr("{who} can't be reached. Upload the picture instead.", who=who)
            ) from error
        except aiohttp.TooManyRedirects:
            raise FetchFailed(
                tr("That link redirects in circles. Attach the picture itself.")
            ) from None
        except (ValueError, aiohttp.NonHttpUrlClientError) as error:
            # Not every broken address is an aiohttp.InvalidURL: a name like `a..b` has no form in
            # which it can be looked up, which is a UnicodeError.
            raise LinkRefused(tr("That link redirects to something I can't open.")) from error
        except (aiohttp.ClientError, OSError) as error:
            raise FetchFailed(
                tr("{who} closed the connection partway through. Try again.", who=who)
            ) from error

    async def _stream(self, session: aiohttp.ClientSession, url: URL, who: str) -> bytes | URL:
        """Return the file at `url`; where a person's link leads to a page, what that names."""
        # Where Discord's own addresses redirect to would be followed unchecked.
        follow = session is self._public
        async with session.get(url, max_redirects=5, allow_redirects=follow) as response:
            if response.status != 200:
                raise _refusal(response.status, who, trusted=session is self._trusted)
            is_page = response.content_type in web_page.CONTENT_TYPES
            if is_page and session is self._trusted:
                raise _no_picture()
            if _is_encoded(response):
                raise FetchFailed(
                    tr(
                        "{who} sent the picture in a form I can't open. Upload it here instead.",
                        who=who,
                    )
                )
            return await (_read_page(response) if is_page else self._read(response))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._max_bytes:
            raise self._too_large()
        body = io.BytesIO()  # unlike a bytearray's, its bytes are had without a copy
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            body.write(chunk)
            if body.tell() > self._max_bytes:
                raise self._too_large()
        return body.getvalue()

    def _too_slow(self, who: str, *, trusted: bool) -> str:
        timeout = self._timeout
        if trusted:  # nothing that the person has sent is to blame
            return tr(
                "Discord's file server took longer than {timeout:.0f} seconds to respond. "
                "Try again in a minute.",
                timeout=timeout,
            )
        return tr(
            "{who} took longer than {timeout:.0f} seconds to respond. Try "
            "again, or upload the picture instead.",
            who=who,
            timeout=timeout,
        )

    def _too_large(self) -> PictureTooLarge:
        mib = self._max_bytes / 2**20
        return PictureTooLarge(
            tr(
                "That file is over the {mib:g} MiB limit. Send a smaller version.",
                mib=mib,
            )
        )


def _typed(link: str) -> URL:
    """Return a link that a person typed, checked as far as that goes without connecting.

    Raises:
        ValueError: It is no address at all.
        LinkRefused: It is one that is not followed.
    """
    return _checked(URL(link))


def _checked(url: URL) -> URL:
    """Return `url`; raises LinkRefused where it is not followed."""
    if url.scheme not in {"http", "https"} or not url.host or url.port is None:
        raise LinkRefused(tr("I can only follow links that begin with http:// or https://."))
    if url.user or url.password:
        raise LinkRefused(
            tr(
                "That link contains a username or password, so I won't open it. Upload "
                "the picture instead."
            )
        )
    return url


async def _read_page(response: aiohttp.ClientResponse) -> URL:
    """Return the address of the picture that a page names, in what is read of it."""
    head = bytearray()
    async for chunk in response.content.iter_any():
        head += chunk
        if web_page.is_whole(head, len(chunk)):
            break
    try:
        named = web_page.named_picture(bytes(head), response.url)
    except ValueError:
        raise _no_picture() from None
    if named is None:
        raise _no_picture()
    return named


def _no_picture() -> FetchFailed:
    return FetchFailed(
        tr(
            "That link opens a web page, not a picture. Copy the image "
            "address instead, or upload the picture."
        )
    )


def _is_encoded(response: aiohttp.ClientResponse) -> bool:
    """Tell whether the body would have to be decompressed before it is a file."""
    encodings = ",".join(response.headers.getall("Content-Encoding", [])).lower().split(",")
    return any(encoding.strip() not in {"", "identity"} for encoding in encodings)


def _refusal(status: int, who: str, *, trusted: bool) -> AskerError:
    if trusted and status in {403, 404, 410}:
        return LinkExpired(tr("{who} no longer has that picture. Send it again.", who=who))
    if 300 <= status < 400:
        return FetchFailed(tr("{who} has moved that picture. Attach the picture itself.", who=who))
    if status in {404, 410}:
        return FetchFailed(tr("{who} no longer has that picture. Send it again.", who=who))
    if status in {401, 403}:
        return FetchFailed(
            tr("{who} does not let me see that picture. Attach the picture itself.", who=who)
        )
    return FetchFailed(
        tr("{who} answered with error {status}. Try again in a moment.", who=who, status=status)
    )
