"""Which picture a command means: the order in which it is looked for, and what is passed over."""

import asyncio
from typing import Any

import discord
import pytest

from bot.core.errors import MissingPermission, NoPicture
from bot.pictures.history import HISTORY, newest
from bot.playground.messages.bodies import Form
from bot.playground.model.permissions import PermissionBits
from tests.bot.room import Room, room, running
from tests.e2e import pictures
from tests.playground.clients import eventually

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILE = pictures.plain()
LOOPBACK = "http://127.0.0.1:9"
MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def png(name: str) -> tuple[str, bytes]:
    """Return a picture of that name."""
    return name, FILE


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no preview: nothing here has one."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 0.05)


def link_to(message: dict[str, Any], number: int = 0) -> str:
    """Return the address of a message's attachment, as people copy it."""
    return str(message["attachments"][number]["url"])


async def test_what_is_attached_goes_before_a_reply(room: Room) -> None:
    """Every picture of it; what is none is named, and not asked about."""
    older = await room.user.say("", png("older.png"))
    files = (("b.txt", b"?"), png("a.png"), png("c.png"))
    found = await room.finds("alexnet", *files, reply_to=older["id"])
    assert [one.name for one in found.pictures] == ["a.png", "c.png"]
    assert all(one.from_discord for one in found.pictures)
    assert (found.note, found.left_out) == (None, ("b.txt",))


async def test_what_is_named_goes_before_all_else(room: Room, quick: None) -> None:
    """All of it: links first, then people, then emoji, then messages."""
    dog, older = room.world.add_emoji("dog", FILE), await room.user.say("", png("older.png"))
    there = await room.user.say("", png("there.png"))
    place = f"https://discord.com/channels/{room.world.guild.id}/{room.channel.id}/{there['id']}"
    words = f"{place} {dog} <@{room.user.person.id}> {LOOPBACK}/c.png alexnet"
    found = await room.finds(words, png("a.png"), reply_to=older["id"])
    avatar = f"{room.user.person.name}'s avatar"
    assert [one.name for one in found.pictures] == ["c.png", avatar, "dog", "there.png"]
    assert found.note is None


async def test_ones_own_sticker_goes_before_a_reply(room: Room) -> None:
    """It is what the message shows."""
    painted = room.world.add_sticker("painted", FILE)
    older = await room.user.say("", png("older.png"))
    found = await room.finds("", reply_to=older["id"], sticker_ids=[str(painted.id)])
    assert [one.name for one in found.pictures] == ["sticker painted"]
    assert found.pictures[0].from_discord


async def test_a_reply_means_all_pictures_of_its_message(room: Room) -> None:
    """In their order; what stands between them and is none is named."""
    older = await room.user.say("", png("a.png"), ("notes.txt", b"words"), png("b.png"))
    found = await room.finds("", reply_to=older["id"])
    assert [one.name for one in found.pictures] == ["a.png", "b.png"]
    assert (found.note, found.left_out) == (None, ("notes.txt",))


@pytest.mark.parametrize("what", ["link", "person"])
async def test_what_is_named_goes_before_a_reply(room: Room, quick: None, what: str) -> None:
    """To a text without a picture, or to one that has a picture."""
    named = {"link": f"{LOOPBACK}/c.png", "person": f"<@{room.user.person.id}>"}[what]
    for files in ((), (png("a.png"),)):
        older = await room.user.say("look", *files)
        (picture,) = (await room.finds(named, reply_to=older["id"])).pictures
        assert picture.name in {"c.png", f"{room.user.person.name}'s avatar"}


async def test_a_reply_whose_message_discord_leaves_out_is_looked_up(room: Room) -> None:
    """Discord does not always send along what is replied to."""
    older = await room.user.say("", png("a.png"))
    message = await room.hears("!x", reply_to=older["id"])
    assert message.reference
    message.reference.resolved = None
    found = await room.means(message)
    assert [one.name for one in found.pictures] == ["a.png"]
    room.playground.faults.answer("GET", MESSAGE, 403, code=50013, by=room.world.bot)
    with pytest.raises(MissingPermission, match="you replied to"):
        await room.means(message)
    await room.user.delete(older)
    with pytest.raises(NoPicture, match="is gone"):
        await room.means(message)


async def test_a_deleted_message_has_no_picture_any_more(room: Room) -> None:
    """The channel's newest picture does not take its place."""
    await room.user.say("", png("newest.png"))
    older = await room.user.say("", png("a.png"))
    message = await room.user.say("!x", reply_to=older["id"])
    await room.user.delete(older)
    with pytest.raises(NoPicture, match="is gone"):
        await room.means(await room.sees(message))


async def test_each_link_has_its_own_preview(room: Room) -> None:
    """In the order of the links, whatever that of the previews."""
    shelf = await room.user.say("", png("first.png"), png("second.png"))
    first, second = link_to(shelf), link_to(shelf, 1)
    message = await room.hears(f"!x {first} {second}")
    await eventually(lambda: room.channel.messages[message.id].unfurled)
    known = room.channel.messages[message.id]
    known.unfurled.reverse()
    message = await room.sees({"id": message.id, "channel_id": room.channel.id})
    found = (await room.means(message, f"{first} {second}")).pictures
    assert [one.name for one in found] == ["first.png", "second.png"]
    for one in found:
        assert one.from_discord
        assert "/media/" in one.url
        assert one.name in one.url


async def test_a_link_without_a_preview_is_followed_as_typed(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person typed is never trusted, though another link has a preview."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 0.05)
    shelf = await room.user.say("", png("second.png"))
    (picture, _) = (await room.finds(f"{LOOPBACK}/first.png {link_to(shelf)}")).pictures
    assert picture.url == f"{LOOPBACK}/first.png"
    assert not picture.from_discord


async def test_the_preview_of_a_link_is_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes a moment after the message, when other messages are edited, too."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 30.0)
    shelf = await room.user.say("", png("a.png"))
    other = await room.user.say("b")
    posting = room.playground.posting
    monkeypatch.setattr(posting, "unfurl_after", 3600.0)
    message = await room.hears(f"!x {link_to(shelf)}")
    finding = asyncio.create_task(room.means(message, link_to(shelf)))
    edited = asyncio.create_task(room.bot.wait_for("raw_message_edit"))
    await asyncio.sleep(0)
    await room.user.edit(other, "c")
    await edited
    posting._unfurl(room.channel.messages[message.id])
    (picture,) = (await finding).pictures
    assert picture.from_discord


async def test_a_preview_that_came_before_anybody_looked_is_found(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is looked up once more; where that can't be done the link itself is left."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 0.05)
    shelf = await room.user.say("", png("a.png"))
    message = await room.hears(f"!x {link_to(shelf)}")
    await eventually(lambda: room.channel.messages[message.id].unfurled)
    await room.hears("so that the edit has been heard of")
    (picture,) = (await room.means(message, link_to(shelf))).pictures
    assert picture.from_discord
    room.playground.faults.answer("GET", MESSAGE, 404, code=10008, by=room.world.bot)
    (picture,) = (await room.means(message, link_to(shelf))).pictures
    assert picture.url == link_to(shelf)
    assert picture.from_discord


@pytest.mark.parametrize(
    ("words", "hidden"), [("||{}||", True), ("||look|| {}", False), ("{} ||look||", False)]
)
async def test_a_link_in_a_spoiler_makes_a_spoiler(
    room: Room, monkeypatch: pytest.MonkeyPatch, words: str, *, hidden: bool
) -> None:
    """Typed behind the command or in a message replied to; one beside a spoiler is none."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 0.05)
    shelf = await room.user.say("", png("a.png"))
    words = words.format(link_to(shelf))
    (typed,) = (await room.finds(words)).pictures
    assert (typed.name, typed.spoiler, typed.from_discord) == ("a.png", hidden, True)
    older = await room.user.say(words)
    await eventually(lambda: room.channel.messages[int(older["id"])].unfurled)
    (replied_to,) = (await room.inside(older)).pictures
    assert (replied_to.spoiler, replied_to.from_discord) == (hidden, True)


async def test_an_embed_that_shows_no_link_is_not_hidden_by_words(room: Room) -> None:
    """Another bot's words may begin with a spoiler."""
    embed = {"image": {"url": f"{LOOPBACK}/a.png"}}
    message = await room.other_bot.say("||the end|| of the film", embeds=[embed])
    (picture,) = (await room.inside(message)).pictures
    assert not picture.spoiler


async def test_a_preview_is_called_as_its_link(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it shows may be called otherwise; what Discord has not fetched is no preview."""
    monkeypatch.setattr("bot.pictures.named.UNFURL_SECONDS", 0.05)
    link = f"{LOOPBACK}/film.html"
    shelf = await room.user.say("", png("a.png"))
    message = await room.hears(f"!x {link}")
    record = room.channel.messages[message.id]
    proxies: list[dict[str, str]] = [{"proxy_url": link_to(shelf)}, {}]
    for proxy in proxies:
        thumbnail = {"url": f"{LOOPBACK}/still.png", **proxy}
        record.unfurled = [{"type": "video", "url": link, "thumbnail": thumbnail}]
        posted = {"id": message.id, "channel_id": room.channel.id}
        (picture,) = (await room.means(await room.sees(posted), link)).pictures
        assert picture.name == "film.html"
        assert picture.from_discord is bool(proxy)
        assert picture.url == proxy.get("proxy_url", link)


async def test_the_person_meant_is_the_one_behind_the_command(room: Room) -> None:
    """No matter who else the message mentions; the bot itself is often the first of them."""
    ann, ben = [await room.playground.new_person(name) for name in ("ann", "ben")]
    words = f"<@{ann.id}>"
    message = await room.hears(f"<@{room.world.bot.id}> <@{ben.id}> x {words}")
    found = await room.means(message, words)
    (picture,) = found.pictures
    assert picture.name == "ann's avatar"
    assert str(ann.id) in picture.url
    assert "size=512" in picture.url
    assert picture.from_discord
    assert found.note == f"Using <@{ann.id}>'s avatar"


async def test_a_person_whom_discord_does_not_show_is_told(room: Room) -> None:
    """Nobody else's picture takes the avatar's place."""
    await room.user.say("", png("newest.png"))
    with pytest.raises(NoPicture, match="that person's avatar"):
        await room.finds("<@123456789012345678>")


async def test_the_newest_picture_is_found(room: Room) -> None:
    """Of the newest message that has one its first, and how far up counts messages."""
    await room.user.say("", png("old.png"))
    newer = await room.user.say("", ("notes.txt", b"words"), png("first.png"), png("second.png"))
    await room.user.say("words")
    message = await room.hears("!x")
    later = await room.user.say("", png("later.png"))
    found = await room.means(message)
    assert [one.name for one in found.pictures] == ["first.png"]
    place = f"/{room.channel.id}/{newer['id']})"
    assert found.note
    assert found.note.startswith(f"using <@{room.user.person.id}>'s picture, [2 messages up](")
    assert found.note.endswith(place)
    assert later["id"] not in found.note


async def test_looking_back_ends(room: Room) -> None:
    """The last of `HISTORY` messages is looked at, the one before it isn't."""
    before = await room.user.say("", png("a.png"))
    template = room.channel.messages[int(before["id"])]
    for _ in range(HISTORY - 1):
        form = Form({"content": "chatter"})
        room.playground.posting.create(room.channel, template.author, form)
    found = await room.finds("")
    assert found.note
    assert f"[{HISTORY} messages up]" in found.note
    with pytest.raises(NoPicture, match=f"last {HISTORY} messages"):
        await room.finds("")


@pytest.mark.parametrize("kind", ["channel", "thread"])
async def test_a_closed_history_is_named(room: Room, kind: str) -> None:
    """Discord would show an empty one, so that the sentence would be wrong."""
    thread = room.world.add_thread(room.channel, "a thread")
    await eventually(lambda: room.bot.get_channel(thread.id) is not None)
    room.world.set_overwrite(room.channel, room.world.bot, deny=PermissionBits.READ_MESSAGE_HISTORY)
    place = room.channel if kind == "channel" else thread
    where = room.bot.get_channel(place.id)
    assert isinstance(where, discord.TextChannel | discord.Thread)
    await eventually(lambda: not where.permissions_for(where.guild.me).read_message_history)
    message = await room.hears("!x", channel_id=place.id)
    with pytest.raises(MissingPermission, match="Read Message History"):
        await newest(where, before=message, me=room.world.bot.id)


async def test_a_direct_messages_history_is_open(room: Room) -> None:
    """There are no permissions in it."""
    place = room.world.open_dm(room.user.person, room.world.bot)
    await room.user.say("", png("a.png"), channel_id=place.id)
    found = await room.finds("", channel_id=place.id)
    assert [one.name for one in found.pictures] == ["a.png"]


async def test_what_a_thread_began_with_is_found(room: Room) -> None:
    """Its first message only points at the one in the channel."""
    first = await room.user.say("", png("a.png"))
    posting = room.playground.posting
    thread = posting.begin_thread(room.channel.messages[int(first["id"])], "details")
    await room.user.say("words", channel_id=thread.id)
    found = await room.finds("", channel_id=thread.id)
    assert [one.name for one in found.pictures] == ["a.png"]
