"""What a command names: Discord's links are renewed, messages fetched where the requester may."""

import discord
import pytest

from bot.core.errors import LinkExpired, MissingPermission, NoPicture
from bot.pictures.discord_files import attachment_id
from bot.pictures.picture import Picture
from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import Channel
from tests.bot.pictures.test_precedence import link_to, png, quick
from tests.bot.room import Room, room, running
from tests.playground.clients import eventually

__all__ = ["quick", "room", "running"]

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def place(room: Room, message: dict[str, str]) -> str:
    """Return the link to a message, as people copy it."""
    where = f"{room.world.guild.id}/{message['channel_id']}/{message['id']}"
    return f"https://discord.com/channels/{where}"


async def only(room: Room, words: str) -> Picture:
    """Return the one picture that `words` name."""
    (picture,) = (await room.finds(words)).pictures
    return picture


@pytest.mark.parametrize("signature", ["", "?ex=1&is=1&hm=00&"])
async def test_discords_own_link_is_renewed(room: Room, quick: None, signature: str) -> None:
    """Without its signature, or with one that has run out."""
    link = link_to(await room.user.say("", png("a.png"))).partition("?")[0] + signature
    picture = await only(room, f"<{link}>")
    assert (picture.name, picture.from_discord) == ("a.png", True)
    assert picture.renew
    fresh = await picture.renew()
    assert fresh
    assert fresh.startswith(link.partition("?")[0])
    assert "hm=" in fresh
    assert fresh != link


async def test_a_link_that_discord_does_not_renew_is_told(room: Room, quick: None) -> None:
    """In a sentence that says so."""
    picture = await only(room, f"<{room.playground.links.origin}/attachments/1/2/a.png>")
    assert picture.renew
    with pytest.raises(LinkExpired, match="has expired and can't be renewed"):
        await picture.renew()


@pytest.mark.parametrize(
    ("url", "attachment"),
    [
        ("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1", "2"),
        ("https://media.discordapp.net/attachments/1/2/a.png?width=9", "2"),
        ("https://cdn.discordapp.com/ephemeral-attachments/1/2/a%20b.png", "2"),
        ("http://cdn.discordapp.com/attachments/1/2/a.png", None),
        ("https://cdn.discordapp.com:444/attachments/1/2/a.png", None),
        ("https://me@cdn.discordapp.com/attachments/1/2/a.png", None),
        ("https://cdn.discordapp.com.example/attachments/1/2/a.png", None),
        ("https://cdn.discordapp.com/attachments/1/2/../../../a", None),
        ("https://cdn.discordapp.com/attachments/1/2/3/a.png", None),
        ("https://cdn.discordapp.com/", None),
        ("http://[", None),
    ],
)
async def test_only_discords_attachments_are_trusted(url: str, attachment: str | None) -> None:
    """By the whole of their address."""
    assert attachment_id(url) == attachment


async def test_a_link_to_a_message_means_its_pictures(room: Room) -> None:
    """All of them, before the requester's own; what it has beside them is named."""
    there = await room.user.say("", png("a.png"), ("notes.txt", b"words"), png("b.png"))
    found = await room.finds(f"alexnet {place(room, there)}", png("own.png"))
    assert [one.name for one in found.pictures] == ["a.png", "b.png"]
    assert found.left_out == ("notes.txt",)


async def test_a_message_that_shows_nothing_is_told(room: Room) -> None:
    """Nobody else's picture takes its place; nor that of one that is gone."""
    await room.user.say("", png("newest.png"))
    empty, notes = await room.user.say("words"), await room.user.say("", ("a.txt", b"words"))
    for message, sentence in (
        (empty, "doesn't have a picture"),
        (notes, "can't read a.txt"),
    ):
        with pytest.raises(NoPicture, match=sentence):
            await room.finds(place(room, message))
    await room.user.delete(empty)
    with pytest.raises(NoPicture, match="behind that link is gone"):
        await room.finds(place(room, empty))
    room.playground.faults.answer("GET", MESSAGE, 403, code=50001, by=room.world.bot)
    with pytest.raises(MissingPermission, match="behind that link"):
        await room.finds(place(room, notes))


async def elsewhere(room: Room) -> Channel:
    """Return another channel that the bot knows of."""
    other = room.world.add_channel("elsewhere")
    await eventually(lambda: room.bot.get_channel(other.id) is not None)
    return other


@pytest.mark.parametrize(
    "denied", [PermissionBits.VIEW_CHANNEL, PermissionBits.READ_MESSAGE_HISTORY]
)
async def test_nobody_looks_through_us_where_they_may_not(
    room: Room, denied: PermissionBits
) -> None:
    """Into a channel that the requester can't read; where they can, the picture is there."""
    other = await elsewhere(room)
    message = await room.user.say("", png("a.png"), channel_id=other.id)
    assert (await only(room, place(room, message))).name == "a.png"
    room.world.set_overwrite(other, room.user.person, deny=denied)
    where = room.bot.get_channel(other.id)
    assert isinstance(where, discord.TextChannel)
    await eventually(lambda: room.user.person.id in {one.id for one in where.overwrites})
    with pytest.raises(NoPicture, match="that you can read"):
        await room.finds(place(room, message))


async def test_a_message_of_another_server_is_none_of_ours(room: Room) -> None:
    """Nor one of a conversation, though the requester is in both."""
    guild = room.world.add_guild("another", owner=room.user.person)
    other = room.world.add_channel("there", guild=guild)
    await eventually(lambda: room.bot.get_channel(other.id) is not None)
    dm = room.world.open_dm(room.user.person, room.world.bot)
    for channel in (other, dm):
        message = await room.user.say("", png("a.png"), channel_id=channel.id)
        with pytest.raises(NoPicture, match="that you can read"):
            await room.finds(place(room, message))
