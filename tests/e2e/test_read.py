"""`!read`: the words in a picture, where they are, and as text to copy."""

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from bot.playground.model.records import Channel
from models.reading.networks import lacking
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import EPHEMERAL, buttons, completed, loaded_again, page_of, press
from tests.models.pictures import encoded
from tests.models.reading.rendered import FONTS, many_words

pytestmark = pytest.mark.skipif(lacking() is not None, reason="no picture can be read here")


def page(*lines: str, size: int = 28) -> bytes:
    """Return a picture of `lines` in black on white, each a paragraph of its own."""
    image = Image.new("RGB", (640, 60 + 80 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((30, 30 + 80 * number), line, "black", ImageFont.load_default(size))
    return encoded(image)


SIGN = ("sign.png", page("WET FLOOR", "Please walk slowly"))


async def ask(user: ChatUser, *files: tuple[str, bytes]) -> str:
    """Return what `!read` says."""
    return said(await user.ask("!read", *files))


async def test_words_are_read_in_their_order(user: ChatUser) -> None:
    """With a receipt."""
    text = await ask(user, SIGN)
    assert "WET FLOOR\n\nPlease walk slowly" in text
    assert "read · PP-OCRv6 small · cpu (OpenVINO)" in text


async def test_no_words_are_one_sentence(user: ChatUser) -> None:
    """And no buttons, since there is nothing to press them for."""
    reply = await user.ask("!read", ("a.png", pictures.plain("red")))
    assert reply["embeds"][0]["description"] == "I don't see any words in this picture."
    assert not reply["components"]


async def test_words_can_neither_ping_nor_link(user: ChatUser) -> None:
    """Whatever is written in a picture."""
    text = await ask(user, ("a.png", page("@everyone look", "**bold** <@1> `code`")))
    assert "@everyone" not in text
    assert "**bold**" not in text
    assert "<@1>" not in text.replace("\\<", "")


async def test_bad_files_fail_alone(user: ChatUser) -> None:
    """The neighbor is read."""
    reply = await user.ask("!read", ("bad.png", b"no picture"), SIGN)
    assert "WET FLOOR" in reply["embeds"][0]["description"]
    assert "can't read this file as a picture" in reply["embeds"][1]["description"]


async def pressed(env: Env, user: ChatUser, answer: dict[str, Any], label: str) -> dict[str, Any]:
    """Return what a press of a button below `answer` is answered with."""
    async with page_of(env.playground, user.person) as connected:
        await press(connected, answer, label)
        told: dict[str, Any] = await connected.event("MESSAGE_UPDATE")
    assert told["flags"] & EPHEMERAL
    return told


async def test_buttons_show_where_copy_and_describe(env: Env, user: ChatUser) -> None:
    """For the person who presses, after a restart as well."""
    answer = await user.ask("!read", SIGN)
    assert list(buttons(answer)) == ["Show where", "Copy as code", "Alt text"]
    await loaded_again(env, user, "cogs.read")
    where = await pressed(env, user, answer, "Show where")
    assert "**1** WET FLOOR\n**2** Please walk slowly" in said(where)
    assert where["embeds"][0]["image"]["url"].partition("?")[0].endswith("where.jpg")
    code = await pressed(env, user, answer, "Copy as code")
    assert code["content"] == "```\nWET FLOOR\n\nPlease walk slowly\n```"
    await user.ask("!caption", SIGN)  # its networks are loaded when they are first asked for
    alt = await pressed(env, user, answer, "Alt text")
    assert "“WET FLOOR Please walk slowly”" in alt["content"]


async def test_a_caption_has_the_words(user: ChatUser) -> None:
    """That are seen at a glance."""
    assert "“WET FLOOR Please walk slowly”" in said(await user.ask("!caption", SIGN))


async def test_a_classification_points_to_the_words(user: ChatUser) -> None:
    """Where no label is sure, once."""
    text = said(await user.ask("!classify", ("a.png", pictures.plain("red")), SIGN))
    assert text.count("use `!read`") == 1


async def test_a_reader_that_is_not_here_is_told(user: ChatUser) -> None:
    """And another answers."""
    text = said(await user.ask("!read read-korean", SIGN))
    assert "WET FLOOR" in text
    assert "read-korean isn't installed here, so read answered" in text.replace("\\", "")


async def test_the_menu_and_the_slash_command_read_too(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """And the option offers readers alone."""
    target = await user.say("", SIGN)
    async with page_of(env.playground, user.person) as connected:
        data = {**await connected.command("Read the words", channel.id), "target_id": target["id"]}
        await connected.interact(2, data, channel_id=channel.id)
        assert "WET FLOOR" in said(await connected.event("MESSAGE_UPDATE"))
        assert await completed(connected, channel, "read", "model", "") == ["read", "read-korean"]


@pytest.mark.skipif(not (FONTS / "dejavu").is_dir(), reason="its fonts are not here")
async def test_neighbors_pass_a_page_of_thousands_of_words(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """It is read in slices; who deletes their message has it stopped."""
    page_of_words = await user.say("!read", ("words.png", encoded(many_words())))
    neighbor = await env.playground.new_person("neighbor")
    async with ChatUser(env.playground, neighbor, channel.id) as other:
        for number in range(2):
            answer = await other.ask("!classify", (f"{number}.png", pictures.plain("red")))
            assert "efficientnet_lite0" in said(answer)
    assert not user.replies(page_of_words)
    await user.delete(page_of_words)
