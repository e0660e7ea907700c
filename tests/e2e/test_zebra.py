"""`!zebra`, `!transform` and `!cycle`, from the message to the picture that comes back."""

import io
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageChops, ImageStat

from bot.conversation.reply import UPLOAD_AIM
from bot.playground.model.records import Channel
from cogs.zebra import SMALLER
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.playground.clients import Page, Rest

MESSAGES = "/channels/{channel_id}/messages"


@pytest.fixture
def horse_jpg(shared_data: Path) -> tuple[str, bytes]:
    """Return the picture of the horse."""
    return "horse.jpg", (shared_data / "horse.jpg").read_bytes()


async def file_of(reply: dict[str, Any]) -> bytes:
    """Return the file of the picture that a reply shows."""
    url = reply["embeds"][0]["image"]["url"]
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


async def picture_of(reply: dict[str, Any]) -> Image.Image:
    """Return the picture that a reply shows."""
    return Image.open(io.BytesIO(await file_of(reply)))


async def size_of(reply: dict[str, Any]) -> int:
    """Return the bytes of the picture that a reply shows."""
    return len(await file_of(reply))


async def test_a_horse_is_translated(user: ChatUser, horse_jpg: tuple[str, bytes]) -> None:
    """The picture comes back at its own size, and the classifier's verdict stands beside it."""
    message = await user.say("!zebra", horse_jpg)
    reply = await user.reply(message)
    text = said(reply)
    assert "sorrel" in text
    assert "→ zebra" in text
    assert "returned at 1500×1220" in text
    before = Image.open(io.BytesIO(horse_jpg[1])).convert("RGB")
    after = (await picture_of(reply)).convert("RGB")
    assert after.size == before.size
    changed = ImageStat.Stat(ImageChops.difference(before, after)).mean
    assert sum(changed) / 3 > 2
    assert len(user.replies(message)) == 1


async def test_the_picture_has_alt_text(user: ChatUser, horse_jpg: tuple[str, bytes]) -> None:
    """Who can't see it hears what became of it."""
    reply = await user.ask("!zebra", ("SPOILER_horse.jpg", horse_jpg[1]))
    (attachment,) = reply["attachments"]
    assert "zebra" in attachment["description"]
    assert attachment["filename"].startswith("SPOILER_")
    assert "image" not in reply["embeds"][0]


async def test_without_a_horse_it_says_so_and_tries(user: ChatUser) -> None:
    """A plain picture still comes back."""
    reply = await user.ask("!zebra", ("teal.png", pictures.plain()))
    assert "I tried anyway" in said(reply)
    assert (await picture_of(reply)).size == (64, 48)


async def test_a_size_can_be_asked_for(user: ChatUser, horse_jpg: tuple[str, bytes]) -> None:
    """`size:` is the short side at which the generator works, and the reply states it."""
    reply = await user.ask("!zebra size:128", horse_jpg)
    assert "×128," in said(reply)


async def test_an_animation_stays_one(user: ChatUser) -> None:
    """Every frame is translated, in the same container."""
    reply = await user.ask("!zebra", ("dance.gif", pictures.animation(5)))
    assert "5 of 5 frames" in said(reply)
    image = await picture_of(reply)
    assert image.format == "GIF"
    assert getattr(image, "n_frames", 1) == 5


async def test_a_pair_has_to_be_named(user: ChatUser) -> None:
    """`!transform` alone says how to name one."""
    reply = await user.ask("!translate", ("a.png", pictures.plain()))
    assert "/transform" in said(reply)


async def test_an_unknown_pair_gets_suggestions(user: ChatUser) -> None:
    """A slip of the pen is answered with the nearest names."""
    reply = await user.ask("!transform aple2orange", ("a.png", pictures.plain()))
    assert "apple2orange" in said(reply)


async def test_a_pair_without_weights_says_so(user: ChatUser) -> None:
    """No other translation stands in for it."""
    reply = await user.ask("!translate monet2photo", ("a.png", pictures.plain()))
    assert "monet2photo" in said(reply)
    assert "isn't installed" in said(reply)


async def test_too_large_a_picture_is_made_smaller_once(
    env: Env, user: ChatUser, horse_jpg: tuple[str, bytes]
) -> None:
    """When Discord refuses the file, a smaller one takes its place."""
    faults = env.playground.faults
    message = await user.say("!zebra", horse_jpg)
    order = faults.answer("POST", MESSAGES, 413, code=40005)
    reply = await user.reply(message)
    assert order.left == 0
    assert await size_of(reply) <= UPLOAD_AIM // SMALLER
    assert "too large" not in said(reply)
    assert len(user.replies(message)) == 1


async def test_what_is_too_large_even_so_is_answered_in_words(
    env: Env, user: ChatUser, horse_jpg: tuple[str, bytes]
) -> None:
    """The verdict comes without the picture, after one try with a smaller one."""
    message = await user.say("!zebra", horse_jpg)
    order = env.playground.faults.answer("POST", MESSAGES, 413, code=40005, times=2)
    reply = await user.reply(message)
    assert order.left == 0
    assert "→ zebra" in said(reply)
    assert "too large to upload here" in said(reply)
    assert reply["attachments"] == []
    assert len(user.replies(message)) == 1


async def test_the_message_menu_answers(
    env: Env, user: ChatUser, channel: Channel, horse_jpg: tuple[str, bytes]
) -> None:
    """The menu of a message with a horse has the entry Zebra."""
    target = await user.say("", horse_jpg)
    token = user.person.token
    async with (
        Rest(env.playground.api, token) as rest,
        Page(env.playground, token, rest) as page,
    ):
        data = {**await page.command("Zebra", channel.id), "target_id": target["id"]}
        await page.interact(2, data, channel_id=channel.id)
        reply = await page.event("MESSAGE_UPDATE")
    assert "→" in said(reply)
    assert (await picture_of(reply)).size == (1500, 1220)


async def test_there_and_back_are_three_pictures(
    user: ChatUser, horse_jpg: tuple[str, bytes]
) -> None:
    """The original, the zebra and the horse again, and how far that is from the first."""
    reply = await user.ask("!cycle", horse_jpg)
    assert "horse2zebra_small, then zebra2horse_small" in said(reply)
    assert "differs from the original by" in said(reply)
    assert len(reply["attachments"]) == 2  # the first of three is shown by the embed


@pytest.mark.parametrize(
    ("command", "note"), [("!zebra", "First 4 of 5 pictures"), ("!cycle", "the first of 5")]
)
async def test_more_pictures_than_are_taken_are_counted(
    user: ChatUser, command: str, note: str
) -> None:
    """The reply says how many it is about."""
    reply = await user.ask(command, *[(f"{n}.png", pictures.plain()) for n in range(5)])
    assert note in said(reply)
    assert len(reply["embeds"]) == (4 if command == "!zebra" else 1)


async def test_bad_files_fail_alone(user: ChatUser) -> None:
    """The neighbor is translated."""
    reply = await user.ask("!zebra", ("bad.png", b"no picture"), ("a.png", pictures.plain()))
    assert [embed["title"] for embed in reply["embeds"]] == ["a.png", "bad.png"]
    assert "image" in reply["embeds"][0]
    assert "can't read this file as a picture" in reply["embeds"][1]["description"]
