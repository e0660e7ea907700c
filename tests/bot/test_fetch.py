"""Fetching pictures: limits of size, time and place, against a real server on this machine."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest
from aiohttp import web

from bot.errors import BobbyError, FetchFailed, LinkRefused, PictureTooLarge
from bot.fetch import Fetcher, IPAddress, is_public

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC = "127.0.0.2"
"""Stands for a public address: loopback too, but not the one that an attacker is after."""


@asynccontextmanager
async def site(handler: Handler, host: str = PUBLIC) -> AsyncIterator[str]:
    """Serve `handler` at every path of `host`; yields its address."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.create_server((host, 0)) as listener:
        await web.SockSite(runner, listener).start()
        yield f"http://{host}:{listener.getsockname()[1]}"
        await runner.cleanup()


def only_public(address: IPAddress) -> bool:
    """Allow `PUBLIC` alone, as `is_public` allows public addresses alone."""
    return str(address) == PUBLIC


def fetcher(*, max_bytes: int = 1000, timeout: float = 5.0) -> Fetcher:
    """Return a fetcher that takes `PUBLIC` for a public address."""
    return Fetcher(max_bytes=max_bytes, timeout=timeout, allow=only_public)


async def fails(link: str, kind: type[BobbyError], *, within: float = 5.0) -> str:
    """Return the sentence with which fetching `link` fails, an error of class `kind`."""
    async with fetcher(timeout=within) as fetch:
        with pytest.raises(kind) as caught:
            await fetch.from_link(link)
    return str(caught.value)


async def test_a_link_brings_its_bytes() -> None:
    """What the server sends is what comes."""

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=b"bytes", content_type="image/png")

    async with site(picture) as url, fetcher() as fetch:
        assert await fetch.from_link(f"{url}/a.png") == b"bytes"


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    """The second address is checked like the first, and its server is never asked."""
    asked: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"secret")

    async with site(secret, "127.0.0.1") as inside:

        async def redirect(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{inside}/metadata")

        async with site(redirect) as url:
            assert "public web address" in await fails(f"{url}/a.png", LinkRefused)
    assert asked == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "127.1", "2130706433"]
)
async def test_names_of_this_machine_are_refused(host: str) -> None:
    """However the machine's own address is written, nothing is fetched from it."""

    async def secret(_: web.Request) -> web.Response:
        return web.Response(body=b"secret")

    async with site(secret, "127.0.0.1") as inside, Fetcher(max_bytes=1000) as fetch:
        port = inside.rpartition(":")[2]
        with pytest.raises((LinkRefused, FetchFailed)):
            await fetch.from_link(f"http://{host}:{port}/a.png")


@pytest.mark.parametrize(
    "link",
    ["ftp://example.com/a.png", "file:///etc/passwd", "http://", "http://[bad/", "http://a:99999/"],
)
async def test_what_is_no_web_address_is_refused(link: str) -> None:
    """Other schemes and broken addresses are refused before any connection."""
    assert await fails(link, LinkRefused)


async def test_a_redirect_to_another_scheme_is_refused() -> None:
    """A redirect may lead to the web only."""

    async def redirect(_: web.Request) -> web.Response:
        raise web.HTTPFound("file:///etc/passwd")

    async with site(redirect) as url:
        assert await fails(url, LinkRefused)


async def test_redirects_in_circles_end() -> None:
    """Five redirects are enough."""

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound(request.path + "x")

    async with site(redirect) as url:
        assert "circles" in await fails(url, FetchFailed)


@pytest.mark.parametrize("honest", [True, False])
async def test_too_many_bytes_are_refused(*, honest: bool) -> None:
    """Whether or not the server says beforehand how much it will send."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_type = "image/png"
        if honest:
            response.content_length = 10**9
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 1000)
        return response

    async with site(endless) as url:
        assert "larger" in await fails(url, PictureTooLarge)


async def test_a_slow_server_is_given_up() -> None:
    """The time limit holds for the whole download."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_type = "image/png"
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    async with site(drip) as url:
        assert "took more than" in await fails(url, FetchFailed, within=0.3)


@pytest.mark.parametrize(
    ("status", "words"), [(404, "no longer"), (403, "does not let me"), (500, "error 500")]
)
async def test_a_refusal_is_told(status: int, words: str) -> None:
    """The sentence says what the server said, in people's words."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with site(refuse) as url:
        assert words in await fails(url, FetchFailed)


async def test_a_web_page_is_no_picture() -> None:
    """A link to a page asks for the picture's own address."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<p>", content_type="text/html")

    async with site(page) as url:
        assert "web page" in await fails(url, FetchFailed)


async def test_a_broken_off_answer_is_told() -> None:
    """A connection that closes early does not pass for a picture."""

    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "900"})
        response.content_type = "image/png"
        await response.prepare(request)
        await response.write(b"x" * 10)
        assert request.transport
        request.transport.abort()
        return response

    async with site(break_off) as url:
        assert "broke off" in await fails(url, FetchFailed)


async def test_nobody_listening_is_told() -> None:
    """A public address that refuses the connection gives a sentence, too."""
    with socket.create_server((PUBLIC, 0)) as listener:
        port = listener.getsockname()[1]
    assert "could not be reached" in await fails(f"http://{PUBLIC}:{port}/", FetchFailed)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
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
    ],
)
def test_which_addresses_are_public(address: str, *, public: bool) -> None:
    """Private, link-local, shared, multicast and embedded private addresses are not."""
    assert is_public(ipaddress.ip_address(address)) is public
