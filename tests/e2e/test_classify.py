"""`!classify`: which picture it means, and what the reply says."""

import asyncio
import io
import re
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env


@pytest.fixture
def bobby_jpg(shared_data: Path) -> tuple[str, bytes]:
    """Return the picture of the golden retriever."""
    return "bobby.jpg", (shared_data / "bobby.jpg").read_bytes()


@pytest.fixture
def horse_jpg(shared_data: Path) -> tuple[str, bytes]:
    """Return the picture of the horse."""
    return "horse.jpg", (shared_data / "horse.jpg").read_bytes()


async def test_a_picture_is_answered(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """Five labels, the golden retriever first, the model by name, and nothing of another one."""
    message = await user.say("!classify", bobby_jpg)
    reply = await user.reply(message)
    label, probability = top(reply)
    assert label == "golden retriever"
    assert probability >= 0.90
    assert said(reply).count(" %`") == 5
    assert re.search(r"efficientnet_lite0 · \d+ ms · Small picture: what I looked at", said(reply))
    assert "installed" not in said(reply)
    assert len(user.replies(message)) == 1


async def test_the_crop_is_what_the_network_saw(
    user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """A picture of 224×224 pixels stands beside the labels."""
    reply = await user.ask("!classify", bobby_jpg)
    url = reply["embeds"][0]["thumbnail"]["url"]
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        crop = Image.open(io.BytesIO(await answer.read()))
    assert crop.size == (224, 224)


async def test_several_pictures_are_one_reply(
    user: ChatUser, bobby_jpg: tuple[str, bytes], horse_jpg: tuple[str, bytes]
) -> None:
    """Each has its own labels, and a damaged one among them fails alone, below the others."""
    message = await user.say("!classify", bobby_jpg, ("bad.png", b"no picture"), horse_jpg)
    reply = await user.reply(message)
    assert [embed["title"] for embed in reply["embeds"]] == ["bobby.jpg", "horse.jpg", "bad.png"]
    assert top(reply, 0)[0] == "golden retriever"
    assert top(reply, 1)[0] == "sorrel"
    assert "can't read this file as a picture" in reply["embeds"][2]["description"]
    assert len(user.replies(message)) == 1


async def test_a_reply_means_the_picture_replied_to(
    user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """Also when a newer picture stands below it."""
    first = await user.say("look", bobby_jpg)
    await user.say("another", ("teal.png", pictures.plain()))
    reply = await user.ask("!classify", reply_to=first["id"])
    assert top(reply)[0] == "golden retriever"


async def test_a_reply_to_no_picture_says_so(user: ChatUser) -> None:
    """It never falls back to the channel's newest picture."""
    await user.say("", ("teal.png", pictures.plain()))
    words = await user.say("just words")
    reply = await user.ask("!classify", reply_to=words["id"])
    assert "doesn't have a picture" in said(reply)


async def test_a_reply_to_a_deleted_message_says_so(user: ChatUser) -> None:
    """The message that had the picture is gone before Bobby reads the command."""
    first = await user.say("", ("teal.png", pictures.plain()))
    message = await user.say("!classify", reply_to=first["id"])
    reply = await user.reply(message)
    assert reply["embeds"]
    await user.delete(first)
    await user.edit(message, "!classify  again")
    again = await user.heard(
        lambda one: one["event"] == "MESSAGE_UPDATE" and one["id"] == reply["id"]
    )
    assert "The message you replied to is gone" in said(again)


async def test_a_link_goes_through_discords_proxy(
    env: Env, user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """Discord has fetched the linked picture already; Bobby never opens the link himself."""
    there = await user.say("", bobby_jpg)
    link = there["attachments"][0]["url"]
    reply = await user.ask(f"!classify {link}")
    assert top(reply)[0] == "golden retriever"


async def test_a_link_in_a_spoiler_gets_a_spoiler(
    user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """Typed behind the command or in a message replied to, it is answered as hidden as it was."""
    there = await user.say("", bobby_jpg)
    hidden = f"||{there['attachments'][0]['url']}||"
    older = await user.say(hidden)
    for words, target in ((hidden, None), ("", older["id"])):
        reply = await user.ask(f"!classify {words}", reply_to=target)
        (embed,) = reply["embeds"]
        assert embed["description"].startswith("||")
        assert "thumbnail" not in embed
        assert reply["attachments"][0]["filename"].startswith("SPOILER_")
        assert top(reply)[0] == "golden retriever"


async def test_a_link_inward_is_refused(user: ChatUser) -> None:
    """A link to this machine, by number or by a name that resolves to it, is not followed."""
    for host in ("127.0.0.1", "localhost", "[::1]"):
        reply = await user.ask(f"!classify http://{host}:9/a.png")
        assert "isn't public" in said(reply)


async def test_a_mention_means_the_avatar(env: Env, user: ChatUser) -> None:
    """A person who is mentioned lends the avatar; the reply says so."""
    other = await env.playground.new_person("ann")
    reply = await user.ask(f"!classify <@{other.id}>")
    assert f"Using <@{other.id}>'s avatar" in said(reply)
    assert top(reply)


async def test_nothing_pointed_at_means_the_newest(
    user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """The reply says whose picture it is and how far up, with a link; never Bobby's own crop."""
    picture = await user.say("", bobby_jpg)
    first = await user.ask("!classify")
    assert f"using <@{user.person.id}>'s picture, [1 message up](" in said(first)
    assert f"/{picture['id']})" in said(first)
    second = await user.ask("!classify")
    assert "[3 messages up](" in said(second)
    assert top(second) == top(first)


async def test_no_picture_anywhere_says_what_to_do(user: ChatUser) -> None:
    """An empty channel gives one sentence that names every way."""
    reply = await user.ask("!classify")
    assert "Upload one, reply to one" in said(reply)


async def test_a_forwarded_picture_counts(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """A forward has its pictures in a snapshot."""
    original = await user.say("", bobby_jpg)
    reference = {"type": 1, "message_id": original["id"], "channel_id": original["channel_id"]}
    forward = await user.say("", message_reference=reference)
    reply = await user.ask("!classify", reply_to=forward["id"])
    assert top(reply)[0] == "golden retriever"


async def test_stickers_count(env: Env, user: ChatUser) -> None:
    """PNG stickers are pictures; LOTTIE ones are drawings in JSON, and no picture."""
    world = env.playground.world
    drawn = world.add_sticker("drawn", b"{}", format=3)
    first = await user.say("", sticker_ids=[str(drawn.id)])
    assert "can't read sticker drawn" in said(await user.ask("!classify", reply_to=first["id"]))
    painted = world.add_sticker("painted", pictures.plain(size=(320, 320)))
    second = await user.say("", sticker_ids=[str(painted.id)])
    assert top(await user.ask("!classify", reply_to=second["id"]))


async def test_a_spoiler_gets_a_spoiler(user: ChatUser, bobby_jpg: tuple[str, bytes]) -> None:
    """Labels hide, the crop is a spoiler attachment, and no embed shows it."""
    reply = await user.ask("!classify", ("SPOILER_bobby.jpg", bobby_jpg[1]))
    (embed,) = reply["embeds"]
    assert embed["description"].startswith("||")
    assert "thumbnail" not in embed
    assert reply["attachments"][0]["filename"].startswith("SPOILER_")


async def test_an_animation_says_which_frame(user: ChatUser) -> None:
    """Of 48 frames the first is looked at."""
    reply = await user.ask("!classify", ("dance.gif", pictures.animation(48)))
    assert "frame 1 of 48" in said(reply)


async def test_every_picture_has_alt_text(user: ChatUser) -> None:
    """The crop's description names the label, so that it can be heard."""
    reply = await user.ask("!classify", ("SPOILER_a.png", pictures.plain()))
    assert "Top label" in reply["attachments"][0]["description"]


async def test_a_model_can_be_named(user: ChatUser) -> None:
    """One whose weights are missing is replaced, and the reply says by which and why."""
    reply = await user.ask("!classify AlexNet", ("a.png", pictures.plain()))
    assert "alexnet isn't installed here, so efficientnet_lite0" in said(reply).replace("\\", "")


async def test_an_unknown_model_gets_suggestions(user: ChatUser) -> None:
    """A slip of the pen is answered with the nearest names."""
    reply = await user.ask("!classify resnet11", ("a.png", pictures.plain()))
    assert "resnet101" in said(reply)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.png", b"", "empty"),
        ("lying.png", b"<html>nothing</html>", "can't read this file as a picture"),
        ("cut.png", pictures.plain(size=(300, 300))[:120], "damaged"),
        ("huge.png", pictures.huge(), "megapixel"),
    ],
)
async def test_bad_files_get_a_friendly_sentence(
    user: ChatUser, name: str, data: bytes, words: str
) -> None:
    """Each names what is wrong; none shows an exception."""
    reply = await user.ask("!classify", (name, data))
    assert words in said(reply)
    assert "Error" not in said(reply)
    assert "Traceback" not in said(reply)


async def test_too_large_a_file_is_refused(env: Env, user: ChatUser) -> None:
    """A file over the limit is never read whole, and the sentence names the limit."""
    env.playground.world.upload_limit = 64 * 2**20
    try:
        reply = await user.ask("!classify", ("big.bmp", bytes(26 * 2**20)))
    finally:
        env.playground.world.upload_limit = 10 * 2**20
    assert "over the 25 MiB" in said(reply)


async def test_threads_work(env: Env, user: ChatUser, channel: Channel) -> None:
    """In a thread the answer stays in the thread."""
    thread = env.playground.world.add_thread(channel, "details")
    reply = await user.ask("!classify", ("a.png", pictures.plain()), channel_id=thread.id)
    assert reply["channel_id"] == str(thread.id)


async def test_direct_messages_work(env: Env, user: ChatUser) -> None:
    """No server is needed."""
    world = env.playground.world
    conversation = world.open_dm(user.person, world.bot)
    reply = await user.ask("!classify", ("a.png", pictures.plain()), channel_id=conversation.id)
    assert top(reply)


async def test_a_mention_is_a_prefix(env: Env, user: ChatUser) -> None:
    """`@Bobby classify` works as `!classify` does."""
    mention = f"<@{env.playground.bot_user_id}>"
    assert top(await user.ask(f"{mention} classify", ("a.png", pictures.plain())))


async def test_a_mention_alone_is_told_how_to_ask(env: Env, user: ChatUser) -> None:
    """Anyone who calls Bobby gets an answer; one who merely speaks of it does not."""
    mention = f"<@{env.playground.bot_user_id}>"
    passing = await user.say(f"{mention}'s answers are good")
    assert "Hi! Post a picture with `!classify`" in said(await user.ask(mention))
    assert user.replies(passing) == []


async def test_a_slip_in_the_command_is_understood(user: ChatUser) -> None:
    """The nearest command is offered, and an edit within a minute asks again, in one reply."""
    message = await user.say("!clasify", ("a.png", pictures.plain()))
    reply = await user.reply(message)
    assert "Did you mean `!classify`" in said(reply)
    await user.edit(message, "!classify")
    answer = await user.heard(
        lambda one: one["event"] == "MESSAGE_UPDATE" and one["id"] == reply["id"]
    )
    assert top(answer)
    assert len(user.replies(message)) == 1


async def test_the_forgotten_picture_can_be_added(user: ChatUser) -> None:
    """The first reply, which asked for a picture, becomes the answer."""
    message = await user.say("!classify")
    reply = await user.reply(message)
    assert "couldn't find a picture" in said(reply)
    await user.edit(message, "!classify", ("a.png", pictures.plain()))
    answer = await user.heard(
        lambda one: one["event"] == "MESSAGE_UPDATE" and one["id"] == reply["id"]
    )
    assert top(answer)
    assert len(user.replies(message)) == 1


async def test_other_bots_and_other_commands_are_left_alone(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """Neither a bot's message nor a command of another bot's gets a word."""
    robot = env.playground.world.add_person("robot", bot=True)
    async with ChatUser(env.playground, robot, channel.id) as other:
        await other.say("!classify", ("a.png", pictures.plain()))
    await user.say("!play some music")
    await user.say("no command at all")
    await user.ask("!status")
    assert len(user.in_channel(channel.id)) == 1


@pytest.mark.parametrize("command", ["help", "status", "privacy"])
async def test_the_small_commands_answer(user: ChatUser, command: str) -> None:
    """Each is one reply with an embed."""
    reply = await user.ask(f"!{command}")
    assert reply["embeds"][0]["title"]


async def test_help_lists_every_command(env: Env, user: ChatUser) -> None:
    """Nothing is hidden."""
    text = said(await user.ask("!help"))
    for command in env.bot.commands:
        assert f"!{command.name}" in text


async def test_mentions_never_ring(env: Env, user: ChatUser) -> None:
    """Neither the requester nor anybody named in a file's name or a model's name is pinged."""
    reply = await user.ask(
        f"!classify @everyone {user.person.id}", ("@everyone.png", pictures.plain())
    )
    assert not reply["mention_everyone"]
    assert reply["mentions"] == []


async def test_thirty_people_at_once(
    env: Env, channel: Channel, bobby_jpg: tuple[str, bytes]
) -> None:
    """Each gets one reply, the right one."""
    people = [await env.playground.new_person(f"crowd{number}") for number in range(30)]
    users = [ChatUser(env.playground, person, channel.id) for person in people]

    async def ask(user: ChatUser) -> None:
        async with user:
            message = await user.say("!classify", bobby_jpg)
            reply = await user.reply(message, within=60)
            assert top(reply)[0] == "golden retriever"
            await asyncio.sleep(0.2)
            assert len(user.replies(message)) == 1

    await asyncio.gather(*map(ask, users))


async def test_talk_behind_the_command_is_answered(
    user: ChatUser, bobby_jpg: tuple[str, bytes]
) -> None:
    """It names no model, and that is said; a slip of a name is still told."""
    for command in ("!classify", "!why", "!shake"):
        answer = said(await user.ask(f"{command} what is this?", bobby_jpg))
        assert "“what is this?” isn't a model, so I used the default." in answer, command
        assert "golden retriever" in answer, command
    slip = said(await user.ask("!classify alexnot", bobby_jpg))
    assert "Did you mean alexnet" in slip
    assert "Edit your message to fix it." in slip
    refused = said(await user.ask("!model resnet5x"))
    assert refused.endswith("? Edit your message to fix it.\n")
