"""A sentence for people who can't see the pictures of a question, with the words in them."""

import asyncio
import logging

from bot.app.question import Question
from bot.conversation.per_picture import ask_each
from bot.conversation.reply import Reply
from bot.core.errors import BobbyError
from bot.pictures.picture import FoundPictures
from bot.replies.alt_text import AltText, alt_text_reply
from models.jobs.answers import Captioned, ReadText
from models.jobs.requests import Caption, Read

_log = logging.getLogger(__name__)


async def described(question: Question, found: FoundPictures) -> Reply:
    """Return what each picture of `found` shows and says, ready to paste."""

    async def ask(data: bytes) -> AltText:
        caption, text = await asyncio.gather(_caption(question, data), _read(question, data))
        return AltText(caption, text)

    results = await ask_each(question.bot.fetcher, question.responder, found, ask)
    return alt_text_reply(results, found.note)


async def _caption(question: Question, data: bytes) -> Captioned:
    return await question.submit(Caption(picture=data))


async def _read(question: Question, data: bytes) -> ReadText | None:
    """Return the words in the picture, None where they can't be read: the sentence is enough."""
    try:
        return await question.submit(Read(picture=data))
    except BobbyError as error:
        _log.debug("An alt text goes without the picture's words: %s", error)
        return None
