"""Fetching pictures: limits of size, time and place, against a real server on this machine."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest
from aiohttp import web

from bot.core.errors import BobbyError, FetchFailed, LinkRefused, Overloaded, PictureTooLarge
from bot.pictures.fetch import PER_PERSON, Fetcher
from bot.pictures.picture import Picture, linked
from bot.pictures.public_address import IPAddress

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC = "127.0.0.2"
"""Stands for a public address: loopback too, but not the one that an attacker is after."""
ANN, BEN = 1, 2
"""Two people who ask for pictures."""


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


def fetcher(*, max_bytes: int = 1000, timeout: float = 5.0, slots: int = 16) -> Fetcher:
    """Return a fetcher that takes `PUBLIC` for a public address."""
    return Fetcher(max_bytes=max_bytes, timeout=timeout, slots=slots, allow=only_public)


def discords(url: str) -> Picture:
    """Return a picture whose address Discord gave us."""
    return Picture(url, "a.png", from_discord=True)


async def picture(_: web.Request) -> web.Response:
    """Answer with a picture of five bytes."""
    return web.Response(body=b"bytes", content_type="image/png")


async def fails(link: str | Picture, kind: type[BobbyError], *, within: float = 5.0) -> str:
    """Return the sentence with which fetching `link` fails, an error of class `kind`."""
    wanted = linked(link) if isinstance(link, str) else link
    async with fetcher(timeout=within) as fetch:
        with pytest.raises(kind) as caught:
            await fetch.fetch(wanted, person=ANN)
    assert "{" not in str(caught.value), "a value is missing in the sentence"
    return str(caught.value)


async def test_a_link_brings_its_bytes() -> None:
    """What the server sends is what comes."""
    async with site(picture) as url, fetcher() as fetch:
        assert await fetch.fetch(linked(f"{url}/a.png"), person=ANN) == b"bytes"


async def test_discords_addresses_need_not_be_public() -> None:
    """They are trusted, and wherever Discord's files are, they are fetched."""
    async with site(picture, "127.0.0.1") as url, fetcher() as fetch:
        assert await fetch.fetch(discords(f"{url}/a.png"), person=ANN) == b"bytes"


async def test_discords_addresses_may_not_redirect() -> None:
    """What is trusted without a look may not lead elsewhere."""
    asked: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"secret")

    async with site(secret, "127.0.0.1") as inside:

        async def redirect(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{inside}/metadata")

        async with site(redirect) as url:
            assert "has moved" in await fails(discords(url), FetchFailed)
    assert asked == []


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
            assert "isn't public" in await fails(f"{url}/a.png", LinkRefused)
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
            await fetch.fetch(linked(f"http://{host}:{port}/a.png"), person=ANN)


@pytest.mark.parametrize("from_discord", [True, False])
@pytest.mark.parametrize(
    "link",
    [
        "ftp://example.com/a.png",
        "file:///etc/passwd",
        "http://",
        "http://[",
        "http://[bad/",
        "http://a:99999/",
        "http://a..b/x.png",
        f"http://{'a' * 70}.example/",
    ],
)
async def test_what_is_no_web_address_is_refused(link: str, *, from_discord: bool) -> None:
    """Other schemes, broken addresses and impossible names are refused, no matter whose."""
    assert await fails(Picture(link, "a.png", from_discord), LinkRefused)


@pytest.mark.parametrize("host", ["xn--a", "xn--é", "xn--0.com", "℀.com"])
async def test_names_that_have_no_form_to_look_up_are_refused(host: str) -> None:
    """Names in other scripts have rules of their own, which can be broken."""
    assert "valid link" in await fails(f"http://{host}/a.png", LinkRefused)


@pytest.mark.parametrize("host", ["user:secret@example.com", "user@example.com", ":x@example.com"])
async def test_a_link_with_a_password_is_refused(host: str) -> None:
    """Whose password it is, Bobby can't know, and a channel is no place for one."""
    sentence = await fails(f"http://{host}/a.png", LinkRefused)
    assert "username or password" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize("target", ["http://a..b/", "http://[", "http://a:99999/"])
async def test_a_redirect_to_no_address_is_refused(target: str) -> None:
    """What a server calls an address is read as carefully as what a person does."""

    async def redirect(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": target})

    async with site(redirect) as url:
        assert "something I can't open" in await fails(url, LinkRefused)


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
        assert "over the" in await fails(url, PictureTooLarge)


@pytest.mark.parametrize("encoding", ["gzip", "deflate, gzip", "br", "GZIP"])
@pytest.mark.parametrize("from_discord", [True, False])
async def test_a_compressed_body_is_refused(encoding: str, *, from_discord: bool) -> None:
    """A few hundred bytes that unpack to a million are not unpacked; nobody asked for that form."""
    wanted: list[str | None] = []

    async def bomb(request: web.Request) -> web.Response:
        wanted.append(request.headers.get("Accept-Encoding"))
        return web.Response(
            body=gzip.compress(bytes(800_000)),
            headers={"Content-Encoding": encoding},
            content_type="image/png",
        )

    async with site(bomb) as url:
        assert "in a form I can't open" in await fails(
            Picture(url, "a.png", from_discord), FetchFailed
        )
    assert wanted == ["identity"]


async def test_a_body_that_says_it_is_plain_is_taken() -> None:
    """`identity` is the name of no compression at all."""

    async def plain(_: web.Request) -> web.Response:
        headers = {"Content-Encoding": "identity"}
        return web.Response(body=b"bytes", content_type="image/png", headers=headers)

    async with site(plain) as url, fetcher() as fetch:
        assert await fetch.fetch(linked(url), person=ANN) == b"bytes"


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
        assert "took longer than" in await fails(url, FetchFailed, within=0.3)


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
        assert "closed the connection" in await fails(url, FetchFailed)


async def test_nobody_listening_is_told() -> None:
    """A public address that refuses the connection gives a sentence, too."""
    with socket.create_server((PUBLIC, 0)) as listener:
        port = listener.getsockname()[1]
    assert "can't be reached" in await fails(f"http://{PUBLIC}:{port}/", FetchFailed)


async def test_discords_files_that_cant_be_reached_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is nobody's link and nobody's upload that is to be mended; the log says why."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with fetcher() as fetch:
        with pytest.raises(FetchFailed, match="can't reach Discord's file server right now"):
            await fetch.fetch(discords(f"http://127.0.0.1:{port}/a.png"), person=ANN)
    assert "Discord's pictures can't be fetched" in caplog.text


async def test_one_persons_slow_pictures_leave_the_others_their_turn() -> None:
    """Of one person's flood a few are fetched at once; another person's picture passes them."""
    asked: list[str] = []
    full, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) == PER_PERSON:
            full.set()
        await go_on.wait()
        return await picture(request)

    async with site(slow) as slow_url, site(picture) as quick_url, fetcher() as fetch:
        flood = [
            asyncio.create_task(fetch.fetch(linked(f"{slow_url}/{number}"), person=ANN))
            for number in range(40)
        ]
        await full.wait()
        assert await fetch.fetch(linked(quick_url), person=BEN) == b"bytes"
        assert len(asked) == PER_PERSON
        assert not any(task.done() for task in flood)
        go_on.set()
        assert await asyncio.gather(*flood) == [b"bytes"] * 40
        assert asked == [f"/{number}" for number in range(40)]
        flood.clear()
        assert not fetch._own_slots, "who waits for nothing is not remembered"


async def test_slow_links_of_many_leave_discords_pictures_their_places() -> None:
    """However many people post them; they share the half of the slots among themselves."""
    asked: list[str] = []
    full, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) == 8:
            full.set()
        await go_on.wait()
        return await picture(request)

    async with site(slow) as slow_url, site(picture) as cdn, fetcher(slots=16) as fetch:
        people = range(100, 140)
        links = [asyncio.create_task(fetch.fetch(linked(slow_url), person=one)) for one in people]
        await full.wait()
        others = [fetch.fetch(discords(f"{cdn}/a.png"), person=one) for one in range(30)]
        assert await asyncio.gather(*others) == [b"bytes"] * 30
        assert len(asked) == 8
        go_on.set()
        assert await asyncio.gather(*links) == [b"bytes"] * len(links)


async def test_waiting_for_ones_own_pictures_is_not_timed() -> None:
    """The last of many slow pictures comes, though all together take longer than one may."""

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.6)
        return await picture(request)

    async with site(slow) as url, fetcher(timeout=2.0) as fetch:
        many = [fetch.fetch(linked(url), person=ANN) for _ in range(4 * PER_PERSON)]
        assert await asyncio.gather(*many) == [b"bytes"] * len(many)


async def test_a_full_house_is_told_and_not_mistaken_for_a_slow_server() -> None:
    """Who gets no slot in time hears why; and the slots are free again afterwards."""
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        began.set()
        await go_on.wait()
        return await picture(request)

    async with site(slow) as url, fetcher(slots=1) as fetch:
        first = asyncio.create_task(fetch.fetch(linked(url), person=ANN))
        await began.wait()
        fetch._timeout = 0.1
        with pytest.raises(Overloaded, match="downloading too many"):
            await fetch.fetch(linked(url), person=BEN)
        fetch._timeout = 5.0
        go_on.set()
        assert await first == b"bytes"
        assert await fetch.fetch(linked(url), person=BEN) == b"bytes"
