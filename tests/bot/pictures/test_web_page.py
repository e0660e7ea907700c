"""Links to web pages, which name their picture: honest and hostile ones, from a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from yarl import URL

from bot.core.errors import FetchFailed, LinkRefused, PictureTooLarge
from bot.pictures.picture import linked
from bot.pictures.web_page import HEAD_BYTES, named_picture
from tests.bot.pictures.test_fetch import ANN, discords, fails, fetcher, picture, site


def meta(name: str, content: str, kind: str = "property") -> str:
    """Return a tag that names a picture."""
    return f'<meta {kind}="{name}" content="{content}">'


@asynccontextmanager
async def page(
    body: str | bytes, kind: str = "text/html; charset=utf-8"
) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve `body` at /page and a picture at /pic.png; yields the page and what was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        if request.path != "/page":
            return await picture(request)
        content = body.encode() if isinstance(body, str) else body
        return web.Response(body=content, headers={"Content-Type": kind})

    async with site(answer) as url:
        yield f"{url}/page", asked


async def fetched(link: str) -> bytes:
    """Return what fetching a person's `link` brings."""
    async with fetcher() as fetch:
        return await fetch.fetch(linked(link), person=ANN)


@pytest.mark.parametrize(
    "body",
    [
        meta("og:image", "/pic.png"),
        meta("og:image:secure_url", "pic.png") + meta("og:image", "/other.png"),
        meta("og:image", "/other.png") + meta("og:image:secure_url", "pic.png"),
        meta("twitter:image", "/other.png", "name") + meta("OG:Image", " pic.png "),
        meta("twitter:image", "pic.png", "name"),
        "<META content='pic.png'\nproperty=og:image />",
        meta("og:image", "/pic.png") + meta("og:image", "/second.png"),
        meta("og:title", 'an <image>, "of a dog') + meta("og:image", "/pic.png"),
        "<head>" + "<script>x</script>" * 2000 + meta("og:image", "/pic.png") + "</head>",
    ],
)
async def test_the_picture_that_a_page_names(body: str) -> None:
    """Relative or not, however it is written; the best name counts, and of one name the first."""
    async with page(body) as (url, asked):
        assert await fetched(url) == b"bytes"
    assert asked == ["/page", "/pic.png"]


async def test_an_address_with_entities() -> None:
    """Pages write `&` as `&amp;`."""
    async with page(meta("og:image", "/pic.png?a=1&amp;b=2")) as (url, asked):
        assert await fetched(url) == b"bytes"
    assert asked[1] == "/pic.png?a=1&b=2"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("no-such", "utf-8"), ("punycode", "utf-8"), ("utf-8", "euc-kr"), ("utf-8", "utf-16")],
)
async def test_a_wrong_charset(charset: str, encoding: str) -> None:
    """What a page claims of its letters doesn't matter to the address."""
    body = (meta("og:title", "강아지") + meta("og:image", "/pic.png")).encode(encoding)
    async with page(body, f"text/html; charset={charset}") as (url, _):
        assert await fetched(url) == b"bytes"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<p>",
        meta("og:image", ""),
        meta("og:image", "http://["),
        meta("og:title", "image"),
        "<head></head><body>" + meta("og:images", "/pic.png"),
        b"\xff\xfe\xff",
    ],
)
async def test_a_page_that_names_no_picture(body: str | bytes) -> None:
    """It gets the sentence for pages; nothing more is asked for."""
    async with page(body) as (url, asked):
        assert "web page" in await fails(url, FetchFailed)
    assert asked == ["/page"]


async def test_a_page_that_names_itself() -> None:
    """The second page is not read for a third address."""
    async with page(meta("og:image", "/page")) as (url, asked):
        assert "web page" in await fails(url, FetchFailed)
    assert asked == ["/page", "/page"]


@pytest.mark.parametrize("inside", ["http://127.0.0.1:{port}/x", "//127.0.0.1:{port}/x"])
async def test_a_private_address_in_a_page(inside: str) -> None:
    """What a page names is fenced in as what a person types; the private server is never asked."""
    secrets: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        secrets.append(request.path)
        return await picture(request)

    async with site(secret, "127.0.0.1") as private:
        named = inside.format(port=URL(private).port)
        async with page(meta("og:image", named)) as (url, _):
            assert "isn't public" in await fails(url, LinkRefused)
    assert secrets == []


@pytest.mark.parametrize(
    "named", ["file:///etc/passwd", "data:image/png;base64,AAAA", "http://me:pw@127.0.0.2/x"]
)
async def test_an_address_that_is_not_followed(named: str) -> None:
    """Other schemes and passwords are refused as in a typed link."""
    async with page(meta("og:image", named)) as (url, asked):
        await fails(url, LinkRefused)
    assert asked == ["/page"]


async def test_an_endless_page() -> None:
    """No more than the head's limit is read, whatever the limit for pictures."""
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        response.content_type = "text/html"
        await response.prepare(request)
        while request.transport and not request.transport.is_closing():
            await response.write(b"<meta property=image " * 1000)
            sent += 21_000
            await asyncio.sleep(0)
        return response

    async with site(endless) as url:
        assert "web page" in await fails(url, FetchFailed)
    assert sent >= HEAD_BYTES


async def test_a_page_that_drips() -> None:
    """Page and picture have one time limit together."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_type = "text/html"
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    async with site(drip) as url:
        assert "took longer than" in await fails(url, FetchFailed, within=0.3)


async def test_a_picture_behind_a_page_has_the_same_limits() -> None:
    """Too large is too large."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/big":
            return web.Response(body=b"x" * 1001, content_type="image/png")
        return web.Response(text=meta("og:image", "/big"), content_type="text/html")

    async with site(answer) as url:
        await fails(f"{url}/page", PictureTooLarge)


async def test_discords_pages_name_nothing() -> None:
    """What is fetched unchecked may not lead elsewhere."""
    async with page(meta("og:image", "/pic.png")) as (url, asked):
        assert "web page" in await fails(discords(url), FetchFailed)
    assert asked == ["/page"]


@pytest.mark.parametrize(
    "junk", ["<meta image ", "<meta image>", "<!--", "<meta\nproperty='image", "image" * 9, "<!["]
)
def test_hostile_heads_come_to_an_end(junk: str) -> None:
    """Tags and comments that never end; in quadratic time, half a megabyte would take hours."""
    head = ("<meta " + junk * (HEAD_BYTES // len(junk))).encode()
    assert named_picture(head, URL("http://a.example")) is None
