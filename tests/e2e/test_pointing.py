"""Where somebody points at a picture, Bobby looks at that one, whichever command is used."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_interactions import ATTACHMENT, STRING, answered, page, slash
from tests.e2e.test_models import press
from tests.playground.clients import Page, eventually

__all__ = ["page"]

PICTURE = ("dog.png", pictures.striped())
NOTES = ("notes.txt", b"words")
CHANNEL = "/channels/{channel_id}"

COMMANDS = (
    "!classify",
    "!caption",
    "!why",
    "!shake",
    "!compare",
    "!untrained alexnet",
    "!zebra size:32",
    "!translate apple2orange size:32",
    "!cycle size:32",
)


def link_to(message: dict[str, Any]) -> str:
    """Return the address of a message's attachment, as people copy it."""
    return str(message["attachments"][0]["url"])


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_text_beside_a_picture_is_left_out(user: ChatUser, command: str) -> None:
    """By every command: the picture is answered, and what is none is named once."""
    reply = said(await user.ask(command, NOTES, PICTURE))
    assert reply.count("notes.txt") == 1
    assert "Left out notes.txt (not a picture I can read)" in reply
    assert "can't read this file" not in reply


async def test_nine_texts_are_named_in_one_line(user: ChatUser) -> None:
    """The picture behind them is answered."""
    texts = [(f"{letter}.txt", b"words") for letter in "abcdefghi"]
    reply = await user.ask("!zebra size:32", *texts, PICTURE)
    assert "Left out a.txt, b.txt, c.txt +6 (not a picture I can read)" in said(reply)
    assert len(reply["embeds"]) == 1
    assert "image" in reply["embeds"][0]


async def test_what_is_cut_off_is_said_in_the_same_line(user: ChatUser) -> None:
    """How many pictures there were, and what was none."""
    reply = said(await user.ask("!why", PICTURE, NOTES, ("cat.png", pictures.plain())))
    assert "-# the first of 2 · Left out notes.txt" in reply


@pytest.mark.parametrize("words", ["[cat]({})", "({})", "{}.", "{}, please", "`{}`", "**{}**"])
async def test_a_link_is_what_chat_programs_take_for_it(user: ChatUser, words: str) -> None:
    """And not the bracket behind it, nor is the rest a model."""
    link = link_to(await user.say("", PICTURE))
    assert top(await user.ask(f"!classify {words.format(link)}"))


async def test_a_link_without_its_signature_is_renewed(
    env: Env, page: Page, user: ChatUser, channel: Channel
) -> None:
    """By text and by slash command; one to a file that is gone gets the truth."""
    message = await user.say("", PICTURE)
    link = link_to(message).partition("?")[0]
    assert top(await user.ask(f"!classify <{link}>"))
    option = {"name": "link", "type": STRING, "value": f"<{link}>"}
    data = await slash(page, channel, option)
    assert top(await answered(page, channel, data))
    await user.delete(message)
    assert "expired and can't be renewed" in said(await user.ask(f"!classify <{link}>"))


@pytest.mark.parametrize("way", ["typed", "replied to", "option"])
async def test_a_custom_emoji_is_a_picture(
    env: Env, page: Page, user: ChatUser, channel: Channel, way: str
) -> None:
    """Named in a command, in an option, or alone in a message that is replied to."""
    dog = env.playground.world.add_emoji("dog", PICTURE[1])
    if way == "typed":
        reply = await user.ask(f"!classify {dog}")
    elif way == "replied to":
        reply = await user.ask("!classify", reply_to=(await user.say(str(dog)))["id"])
    else:
        option = {"name": "link", "type": STRING, "value": str(dog)}
        reply = await answered(page, channel, await slash(page, channel, option))
    assert top(reply)


async def test_ones_own_lottie_sticker_is_not_somebodys_picture(env: Env, user: ChatUser) -> None:
    """It can't be read, which is said."""
    drawn = env.playground.world.add_sticker("drawn", b"{}", format=3)
    await user.say("", PICTURE)
    reply = await user.ask("!classify", sticker_ids=[str(drawn.id)])
    assert "can't read sticker drawn as a picture" in said(reply)


async def test_a_drawing_newer_than_a_photo_is_passed_over(user: ChatUser) -> None:
    """And named beside the answer."""
    await user.say("", PICTURE)
    await user.say("", ("logo.svg", b"<svg/>"))
    reply = await user.ask("!classify")
    assert top(reply)
    assert "2 messages up" in said(reply)
    assert "Left out logo.svg" in said(reply)


async def test_what_a_reply_names_goes_before_what_it_replies_to(user: ChatUser) -> None:
    """A link and a person."""
    link = link_to(await user.say("", PICTURE))
    text = await user.say("no picture here")
    for named in (link, f"<@{user.person.id}>"):
        assert top(await user.ask(f"!classify {named}", reply_to=text["id"]))


async def test_a_slash_commands_file_that_is_no_picture_is_told(
    page: Page, user: ChatUser, channel: Channel
) -> None:
    """Nobody else's picture takes its place."""
    await user.say("", PICTURE)
    data = await slash(page, channel, {"name": "picture", "type": ATTACHMENT, "value": "0"})
    data["attachments"] = [{"id": "0", "filename": NOTES[0]}]
    message = await answered(page, channel, data, files=[NOTES])
    assert "can't read notes.txt as a picture" in said(message)


def unknown(env: Env, channel: Channel) -> Callable[[], bool]:
    """Have Bobby forget `channel`; return what tells whether it knows it again."""
    guild = env.bot.get_guild(env.playground.guild_id)
    assert guild is not None
    del guild._channels[channel.id]
    return lambda: guild.get_channel(channel.id) is not None


@pytest.mark.parametrize("shown", [True, False])
async def test_a_thread_of_an_unknown_channel_is_answered(
    env: Env, user: ChatUser, channel: Channel, *, shown: bool
) -> None:
    """The channel is asked for; where Discord doesn't show it, there is an answer all the same."""
    thread = env.playground.world.add_thread(channel, "details")
    await eventually(lambda: env.bot.get_channel(thread.id) is not None)
    known = unknown(env, channel)
    if not shown:
        bot = env.playground.world.bot
        env.playground.faults.answer("GET", CHANNEL, 403, code=50001, by=bot, times=2)
    older = await user.say("", PICTURE, channel_id=thread.id)
    assert top(await user.ask("!classify", channel_id=thread.id))
    assert known() is shown
    assert top(await user.ask("!classify", channel_id=thread.id, reply_to=older["id"]))


async def test_a_button_follows_a_message_link_again(env: Env, page: Page, user: ChatUser) -> None:
    """To another channel, as long as the requester can read it."""
    other = env.playground.world.add_channel("elsewhere")
    await eventually(lambda: env.bot.get_channel(other.id) is not None)
    there = await user.say("", PICTURE, channel_id=other.id)
    place = f"{env.playground.guild_id}/{other.id}/{there['id']}"
    reply = await user.ask(f"!classify https://discord.com/channels/{place}")
    assert top(reply)
    await press(page, reply, "Why?")
    await eventually(lambda: any("Brighter" in said(m) for m in page.heard("MESSAGE_UPDATE")))
