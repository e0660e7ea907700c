"""Fetches the bytes of a picture, within limits of size, time and place.

Two ways lead out. Addresses that Discord itself gave us (its CDN and its link proxy) are trusted.
Links that people typed may lead only to public addresses, which is checked on every address at the
moment of connecting, so that redirects and names that resolve elsewhere are caught too. Never
decodes a picture.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from bot.errors import AskerError, FetchFailed, LinkRefused, PictureTooLarge
from bot.pictures import Picture

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_CHUNK_BYTES = 256 * 1024
_USER_AGENT = "Bobby (a Discord bot that looks at pictures)"


class _NotPublicError(OSError):
    """A connection was about to be made to an address that is not public."""


def is_public(address: IPAddress) -> bool:
    """Tell whether `address` is reachable by anyone on the internet.

    IPv6 addresses that stand for an IPv4 address (mapped, 6to4, Teredo, NAT64) are judged by that.
    """
    if isinstance(address, ipaddress.IPv6Address):
        embedded = [address.ipv4_mapped, address.sixtofour]
        if address.teredo:
            embedded.append(address.teredo[1])
        if address in _NAT64:
            embedded.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(inner is not None and not is_public(inner) for inner in embedded):
            return False
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
    return address.is_global and not address.is_multicast


class Fetcher:
    """Streams pictures into memory; open with `async with`.

    At most `concurrency` downloads run at once, so that a crowd can't fill the memory before the
    queue's own limits apply. `allow` decides which addresses a person's link may lead to.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout: float = 20.0,
        concurrency: int = 8,
        allow: Callable[[IPAddress], bool] = is_public,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._allow = allow
        self._slots = asyncio.Semaphore(concurrency)

    async def __aenter__(self) -> Self:
        self._trusted = aiohttp.ClientSession(headers={"User-Agent": _USER_AGENT})
        self._public = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=self._public_socket),
            headers={"User-Agent": _USER_AGENT},
            cookie_jar=aiohttp.DummyCookieJar(),
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

    async def fetch(self, picture: Picture) -> bytes:
        """Return the file of `picture`, by the way its address allows.

        Raises:
            LinkRefused, PictureTooLarge, FetchFailed: See the two methods below.
        """
        if picture.from_discord:
            return await self.from_discord(picture.url)
        return await self.from_link(picture.url)

    async def from_discord(self, url: str) -> bytes:
        """Return the file at `url`, an address that Discord gave us.

        Raises:
            PictureTooLarge: It has more than `max_bytes`.
            FetchFailed: It did not come whole and in time.
        """
        return await self._fetch(self._trusted, URL(url, encoded=True), "Discord")

    async def from_link(self, link: str) -> bytes:
        """Return the file at `link`, which a person typed.

        Raises:
            LinkRefused: It is no http(s) link, or leads to an address that is not public.
            PictureTooLarge: It has more than `max_bytes`.
            FetchFailed: It did not come whole and in time, or is a web page.
        """
        try:
            url = URL(link)
            port = url.port
        except ValueError:
            raise LinkRefused("That link is not a web address I can read.") from None
        if url.scheme not in {"http", "https"} or not url.host or port is None:
            raise LinkRefused("I can only follow links that begin with http:// or https://.")
        return await self._fetch(self._public, url, "The site behind that link")

    async def _fetch(self, session: aiohttp.ClientSession, url: URL, who: str) -> bytes:
        """Stream `url` and say in people's words what went wrong, `who` being the server."""
        try:
            async with self._slots, asyncio.timeout(self._timeout):
                return await self._stream(session, url, who)
        except TimeoutError:
            raise FetchFailed(
                f"{who} took more than {self._timeout:.0f} seconds to send the picture."
                " Try again, or attach the picture itself."
            ) from None
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _NotPublicError):
                raise LinkRefused(
                    "That link does not lead to a public web address, so I won't follow it."
                    " Attach the picture itself."
                ) from None
            raise FetchFailed(f"{who} could not be reached. Attach the picture itself.") from error
        except aiohttp.TooManyRedirects:
            raise FetchFailed(
                "That link redirects in circles. Attach the picture itself."
            ) from None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise LinkRefused("That link leads to something that is not a web address.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise FetchFailed(f"{who} broke off while sending the picture. Try again.") from error

    async def _stream(self, session: aiohttp.ClientSession, url: URL, who: str) -> bytes:
        async with session.get(url, max_redirects=5) as response:
            if response.status != 200:
                raise _refusal(response.status, who)
            if response.content_type in {"text/html", "application/xhtml+xml"}:
                raise FetchFailed(
                    "That link leads to a web page, not to a picture."
                    " Link to the picture's own address, or attach it."
                )
            if (response.content_length or 0) > self._max_bytes:
                raise self._too_large()
            body = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                body += chunk
                if len(body) > self._max_bytes:
                    raise self._too_large()
            return bytes(body)

    def _too_large(self) -> PictureTooLarge:
        mib = self._max_bytes / 2**20
        return PictureTooLarge(
            f"That picture is larger than the {mib:g} MiB I take. Send a smaller version of it."
        )

    def _public_socket(self, address: Any) -> socket.socket:  # noqa: ANN401  (aiohttp's type)
        family, kind, protocol, _, sockaddr = address
        if not self._allow(ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])):
            raise _NotPublicError(f"{sockaddr[0]} is not a public address")
        return socket.socket(family, kind, protocol)


def _refusal(status: int, who: str) -> AskerError:
    if status in {404, 410}:
        return FetchFailed(f"{who} no longer has that picture. Send it again.")
    if status in {401, 403}:
        return FetchFailed(f"{who} does not let me see that picture. Attach the picture itself.")
    return FetchFailed(f"{who} answered with error {status}. Try again in a moment.")
