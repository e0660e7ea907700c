"""Which picture a command means: the order in which it is looked for, and what is passed over."""

import asyncio
from typing import Any

import discord
import pytest

from bot.core.errors import MissingPermission, NoPicture
from bot.pictures.lookup import HISTORY, find, inside, newest, parse_text
from bot.playground.messages.bodies import Form
from bot.playground.model.permissions import P
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


def link_to(message: dict[str, Any], number: int = 0) -> str:
    """Return the address of a message's attachment, as people copy it."""
    return str(message["attachments"][number]["url"])


async def test_every_attachment_goes_before_anything_else(room: Room) -> None:
    """Also before a message replied to, a link and a person in the same command."""
    older = await room.guest.say("", png("older.png"))
    words = f"{link_to(older)} <@{room.guest.person.id}>"
    found = await room.finds(words, png("a.png"), ("b.txt", b"?"), reply_to=older["id"])
    assert [one.name for one in found.pictures] == ["a.png", "b.txt"]
    assert all(one.from_discord for one in found.pictures)
    assert found.note is None


async def test_ones_own_sticker_goes_before_a_reply(room: Room) -> None:
    """It is what the message shows."""
    painted = room.world.add_sticker("painted", FILE)
    older = await room.guest.say("", png("older.png"))
    found = await room.finds("", reply_to=older["id"], sticker_ids=[str(painted.id)])
    assert [one.name for one in found.pictures] == ["sticker painted"]
    assert found.pictures[0].from_discord


async def test_a_reply_goes_before_a_link(room: Room) -> None:
    """All pictures of the message replied to are meant, in their order."""
    older = await room.guest.say("", png("a.png"), ("notes.txt", b"words"), png("b.png"))
    found = await room.finds(f"{LOOPBACK}/c.png", reply_to=older["id"])
    assert [one.name for one in found.pictures] == ["a.png", "b.png"]
    assert found.note is None


async def test_a_reply_whose_message_discord_leaves_out_is_looked_up(room: Room) -> None:
    """Discord does not always send along what is replied to."""
    older = await room.guest.say("", png("a.png"))
    message = await room.hears("!x", reply_to=older["id"])
    assert message.reference
    message.reference.resolved = None
    found = await find(room.bot, message, parse_text(""))
    assert [one.name for one in found.pictures] == ["a.png"]
    room.playground.faults.answer("GET", MESSAGE, 403, code=50013, by=room.world.bot)
    with pytest.raises(MissingPermission, match="you replied to"):
        await find(room.bot, message, parse_text(""))
    await room.guest.delete(older)
    with pytest.raises(NoPicture, match="is gone"):
        await find(room.bot, message, parse_text(""))


async def test_a_deleted_message_has_no_picture_any_more(room: Room) -> None:
    """The channel's newest picture does not take its place."""
    await room.guest.say("", png("newest.png"))
    older = await room.guest.say("", png("a.png"))
    message = await room.guest.say("!x", reply_to=older["id"])
    await room.guest.delete(older)
    with pytest.raises(NoPicture, match="is gone"):
        await find(room.bot, await room.sees(message), parse_text(""))


async def test_of_two_links_the_first_is_meant(room: Room) -> None:
    """Discord's preview of the other one is not taken for it."""
    shelf = await room.guest.say("", png("first.png"), png("second.png"))
    first, second = link_to(shelf), link_to(shelf, 1)
    message = await room.hears(f"!x {first} {second}")
    await eventually(lambda: room.channel.messages[message.id].unfurled)
    known = room.channel.messages[message.id]
    known.unfurled.reverse()
    message = await room.sees({"id": message.id, "channel_id": room.channel.id})
    (picture,) = (await find(room.bot, message, parse_text(f"{first} {second}"))).pictures
    assert (picture.name, picture.from_discord) == ("first.png", True)
    assert "/media/" in picture.url
    assert "first.png" in picture.url


async def test_a_link_without_a_preview_is_followed_as_typed(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a person typed is never trusted, though another link has a preview."""
    monkeypatch.setattr("bot.pictures.lookup.UNFURL_SECONDS", 0.05)
    shelf = await room.guest.say("", png("second.png"))
    (picture,) = (await room.finds(f"{LOOPBACK}/first.png {link_to(shelf)}")).pictures
    assert picture.url == f"{LOOPBACK}/first.png"
    assert not picture.from_discord


async def test_the_preview_of_a_link_is_waited_for(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes a moment after the message, when other messages are edited, too."""
    monkeypatch.setattr("bot.pictures.lookup.UNFURL_SECONDS", 30.0)
    shelf = await room.guest.say("", png("a.png"))
    other = await room.guest.say("b")
    posting = room.playground.posting
    monkeypatch.setattr(posting, "unfurl_after", 3600.0)
    message = await room.hears(f"!x {link_to(shelf)}")
    finding = asyncio.create_task(find(room.bot, message, parse_text(link_to(shelf))))
    edited = asyncio.create_task(room.bot.wait_for("raw_message_edit"))
    await asyncio.sleep(0)
    await room.guest.edit(other, "c")
    await edited
    posting._unfurl(room.channel.messages[message.id])
    (picture,) = (await finding).pictures
    assert picture.from_discord


async def test_a_preview_that_came_before_anybody_looked_is_found(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is looked up once more; where that can't be done the link itself is left."""
    monkeypatch.setattr("bot.pictures.lookup.UNFURL_SECONDS", 0.05)
    shelf = await room.guest.say("", png("a.png"))
    message = await room.hears(f"!x {link_to(shelf)}")
    await eventually(lambda: room.channel.messages[message.id].unfurled)
    await room.hears("so that the edit has been heard of")
    words = parse_text(link_to(shelf))
    (picture,) = (await find(room.bot, message, words)).pictures
    assert picture.from_discord
    room.playground.faults.answer("GET", MESSAGE, 404, code=10008, by=room.world.bot)
    (picture,) = (await find(room.bot, message, words)).pictures
    assert picture == words.link


@pytest.mark.parametrize(
    ("words", "hidden"), [("||{}||", True), ("||look|| {}", False), ("{} ||look||", False)]
)
async def test_a_link_in_a_spoiler_makes_a_spoiler(
    room: Room, monkeypatch: pytest.MonkeyPatch, words: str, *, hidden: bool
) -> None:
    """Typed behind the command or in a message replied to; one beside a spoiler is none."""
    monkeypatch.setattr("bot.pictures.lookup.UNFURL_SECONDS", 0.05)
    shelf = await room.guest.say("", png("a.png"))
    words = words.format(link_to(shelf))
    (typed,) = (await room.finds(words)).pictures
    assert (typed.name, typed.spoiler, typed.from_discord) == ("a.png", hidden, True)
    older = await room.guest.say(words)
    await eventually(lambda: room.channel.messages[int(older["id"])].unfurled)
    (replied_to,) = (await inside(await room.sees(older))).pictures
    assert (replied_to.spoiler, replied_to.from_discord) == (hidden, True)


async def test_an_embed_that_shows_no_link_is_not_hidden_by_words(room: Room) -> None:
    """Another bot's words may begin with a spoiler."""
    embed = {"image": {"url": f"{LOOPBACK}/a.png"}}
    message = await room.other_bot.say("||the end|| of the film", embeds=[embed])
    (picture,) = (await inside(await room.sees(message))).pictures
    assert not picture.spoiler


async def test_a_preview_is_called_as_its_link(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it shows may be called otherwise; what Discord has not fetched is no preview."""
    monkeypatch.setattr("bot.pictures.lookup.UNFURL_SECONDS", 0.05)
    link = f"{LOOPBACK}/film.html"
    shelf = await room.guest.say("", png("a.png"))
    message = await room.hears(f"!x {link}")
    record = room.channel.messages[message.id]
    proxies: list[dict[str, str]] = [{"proxy_url": link_to(shelf)}, {}]
    for proxy in proxies:
        thumbnail = {"url": f"{LOOPBACK}/still.png", **proxy}
        record.unfurled = [{"type": "video", "url": link, "thumbnail": thumbnail}]
        posted = {"id": message.id, "channel_id": room.channel.id}
        (picture,) = (await find(room.bot, await room.sees(posted), parse_text(link))).pictures
        assert picture.name == "film.html"
        assert picture.from_discord is bool(proxy)
        assert picture.url == proxy.get("proxy_url", link)


async def test_the_person_meant_is_the_one_named_first(room: Room) -> None:
    """No matter who else the message mentions; the bot itself is often the first of them."""
    ann, ben = [await room.playground.new_person(name) for name in ("ann", "ben")]
    words = f"<@{ann.id}> <@{ben.id}>"
    message = await room.hears(f"<@{room.world.bot.id}> <@{ben.id}> x {words}")
    found = await find(room.bot, message, parse_text(words))
    (picture,) = found.pictures
    assert picture.name == "ann's avatar"
    assert str(ann.id) in picture.url
    assert "size=512" in picture.url
    assert picture.from_discord
    assert found.note == f"Using <@{ann.id}>'s avatar"


async def test_a_link_goes_before_a_person(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the two it says more."""
    monkeypatch.setattr("bot.pictures.lookup.UNFURL_SECONDS", 0.05)
    found = await room.finds(f"<@{room.guest.person.id}> {LOOPBACK}/a.png")
    assert [one.name for one in found.pictures] == ["a.png"]


async def test_a_person_whom_discord_does_not_show_is_told(room: Room) -> None:
    """Nobody else's picture takes the avatar's place."""
    await room.guest.say("", png("newest.png"))
    with pytest.raises(NoPicture, match="that person's avatar"):
        await room.finds("<@123456789012345678>")


async def test_the_newest_picture_is_found(room: Room) -> None:
    """Of the newest message that has one its first, and how far up counts messages."""
    await room.guest.say("", png("old.png"))
    newer = await room.guest.say("", ("notes.txt", b"words"), png("first.png"), png("second.png"))
    await room.guest.say("words")
    message = await room.hears("!x")
    later = await room.guest.say("", png("later.png"))
    found = await find(room.bot, message, parse_text(""))
    assert [one.name for one in found.pictures] == ["first.png"]
    place = f"/{room.channel.id}/{newer['id']})"
    assert found.note
    assert found.note.startswith(f"using <@{room.guest.person.id}>'s picture, [2 messages up](")
    assert found.note.endswith(place)
    assert later["id"] not in found.note


async def test_looking_back_ends(room: Room) -> None:
    """The last of `HISTORY` messages is looked at, the one before it isn't."""
    before = await room.guest.say("", png("a.png"))
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
    room.world.set_overwrite(room.channel, room.world.bot, deny=P.READ_MESSAGE_HISTORY)
    place = room.channel if kind == "channel" else thread
    where = room.bot.get_channel(place.id)
    assert isinstance(where, discord.TextChannel | discord.Thread)
    await eventually(lambda: not where.permissions_for(where.guild.me).read_message_history)
    message = await room.hears("!x", channel_id=place.id)
    with pytest.raises(MissingPermission, match="Read Message History"):
        await newest(where, before=message)


async def test_a_direct_messages_history_is_open(room: Room) -> None:
    """There are no permissions in it."""
    place = room.world.open_dm(room.guest.person, room.world.bot)
    await room.guest.say("", png("a.png"), channel_id=place.id)
    found = await room.finds("", channel_id=place.id)
    assert [one.name for one in found.pictures] == ["a.png"]


async def test_only_bots_crops_are_passed_over(room: Room) -> None:
    """A person's own file may be called `crop-1.jpg`; so may not a bot's, hidden or embedded."""
    mine = await room.guest.say("", png("crop-1.jpg"))
    assert [one.name for one in (await room.finds("")).pictures] == ["crop-1.jpg"]
    await room.other_bot.say("", png("crop-2.jpg"), png("SPOILER_crop-3.jpg"))
    shown = {"image": {"url": "attachment://crop-4.jpg"}}
    await room.other_bot.say("", png("crop-4.jpg"), embeds=[shown])
    found = await room.finds("")
    assert [one.name for one in found.pictures] == ["crop-1.jpg"]
    assert found.note
    assert mine["id"] in found.note
    await room.other_bot.say("", png("chart-crop-1.jpg"))
    assert [one.name for one in (await room.finds("")).pictures] == ["chart-crop-1.jpg"]


async def test_what_looks_like_a_picture(room: Room) -> None:
    """Discord's content type says so, or the name where there is none."""
    names = ("a.png", "b.txt", "c.mp4", "d.JFIF", "e.bin", "f.heif", "g.webp")
    message = await room.guest.say("", *map(png, names))
    found = await inside(await room.sees(message))
    assert [one.name for one in found.pictures] == ["a.png", "d.JFIF", "f.heif", "g.webp"]


async def test_all_that_a_message_shows_is_found(room: Room) -> None:
    """Attachments, stickers, embeds with image or thumbnail; an embed has one picture at most."""
    painted = room.world.add_sticker("painted", FILE)
    drawn = room.world.add_sticker("drawn", b"{}", format=3)
    embeds = [
        {"image": {"url": f"{LOOPBACK}/image.png"}, "thumbnail": {"url": f"{LOOPBACK}/no.png"}},
        {"thumbnail": {"url": f"{LOOPBACK}/thumbnail.png"}},
        {"description": "words"},
        {"image": {"url": "attachment://shown.png"}},
    ]
    files = (png("SPOILER_a.png"), png("shown.png"))
    stickers = [str(drawn.id), str(painted.id)]
    message = await room.other_bot.say("", *files, embeds=embeds, sticker_ids=stickers)
    found = await inside(await room.sees(message))
    assert [(one.name, one.from_discord, one.spoiler) for one in found.pictures] == [
        ("SPOILER_a.png", True, True),
        ("sticker painted", True, False),
        ("image.png", False, False),
        ("thumbnail.png", False, False),
        ("shown.png", True, False),
    ]


async def test_galleries_are_found_however_deep(room: Room) -> None:
    """Each picture of one, with its own spoiler; what Discord has not fetched is not trusted."""
    gallery = {
        "type": 12,
        "items": [
            {"media": {"url": "attachment://a.png"}, "spoiler": True},
            {"media": {"url": f"{LOOPBACK}/b.png"}},
            {"media": {"url": f"{LOOPBACK}/c.png"}, "spoiler": True},
        ],
    }
    message = await room.other_bot.say(
        "", png("a.png"), components=[{"type": 17, "components": [gallery]}], flags=1 << 15
    )
    found = await inside(await room.sees(message))
    shown = [(one.name, one.from_discord, one.spoiler) for one in found.pictures]
    assert shown[-3:] == [("a.png", True, True), ("b.png", False, False), ("c.png", False, True)]


async def test_what_a_thread_began_with_is_found(room: Room) -> None:
    """Its first message only points at the one in the channel."""
    first = await room.guest.say("", png("a.png"))
    posting = room.playground.posting
    thread = posting.begin_thread(room.channel.messages[int(first["id"])], "details")
    await room.guest.say("words", channel_id=thread.id)
    found = await room.finds("", channel_id=thread.id)
    assert [one.name for one in found.pictures] == ["a.png"]


async def test_a_fresh_link_is_that_of_the_same_attachment(room: Room) -> None:
    """Of two the one that was meant; None where it is gone."""
    message = await room.guest.say("", png("a.png"), png("b.png"))
    first, second = (await inside(await room.sees(message))).pictures
    assert first.renew
    assert second.renew
    room.playground.faults.expire_links()
    fresh = await second.renew()
    assert fresh
    assert fresh != second.url
    assert "b.png" in fresh
    assert "a.png" in (await first.renew() or "")
    body = {"attachments": [{"id": message["attachments"][0]["id"]}]}
    await room.guest.request("PATCH", f"/channels/{room.channel.id}/messages/{message['id']}", body)
    assert await second.renew() is None
    await room.guest.delete(message)
    assert await first.renew() is None
