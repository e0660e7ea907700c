"""Addresses that lead nowhere, typed by people and embedded by other bots, and too many pictures.

Each gets a sentence of its own, and takes nothing else with it.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_interactions import STRING, answered, page, slash
from tests.playground.clients import Page

__all__ = ["page"]

NO_ADDRESSES = ["http://host:99999/x", "http://[", "http://a..b/x.png", "http://xn--a/x.png"]
BROKEN_EMBED = {"image": {"url": "http://xn--0.com/a.png"}}
"""Well-formed, so Discord takes it; but no name in any script is written so."""


@pytest_asyncio.fixture(loop_scope="package")
async def other_bot(env: Env, channel: Channel) -> AsyncIterator[ChatUser]:
    """Return another bot, who posts embeds in the test's channel."""
    person = env.playground.world.add_person(f"bot in {channel.name}", bot=True)
    async with ChatUser(env.playground, person, channel.id) as user:
        yield user


def is_told(message: dict[str, Any]) -> bool:
    """Tell whether `message` says that a link is none, in a sentence that is meant for people."""
    return (
        "valid link" in said(message) or "can't open" in said(message)
    ) and "went wrong" not in said(message)


@pytest.mark.parametrize("link", NO_ADDRESSES)
async def test_a_link_that_leads_nowhere_is_told(
    user: ChatUser, link: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In a text command; the log has nothing to look into."""
    assert is_told(await user.ask(f"!classify {link}"))
    assert "failed unexpectedly" not in caplog.text


@pytest.mark.parametrize("link", NO_ADDRESSES)
async def test_a_link_option_that_leads_nowhere_is_told(
    page: Page,
    channel: Channel,
    link: str,
) -> None:
    """In a slash command, where the menu takes any text."""
    data = await slash(page, channel, {"name": "link", "type": STRING, "value": link})
    assert is_told(await answered(page, channel, data))


async def test_another_bots_broken_embed_stops_nothing(user: ChatUser, other_bot: ChatUser) -> None:
    """It is the channel's newest picture, and gets its sentence; an older one can be replied to."""
    good = await user.say("", ("a.png", pictures.plain()))
    await other_bot.say("look", embeds=[BROKEN_EMBED])
    assert is_told(await user.ask("!classify"))
    assert top(await user.ask("!classify", reply_to=good["id"]))


async def test_a_good_picture_beside_a_broken_one_is_answered(
    user: ChatUser, other_bot: ChatUser, shared_data: Path
) -> None:
    """Each picture of a message fails alone."""
    file = ("bobby.jpg", (shared_data / "bobby.jpg").read_bytes())
    both = await other_bot.say("look", file, embeds=[BROKEN_EMBED])
    reply = await user.ask("!classify", reply_to=both["id"])
    assert top(reply, 0)[0] == "golden retriever"
    assert "valid link" in reply["embeds"][1]["description"]


async def test_a_failure_that_nobody_foresaw_stays_alone(
    env: Env,
    user: ChatUser,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two pictures, one of which ends in a bug: the other's labels come, the log has the bug."""
    fetch = env.bot.fetcher.fetch

    async def buggy(picture: Any, *, person: int) -> bytes:
        if picture.name == "odd.png":
            raise ZeroDivisionError("a bug")
        return await fetch(picture, person=person)

    monkeypatch.setattr(env.bot.fetcher, "fetch", buggy)
    file = pictures.plain()
    reply = await user.ask("!classify", ("odd.png", file), ("good.png", file))
    assert "Something went wrong" in reply["embeds"][0]["description"]
    assert top(reply, 1)
    assert "ZeroDivisionError: a bug" in caplog.text


async def test_pictures_that_are_left_out_are_counted(user: ChatUser, other_bot: ChatUser) -> None:
    """A reply has room for ten; of fourteen, some shown twice, the note says so."""
    files = [(f"{number}.png", pictures.plain()) for number in range(10)]
    embeds = [{"image": {"url": f"http://xn--0.com/{number}.png"}} for number in range(4)]
    many = await other_bot.say("look", *files, embeds=embeds * 2)
    reply = await user.ask("!classify", reply_to=many["id"])
    assert len(reply["embeds"]) == 10
    assert "First 10 of 14 pictures" in said(reply)
    assert "the first" not in said(await user.ask("!classify", *files))
