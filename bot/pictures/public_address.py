"""The fence around links that people typed: they lead to public addresses, and nowhere else.

Where Bobby connects itself, the address of every connection is checked, so that names that resolve
elsewhere and redirects are caught. Where the operator's proxy connects, it also looks the name up,
and only what the link says can be checked: an address, and names that are private by agreement. A
public name that the proxy resolves to a private address is for the proxy to refuse.
"""

import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.tracing import Trace

from bot.core import network

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out to be reached from everywhere, but for `_RESERVED`."""
_RESERVED = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # protocol assignments
            "192.88.99.0/24",  # relays of 6to4
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which stands for an IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)
"""Networks of the IANA registries of special addresses that Python, in some versions, lets pass."""
_PUBLIC_NAME = re.compile(r"([a-z0-9_-]+\.)+[a-z0-9-]+")
_PRIVATE = {"localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa"}
"""Top-level domains of names that mean something on a network of one's own only."""


class NotPublicError(OSError):
    """A connection was about to be made to an address that is not public."""


class PublicConnector(network.Connector):
    """Connects to addresses that `allow` takes, and by `by_proxy` where a proxy is to be used.

    Elsewhere it raises a ClientConnectorError with a `NotPublicError` in it.
    """

    def __init__(self, allow: Callable[[IPAddress], bool], *, by_proxy: network.Connector) -> None:
        super().__init__(socket_factory=self._socket)
        self._allow = allow
        self._by_proxy = by_proxy

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  (aiohttp's)
    ) -> aiohttp.connector.Connection:
        """Return a connection for `req`."""
        if await network.usable_proxy(req.url) is None:
            return await super().connect(req, traces, timeout)
        host = req.url.raw_host or ""
        if not may_be_public(host, self._allow):
            refusal = NotPublicError(f"{host} is not a public name")
            raise aiohttp.ClientConnectorError(req.connection_key, refusal)
        return await self._by_proxy.connect(req, traces, timeout)

    def _socket(self, address: Any) -> socket.socket:  # noqa: ANN401  (aiohttp's type)
        family, kind, protocol, _, sockaddr = address
        if not self._allow(ipaddress.ip_address(str(sockaddr[0]).partition("%")[0])):
            raise NotPublicError(f"{sockaddr[0]} is not a public address")
        return socket.socket(family, kind, protocol)


def may_be_public(host: str, allow: Callable[[IPAddress], bool]) -> bool:
    """Tell whether `host`, an address or a name, says nothing against being asked of a proxy."""
    host = host.lower().removesuffix(".")
    with contextlib.suppress(ValueError):
        return allow(ipaddress.ip_address(host.partition("%")[0]))
    with contextlib.suppress(OSError):  # 127.1, 0x7f.1 and 2130706433, as C libraries read them
        return allow(ipaddress.ip_address(socket.inet_aton(host)))
    return bool(_PUBLIC_NAME.fullmatch(host)) and host.rpartition(".")[2] not in _PRIVATE


def is_public(address: IPAddress) -> bool:
    """Tell whether `address` is reachable by anyone on the internet.

    IPv6 addresses that stand for an IPv4 address (mapped, NAT64) are judged by that one.
    """
    if any(address in network for network in _RESERVED):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_UNICAST
