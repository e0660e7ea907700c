"""What a server answers, read closely: refusals, sizes at the limit, redirects, addresses."""

import pytest
from aiohttp import web

from bot.core.errors import FetchFailed, LinkExpired, PictureTooLarge
from bot.pictures.picture import linked
from tests.bot.pictures.test_fetch import ANN, discords, fails, fetcher, picture, site


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_discords_own_link_has_run_out(status: int) -> None:
    """However Discord puts it; a person's link has not, and gets another error."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with site(refuse) as url:
        assert "Discord no longer has that picture" in await fails(discords(url), LinkExpired)
        async with fetcher() as fetch:
            with pytest.raises(FetchFailed, match="That website") as caught:
                await fetch.fetch(linked(url), person=ANN)
        assert not isinstance(caught.value, LinkExpired)


@pytest.mark.parametrize(
    ("status", "words"),
    [(410, "no longer"), (401, "does not let me"), (300, "has moved"), (304, "has moved")],
)
async def test_a_persons_link_is_refused(status: int, words: str) -> None:
    """Less usual answers have their sentences, too."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with site(refuse) as url:
        assert words in await fails(url, FetchFailed)


@pytest.mark.parametrize("status", [500, 503])
async def test_discord_in_trouble_is_no_link_that_has_run_out(status: int) -> None:
    """A fresh one would not help."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status)

    async with site(refuse) as url:
        assert f"Discord answered with error {status}" in await fails(discords(url), FetchFailed)


@pytest.mark.parametrize("told", [True, False])
async def test_a_picture_may_have_as_many_bytes_as_the_limit(*, told: bool) -> None:
    """One more is too many, whether or not the server tells how many there are."""

    async def sized(request: web.Request) -> web.StreamResponse:
        size = int(request.path.removeprefix("/"))
        response = web.StreamResponse()
        response.content_type = "image/png"
        response.content_length = size if told else None
        await response.prepare(request)
        await response.write(b"x" * size)
        return response

    async with site(sized) as url:
        async with fetcher(max_bytes=1000) as fetch:
            assert len(await fetch.fetch(linked(f"{url}/1000"), person=ANN)) == 1000
        await fails(f"{url}/1001", PictureTooLarge)


async def test_a_few_redirects_are_followed() -> None:
    """Four lead to the picture; who has more is not asked for ever."""
    asked: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        asked.append(request.path)
        left = int(request.path.removeprefix("/"))
        if left:
            raise web.HTTPFound(f"/{left - 1}")
        return await picture(request)

    async with site(redirect) as url:
        async with fetcher() as fetch:
            assert await fetch.fetch(linked(f"{url}/4"), person=ANN) == b"bytes"
        asked.clear()
        await fails(f"{url}/50", FetchFailed)
    assert len(asked) == 5


async def test_discords_address_is_asked_for_as_it_is() -> None:
    """Its signature holds for these very characters."""
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return await picture(request)

    path = "/a%2Fb%7Ec/%41.png?hm=a%2Bb%7E&x=%31&"
    async with site(note) as url, fetcher() as fetch:
        await fetch.fetch(discords(url + path), person=ANN)
    assert asked == [path]


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/xhtml+xml"])
async def test_every_kind_of_web_page_is_no_picture(kind: str) -> None:
    """From Discord's link as from a person's."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(body=b"<p>", headers={"Content-Type": kind})

    async with site(page) as url:
        for link in (url, discords(url)):
            assert "web page" in await fails(link, FetchFailed)


@pytest.mark.parametrize("encodings", [["identity, gzip"], ["identity", "gzip"]])
async def test_a_compressed_body_hides_behind_no_other_word(encodings: list[str]) -> None:
    """All that a server says of its encoding counts."""

    async def bomb(_: web.Request) -> web.Response:
        response = web.Response(body=b"bytes", content_type="image/png")
        for encoding in encodings:
            response.headers.add("Content-Encoding", encoding)
        return response

    async with site(bomb) as url:
        assert "in a form I can't open" in await fails(discords(url), FetchFailed)
