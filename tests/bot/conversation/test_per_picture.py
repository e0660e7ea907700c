"""Every picture of a question is asked about, and each is answered or refused alone."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import web

from bot.conversation.per_picture import PictureResult, ask_each, fetched
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import LinkExpired
from bot.executor.queue import Requester
from bot.pictures.picture import FoundPictures, linked
from tests.bot.pictures.test_fetch import ANN, discords, fetcher, picture, site


class Whispered(Responder):
    """A question that nobody is answered to: here it only says who asks."""

    requester = Requester(ANN)
    upload_limit = 0
    manages_server = False

    def thinking(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Show nothing."""
        return contextlib.nullcontext()

    def missing_permissions(self) -> list[str]:
        """Lack nothing."""
        return []

    async def _send(self, reply: Reply) -> None:
        raise AssertionError(reply)


async def outcomes(*results: str | Exception) -> list[PictureResult[str]]:
    """Return what became of a picture for each of `results`, the answers to them in order."""
    ways = iter(results)

    async def ask(data: bytes) -> str:
        assert data == b"bytes"
        result = next(ways)
        await asyncio.sleep(0)
        if isinstance(result, Exception):
            raise result
        return result

    async with site(picture, "127.0.0.1") as url, fetcher() as fetch:
        found = FoundPictures(
            tuple(discords(f"{url}/{place}.png") for place, _ in enumerate(results))
        )
        return await ask_each(fetch, Whispered(), found, ask)


async def test_answers_come_in_the_pictures_order() -> None:
    """Each outcome has the picture that it is about."""
    done = await outcomes("a", "b", "c")
    assert [(one.picture.url[-5:], one.result) for one in done] == [
        ("0.png", "a"),
        ("1.png", "b"),
        ("2.png", "c"),
    ]


async def test_what_nobody_foresaw_ends_one_picture(caplog: pytest.LogCaptureFixture) -> None:
    """Its neighbors are answered; it has a reference, under which the log has the traceback."""
    first, second, third = await outcomes("a", ZeroDivisionError("secret"), "c")
    assert (first.result, third.result) == ("a", "c")
    assert "went wrong on my end" in second.result
    assert "secret" not in second.result
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_a_picture_that_cant_be_fetched_is_refused() -> None:
    """It has the sentence of its own error, and nothing is asked about it."""

    async def ask(_: bytes) -> str:
        raise AssertionError("nothing was fetched")

    async with fetcher() as fetch:
        found = FoundPictures((linked("ftp://a.example/b.png"),))
        (only,) = await ask_each(fetch, Whispered(), found, ask)
    assert "http" in only.result


async def test_who_leaves_takes_the_question_along() -> None:
    """Cancelling the caller is no picture's failure."""
    begun = asyncio.Event()

    async def ask(_: bytes) -> str:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with site(picture, "127.0.0.1") as url, fetcher() as fetch:
        found = FoundPictures((discords(f"{url}/a.png"),))
        task = asyncio.create_task(ask_each(fetch, Whispered(), found, ask))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_all_pictures_are_asked_about_at_once() -> None:
    """Together they cost little more than one."""
    both = asyncio.Barrier(2)

    async def ask(_: bytes) -> str:
        async with asyncio.timeout(5):
            await both.wait()
        return "a"

    async with site(picture, "127.0.0.1") as url, fetcher() as fetch:
        found = FoundPictures((discords(f"{url}/a.png"), discords(f"{url}/b.png")))
        done = await ask_each(fetch, Whispered(), found, ask)
    assert [one.result for one in done] == ["a", "a"]


def renewing(url: str | None) -> Callable[[], Awaitable[str | None]]:
    """Return what gives `url` for a fresh link."""

    async def renew() -> str | None:
        return url

    return renew


async def test_a_link_that_has_run_out_is_renewed_once() -> None:
    """By the message's fresh link; where there is none, or it has run out as well, that is told."""
    asked: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path == "/fresh.png":
            return await picture(request)
        raise web.HTTPNotFound

    async with site(serve, "127.0.0.1") as url, fetcher() as fetch:
        old = discords(f"{url}/old.png")
        fresh = replace(old, renew=renewing(f"{url}/fresh.png"))
        assert await fetched(fetch, Whispered(), fresh) == b"bytes"
        assert asked == ["/old.png", "/fresh.png"]
        for renew in (None, renewing(None), renewing(f"{url}/old.png")):
            asked.clear()
            with pytest.raises(LinkExpired, match="no longer has that picture"):
                await fetched(fetch, Whispered(), replace(old, renew=renew))
        assert asked == ["/old.png", "/old.png"]


async def test_a_download_is_counted_as_the_askers() -> None:
    """So that nobody else waits for it."""
    whose: list[int] = []

    async def note(request: web.Request) -> web.Response:
        whose.extend(fetch._own_slots)
        return await picture(request)

    async with site(note, "127.0.0.1") as url, fetcher() as fetch:
        await fetched(fetch, Whispered(), discords(f"{url}/a.png"))
    assert whose == [ANN]
