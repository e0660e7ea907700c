"""What one message holds: every place in it where a picture can be, and what is passed over."""

from typing import Any

import pytest

from bot.core.errors import NoPicture
from bot.pictures.contents import Kind, _kind
from bot.playground.messages.bodies import Form, Upload
from bot.playground.messages.posting import MessageContext
from tests.bot.pictures.test_precedence import FILE, LOOPBACK, png
from tests.bot.room import Room, room, running
from tests.e2e.chat_user import ChatUser

__all__ = ["room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_our_own_crops_are_passed_over(room: Room) -> None:
    """Hidden or embedded; a person or another bot may call a file so."""
    async with ChatUser(room.playground, room.world.bot, room.channel.id) as we:
        await room.other_bot.say("", png("crop-field.jpg"))
        await we.say("", png("crop-2.jpg"), png("SPOILER_crop-3.jpg"))
        shown = {"image": {"url": "attachment://crop-4.jpg"}}
        answer = await we.say("", png("crop-4.jpg"), embeds=[shown])
        assert [one.name for one in (await room.finds("")).pictures] == ["crop-field.jpg"]
        with pytest.raises(NoPicture, match="doesn't have a picture"):
            await room.finds("", reply_to=answer["id"])
        await we.say("", png("zebra-1.jpg"))
        assert [one.name for one in (await room.finds("")).pictures] == ["zebra-1.jpg"]


@pytest.mark.parametrize(
    ("content_type", "name", "width", "kind"),
    [
        ("image/png", "a.png", 4, Kind.PICTURE),
        (None, "image", 4, Kind.PICTURE),
        ("application/octet-stream", "image", 4, Kind.PICTURE),
        ("text/plain; charset=utf-8", "a.txt", 4, Kind.PICTURE),
        (None, "a.JFIF", None, Kind.PICTURE),
        ("application/octet-stream", "a.heif", None, Kind.PICTURE),
        ("image/tiff", "a", None, Kind.PICTURE),
        ("image/png", "a.png", None, Kind.DOUBTFUL),
        (None, "image", None, Kind.UNTOLD),
        ("", "image", None, Kind.UNTOLD),
        ("image/svg+xml", "a", None, Kind.DRAWN),
        (None, "a.SVG", 4, Kind.DRAWN),
        ("video/mp4", "a.mp4", 4, Kind.OTHER),
        ("audio/ogg", "voice-message.ogg", None, Kind.OTHER),
        ("text/plain; charset=utf-8", "a.txt", None, Kind.OTHER),
        (None, "a.zip", None, Kind.OTHER),
    ],
)
async def test_a_file_is_what_discord_says_of_it(
    content_type: str | None, name: str, width: int | None, kind: Kind
) -> None:
    """A picture has a width, or a picture's type or ending; a film with a width is none."""
    assert _kind(content_type, name, width) is kind


async def test_a_nameless_picture_is_found_in_a_search(room: Room) -> None:
    """By its width alone: it has no ending and no type."""
    await room.user.say("", png("image"))
    assert [one.name for one in (await room.finds("")).pictures] == ["image"]


async def test_a_file_of_which_nothing_is_said_is_read(room: Room) -> None:
    """Where somebody points at it; beside a picture it is left out, and a search passes it over."""
    await room.user.say("", png("older.png"))
    message = await room.user.say("", ("image", b"II*\0"))
    assert [one.name for one in (await room.inside(message)).pictures] == ["image"]
    assert [one.name for one in (await room.finds("")).pictures] == ["older.png"]
    found = await room.finds("", ("image", b"II*\0"), png("a.png"))
    assert ([one.name for one in found.pictures], found.left_out) == (["a.png"], ("image",))


async def test_what_is_drawn_or_damaged_is_passed_over_in_a_search(room: Room) -> None:
    """And named; a text or a voice message between is no matter."""
    drawn = room.world.add_sticker("drawn", b"{}", format=3)
    await room.user.say("", png("photo.png"))
    await room.user.say("", ("logo.svg", b"<svg/>"), ("notes.txt", b"words"))
    await room.user.say("", ("broken.png", b"\x89PNG"), ("voice-message.ogg", b"OggS"))
    await room.user.say("", sticker_ids=[str(drawn.id)])
    found = await room.finds("")
    assert [one.name for one in found.pictures] == ["photo.png"]
    assert found.left_out == ("sticker drawn", "broken.png", "logo.svg")


async def test_what_is_drawn_and_ones_own_is_said(room: Room) -> None:
    """Nobody else's older picture takes its place; one that the person points at does."""
    drawn = room.world.add_sticker("drawn", b"{}", format=3)
    older = await room.user.say("", png("older.png"))
    with pytest.raises(NoPicture, match="can't read sticker drawn as a picture"):
        await room.finds("", sticker_ids=[str(drawn.id)])
    with pytest.raises(NoPicture, match=r"can't read notes\.txt, logo\.svg as a picture"):
        await room.finds("", ("notes.txt", b"words"), ("logo.svg", b"<svg/>"))
    found = await room.finds("", reply_to=older["id"], sticker_ids=[str(drawn.id)])
    assert ([one.name for one in found.pictures], found.left_out) == (
        ["older.png"],
        ("sticker drawn",),
    )


async def test_pictures_come_before_what_is_damaged(room: Room) -> None:
    """So that a command that takes one takes a good one."""
    found = await room.finds("", ("broken.png", b"\x89PNG"), png("a.png"))
    assert [one.name for one in found.pictures] == ["a.png", "broken.png"]


async def test_every_component_that_shows_a_picture_counts_once(room: Room) -> None:
    """Sections, galleries, files and thumbnails in them, where they stand; uploads not twice."""
    text = {"type": 10, "content": "look"}
    components = [
        {"type": 9, "components": [text], "accessory": shown(11, "attachment://c.png")},
        {
            "type": 17,
            "components": [
                {"type": 12, "items": [media("attachment://b.png"), media(f"{LOOPBACK}/d.png")]},
                {"type": 9, "components": [text], "accessory": shown(11, f"{LOOPBACK}/e.png")},
            ],
        },
        {"type": 12, "items": [media("attachment://b.png"), media("attachment://f.mp4")]},
        {"type": 13, "file": {"url": "attachment://a.png"}},
    ]
    files = (png("a.png"), png("b.png"), png("c.png"), png("f.mp4"))
    message = await room.other_bot.say("", *files, components=components, flags=1 << 15)
    found = await room.inside(message)
    names = ["c.png", "b.png", "d.png", "e.png", "a.png"]
    assert [one.name for one in found.pictures] == names
    assert found.left_out == ("f.mp4",)
    assert [one.name for one in found.pictures if one.renew] == ["c.png", "b.png", "a.png"]


def media(url: str) -> dict[str, Any]:
    """Return an item of a gallery."""
    return {"media": {"url": url}}


def shown(kind: int, url: str) -> dict[str, Any]:
    """Return a component that shows what is at `url`."""
    return {"type": kind, **media(url)}


@pytest.mark.parametrize(
    "words",
    ["{} look", "<{}>", "[cat]({})", "({})", "`{}`", "**{}**", '"{}", please'],
)
async def test_a_link_in_a_text_replied_to_is_followed(room: Room, words: str) -> None:
    """However it stands there, also where its preview is suppressed."""
    older = await room.user.say(words.format(f"{LOOPBACK}/a.jpg"))
    (picture,) = (await room.inside(older)).pictures
    assert (picture.url, picture.from_discord) == (f"{LOOPBACK}/a.jpg", False)


async def test_an_emoji_counts_where_a_message_shows_no_picture(room: Room) -> None:
    """Alone or in a text that is replied to; not beside a picture, nor in a search."""
    dog = room.world.add_emoji("dog", FILE)
    lone = await room.user.say(str(dog))
    (picture,) = (await room.inside(lone)).pictures
    assert (picture.name, picture.from_discord) == ("dog", True)
    assert picture.url.endswith(f"/emojis/{dog.id}.png?size=512")
    both = await room.user.say(f"look {dog}", png("a.png"))
    assert [one.name for one in (await room.inside(both)).pictures] == ["a.png"]
    await room.user.say(f"{dog} {LOOPBACK}/b.png")
    assert [one.name for one in (await room.finds("")).pictures] == ["a.png"]


async def test_a_polls_emoji_are_its_pictures(room: Room) -> None:
    """Custom ones; those of the keyboard are letters."""
    dog = room.world.add_emoji("dog", FILE)
    answers = [
        {"poll_media": {"text": "yes", "emoji": {"id": str(dog.id), "name": "dog"}}},
        {"poll_media": {"text": "no", "emoji": {"id": None, "name": "🐈"}}},
    ]
    poll = {"question": {"text": "Which?"}, "answers": answers}
    message = await room.user.say("", poll=poll)
    assert [one.name for one in (await room.inside(message)).pictures] == ["dog"]
    message = await room.user.say("", poll={**poll, "answers": answers[1:]})
    with pytest.raises(NoPicture, match="doesn't have a picture"):
        await room.inside(message)


@pytest.mark.parametrize(("form", "kind"), [(1, "png"), (2, "png"), (3, None), (4, "gif")])
async def test_each_kind_of_sticker(room: Room, form: int, kind: str | None) -> None:
    """All but Lottie's, which are drawings."""
    sticker = room.world.add_sticker("one", FILE, format=form)
    message = await room.user.say("", sticker_ids=[str(sticker.id)])
    if kind:
        (picture,) = (await room.inside(message)).pictures
        assert picture.url.endswith(f"/stickers/{sticker.id}.{kind}")
    else:
        with pytest.raises(NoPicture, match="can't read sticker one"):
            await room.inside(message)


async def test_a_forwarded_message_shows_its_pictures(room: Room) -> None:
    """Its links count as well, where it shows none."""
    for content, name in (("", "a.png"), (f"<{LOOPBACK}/b.png>", "b.png")):
        first = await room.user.say(content, *([png("a.png")] if not content else []))
        reference = {"type": 1, "channel_id": first["channel_id"], "message_id": first["id"]}
        message = await room.user.say("", message_reference=reference)
        assert [one.name for one in (await room.inside(message)).pictures] == [name]


async def test_a_voice_message_is_no_picture(room: Room) -> None:
    """It is named."""
    message = await room.user.say("", ("voice-message.ogg", b"OggS"), flags=1 << 13)
    with pytest.raises(NoPicture, match=r"can't read voice-message\.ogg as a picture"):
        await room.inside(message)


async def test_a_webhooks_picture_is_anybodys(room: Room) -> None:
    """A search calls it by the name it goes by: nobody could be mentioned."""
    posting, author = room.playground.posting, room.other_bot.person
    form = Form({}, {0: Upload("a.png", FILE)})
    posting.create(room.channel, author, form, MessageContext(application_id=author.id))
    found = await room.finds("")
    assert [one.name for one in found.pictures] == ["a.png"]
    assert found.note
    assert found.note.startswith(f"using {author.name}'s picture")


async def test_all_that_a_message_shows_is_found(room: Room) -> None:
    """Attachments, embeds with image or thumbnail, of each one, and stickers, in this order."""
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
    found = await room.inside(message)
    assert [(one.name, one.from_discord, one.spoiler) for one in found.pictures] == [
        ("SPOILER_a.png", True, True),
        ("image.png", False, False),
        ("thumbnail.png", False, False),
        ("shown.png", True, False),
        ("sticker painted", True, False),
    ]


async def test_galleries_are_found_however_deep(room: Room) -> None:
    """Each picture of one, with its own spoiler; of links Discord has fetched the files itself."""
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
    found = await room.inside(message)
    shown = [(one.name, one.from_discord, one.spoiler) for one in found.pictures]
    assert shown[-3:] == [("a.png", True, True), ("b.png", True, False), ("c.png", True, True)]


async def test_a_fresh_link_is_that_of_the_same_attachment(room: Room) -> None:
    """Of two the one that was meant; None where it is gone."""
    message = await room.user.say("", png("a.png"), png("b.png"))
    first, second = (await room.inside(message)).pictures
    assert first.renew
    assert second.renew
    room.playground.faults.expire_links()
    fresh = await second.renew()
    assert fresh
    assert fresh != second.url
    assert "b.png" in fresh
    assert "a.png" in (await first.renew() or "")
    body = {"attachments": [{"id": message["attachments"][0]["id"]}]}
    await room.user.request("PATCH", f"/channels/{room.channel.id}/messages/{message['id']}", body)
    assert await second.renew() is None
    await room.user.delete(message)
    assert await first.renew() is None
