"""One question about every picture that a command means; each is answered or refused alone.

Owns the way from pictures to outcomes that all commands on pictures share: fetch, ask, and turn
whatever goes wrong into that picture's sentence, so that its neighbors are answered all the same.
The cog decides what to run; `bot.replies` renders the result.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bot.conversation.responder import Responder
from bot.core import metrics
from bot.core.errors import LinkExpired
from bot.pictures.fetch import Fetcher
from bot.pictures.picture import FoundPictures, Picture

A = TypeVar("A")


@dataclass(frozen=True)
class PictureResult(Generic[A]):
    """One picture of a question and what became of it: its answer, or a sentence why not."""

    picture: Picture
    result: A | str


async def ask_one(
    fetcher: Fetcher, responder: Responder, picture: Picture, ask: Callable[[bytes], Awaitable[A]]
) -> A:
    """Return the answer about `picture`; `ask` is given its file.

    Raises:
        BobbyError: It can't be fetched, or what `ask` raised.
    """
    with metrics.STAGES.labels("download").time():
        data = await fetched(fetcher, responder, picture)
    return await ask(data)


async def fetched(fetcher: Fetcher, responder: Responder, picture: Picture) -> bytes:
    """Return the file of `picture`, by a fresh link where this one has run out.

    Raises:
        BobbyError: It can't be fetched.
    """
    person = responder.requester.user_id
    try:
        return await fetcher.fetch(picture, person=person)
    except LinkExpired:
        url = await picture.renew() if picture.renew else None
        if url is None:
            raise
        return await fetcher.fetch(replace(picture, url=url), person=person)


async def ask_each(
    fetcher: Fetcher,
    responder: Responder,
    found: FoundPictures,
    ask: Callable[[bytes], Awaitable[A]],
) -> list[PictureResult[A]]:
    """Return what became of each picture of `found`, in order; `ask` is given its file."""

    async def one(picture: Picture) -> PictureResult[A]:
        try:
            return PictureResult(picture, await ask_one(fetcher, responder, picture, ask))
        except Exception as error:  # noqa: BLE001  (the others go on; `refusal` logs this one)
            return PictureResult(picture, responder.refusal(error))

    return await asyncio.gather(*map(one, found.pictures))
