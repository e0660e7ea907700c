"""What a server reads once Bobby has joined it."""

from typing import Any

from bot.core.i18n import KOREAN
from bot.playground.model.permissions import EVERYONE, P
from bot.playground.model.records import Channel, Person
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, said
from tests.e2e.test_models import page_of, press
from tests.playground.clients import eventually

DELETE = "Delete this message"


def joined(
    house: House, *, locale: str = "en-US", system: bool = True, missing: int = 0
) -> tuple[Channel, Person]:
    """Let Bobby join a new server; return its channel for news and its owner."""
    world = house.playground.world
    owner = world.add_stranger("owner")
    guild = world.add_guild("a new server", owner=owner, with_bot=False)
    guild.locale = locale
    channel = world.add_channel("news", guild=guild)
    guild.system_channel = channel.id if system else None
    guild.roles[guild.id].permissions = int(EVERYONE) & ~missing
    world.join(guild, world.bot)
    return channel, owner


def told(channel: Channel) -> list[str]:
    """Return what stands in a channel."""
    return [
        "\n".join([one.content, *(str(embed) for embed in one.embeds)])
        for one in channel.messages.values()
    ]


async def greeted(house: House, channel: Channel, owner: Person) -> dict[str, Any]:
    """Return the message that Bobby has posted in `channel`."""
    await eventually(lambda: bool(channel.messages))
    async with Guest(house.playground, owner, channel.id) as guest:
        (message,) = await guest.request("GET", f"/channels/{channel.id}/messages")
        found: dict[str, Any] = message
        return found


async def test_a_server_is_greeted_once(house: House) -> None:
    """What to try, what Bobby needs, what becomes of pictures, whom to turn to."""
    channel, owner = joined(house)
    words = said(await greeted(house, channel, owner))
    for part in ("`!classify`", "`!try`", "**Read Message History**", "`/settings channels`"):
        assert part in words
    assert "stay in memory only" in words
    assert "Contact: you" in words
    async with Guest(house.playground, owner, channel.id) as guest:
        await guest.ask("!privacy")
    assert sum("I look at pictures" in one for one in told(channel)) == 1


async def test_managers_delete_it(house: House) -> None:
    """Others are told who can."""
    channel, owner = joined(house)
    message = await greeted(house, channel, owner)
    assert channel.guild
    member = house.playground.world.add_person("member", guild=channel.guild)
    async with page_of(house.playground, member) as page:
        await press(page, message, DELETE)
        assert "**Manage Server**" in said(await page.event("MESSAGE_CREATE"))
    assert int(message["id"]) in channel.messages
    async with page_of(house.playground, owner) as page:
        await press(page, message, DELETE)
        await eventually(lambda: int(message["id"]) not in channel.messages)


async def test_it_is_in_the_servers_language(house: House) -> None:
    """As Discord tells it."""
    channel, owner = joined(house, locale=KOREAN)
    assert "`!분류`" in said(await greeted(house, channel, owner))


async def test_without_embeds_it_is_text(house: House) -> None:
    """Where Discord would drop them."""
    channel, owner = joined(house, missing=P.EMBED_LINKS)
    message = await greeted(house, channel, owner)
    assert "`!classify`" in message["content"]


async def test_bobby_is_silent_where_it_has_no_place(house: House) -> None:
    """Without a channel for news, or where it may not write there."""
    silent, _ = joined(house, system=False)
    mute, _ = joined(house, missing=P.SEND_MESSAGES)
    channel, owner = joined(house)
    await greeted(house, channel, owner)
    assert not silent.messages
    assert not mute.messages
