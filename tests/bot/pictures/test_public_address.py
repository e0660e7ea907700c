"""The fence around links: what is public, no matter who connects."""

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from bot.core.errors import FetchFailed, LinkRefused
from bot.pictures.picture import linked
from bot.pictures.public_address import is_public, may_be_public
from tests.bot.pictures.test_fetch import ANN, discords, fetcher, picture, site
from tests.proxy import Proxy


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("2a00:1450:4001:80b::200e", True),
        ("::ffff:8.8.8.8", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("127.0.0.1", False),
        ("192.0.0.8", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::7f00:1", False),
        ("::808:808", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:0:808:808::1", False),
        ("2001:20::1", False),
        ("2001:db8::1", False),
        ("2002:808:808::1", False),
        ("3fff::1", False),
        ("4000::1", False),
        ("5f00::1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
    ],
)
def test_which_addresses_are_public(address: str, *, public: bool) -> None:
    """Private, link-local, shared, multicast, reserved and embedded private addresses are not."""
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("example.org", True),
        ("example.org.", True),
        ("xn--bcher-kva.example", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("127.1", False),
        ("0x7f.1", False),
        ("2130706433", False),
        ("localhost", False),
        ("LOCALHOST.", False),
        ("router", False),
        ("nas.local", False),
        ("metadata.google.internal", False),
        ("git.corp", False),
        ("a%2eb.example", False),
        ("a..example", False),
    ],
)
def test_what_a_proxy_may_be_asked_for(host: str, *, public: bool) -> None:
    """It looks names up itself, so only what the link says can be judged."""
    assert may_be_public(host, is_public) is public


@asynccontextmanager
async def by_proxy(monkeypatch: pytest.MonkeyPatch, **names: str) -> AsyncIterator[Proxy]:
    """Have everything go by a proxy that knows `names`, below `.example`, and what is there."""
    ports = {f"{name}.example": int(url.rpartition(":")[2]) for name, url in names.items()}
    proxy = Proxy(ports)
    async with proxy.serving() as address:
        monkeypatch.setenv("HTTP_PROXY", address)
        monkeypatch.setenv("HTTPS_PROXY", address)
        yield proxy


async def test_a_link_and_discords_pictures_come_by_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though its own address is none that a link may lead to; only it knows the name."""
    async with (
        site(picture, "127.0.0.1") as url,
        by_proxy(monkeypatch, cdn=url) as proxy,
        fetcher() as fetch,
    ):
        for wanted in (linked("http://cdn.example/a.png"), discords("http://cdn.example/a")):
            assert await fetch.fetch(wanted, person=ANN) == b"bytes"
    assert set(proxy.asked) == {"cdn.example:80"}


@pytest.mark.parametrize("host", ["10.0.0.1", "nas.local", "router", "2130706433"])
async def test_private_links_are_not_asked_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Neither when they are typed nor when a public page leads there."""

    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://{host}/a.png")

    async with (
        site(redirect, "127.0.0.1") as url,
        by_proxy(monkeypatch, trap=url) as proxy,
        fetcher() as fetch,
    ):
        for link in (f"http://{host}/a.png", "http://trap.example/"):
            with pytest.raises(LinkRefused, match="isn't public"):
                await fetch.fetch(linked(link), person=ANN)
    assert proxy.asked == ["trap.example:80"]


async def test_a_link_past_the_proxy_is_checked_as_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NO_PROXY opens no way into this network."""
    monkeypatch.setenv("NO_PROXY", "0.0.0.0")
    async with by_proxy(monkeypatch) as proxy, fetcher() as fetch:
        with pytest.raises(LinkRefused, match="isn't public"):
            await fetch.fetch(linked("http://0.0.0.0/a.png"), person=ANN)
    assert proxy.asked == []


async def test_what_the_proxy_refuses_can_not_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a tunnel there is no answer of the site's."""
    async with by_proxy(monkeypatch) as proxy, fetcher() as fetch:
        with pytest.raises(FetchFailed, match="can't be reached"):
            await fetch.fetch(linked("https://gone.example/a.png"), person=ANN)
    assert proxy.asked == ["gone.example:443"]
