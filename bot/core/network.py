"""The one way out: every connection honors the operator's proxy, NO_PROXY and SSL_CERT_FILE.

Owns which proxy an address is reached by, and the words for a certificate that isn't trusted.
Sessions take their connector from here, discord.py's included. OpenSSL itself reads SSL_CERT_FILE.
"""

import asyncio
import contextlib
import ipaddress
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.tracing import Trace
from yarl import URL

_AS_WEB = {"ws": "http", "wss": "https"}
"""A gateway is reached the way that its host's pages are."""


class Connector(aiohttp.TCPConnector):
    """Connects by the proxy of an address where it has one; redirects are judged each by itself.

    Sessions could do that with `trust_env`, but then know no ALL_PROXY and no proxy for a
    websocket, and discord.py's session doesn't offer it.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  (aiohttp's)
    ) -> aiohttp.connector.Connection:
        """Return a connection for `req`."""
        if (proxy := await usable_proxy(req.url)) is not None:
            req.update_proxy(proxy.with_user(None), aiohttp.BasicAuth.from_url(proxy), None)
        return await super().connect(req, traces, timeout)


async def usable_proxy(url: URL) -> URL | None:
    """Return the proxy by which `url` is reached."""
    # A thread, because the settings of Windows may have a name looked up.
    proxy = await asyncio.to_thread(proxy_for, url)
    return proxy if proxy is not None and is_usable(proxy) else None


def is_usable(proxy: URL) -> bool:
    """Tell whether aiohttp speaks to `proxy`; it knows no SOCKS."""
    return proxy.host is not None and proxy.scheme in {"http", "https"}


def proxy_for(url: URL) -> URL | None:
    """Return the proxy that is set for `url`, with its password; None where none is to be used.

    This machine itself is never behind a proxy: the playground is here.
    """
    host = url.host or ""
    if _is_here(host) or proxy_bypass(host) or proxy_bypass(f"{host}:{url.port}"):
        return None
    proxies = getproxies()
    address = proxies.get(_AS_WEB.get(url.scheme, url.scheme)) or proxies.get("all")
    if not address:
        return None
    return URL(address if "://" in address else f"http://{address}")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def reason(error: BaseException) -> str:
    """Say why a connection failed, and what to set where a certificate isn't trusted."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
        return (
            f"the certificate of {error.host} isn't trusted: {why}; if your network has a CA of"
            " its own, set SSL_CERT_FILE to the file of its certificate"
        )
    return str(error) or type(error).__name__
