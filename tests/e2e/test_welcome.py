"""What a server reads once Bobby has joined it."""

from typing import Any

from bot.core.i18n import KOREAN
from bot.playground.model.permissions import EVERYONE, PermissionBits
from bot.playground.model.records import Channel, Person
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.conftest import Env
from tests.e2e.test_models import page_of, press
from tests.playground.clients import eventually

DELETE = "Delete this message"


def joined(
    env: Env, *, locale: str = "en-US", system: bool = True, missing: int = 0
) -> tuple[Channel, Person]:
    """Let Bobby join a new server; return its channel for news and its owner."""
    world = env.playground.world
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


async def greeted(env: Env, channel: Channel, owner: Person) -> dict[str, Any]:
    """Return the message that Bobby has posted in `channel`."""
    await eventually(lambda: bool(channel.messages))
    async with ChatUser(env.playground, owner, channel.id) as user:
        (message,) = await user.request("GET", f"/channels/{channel.id}/messages")
        found: dict[str, Any] = message
        return found


async def test_a_server_is_greeted_once(env: Env) -> None:
    """What to try, what Bobby needs, what becomes of pictures, whom to turn to."""
    channel, owner = joined(env)
    words = said(await greeted(env, channel, owner))
    for part in ("`!classify`", "`!try`", "**Read Message History**", "`/settings channels`"):
        assert part in words
    assert "stay in memory only" in words
    assert "Contact: you" in words
    async with ChatUser(env.playground, owner, channel.id) as user:
        await user.ask("!privacy")
    assert sum("I look at pictures" in one for one in told(channel)) == 1


async def test_managers_delete_it(env: Env) -> None:
    """Others are told who can."""
    channel, owner = joined(env)
    message = await greeted(env, channel, owner)
    assert channel.guild
    member = env.playground.world.add_person("member", guild=channel.guild)
    async with page_of(env.playground, member) as page:
        await press(page, message, DELETE)
        assert "**Manage Server**" in said(await page.event("MESSAGE_CREATE"))
    assert int(message["id"]) in channel.messages
    async with page_of(env.playground, owner) as page:
        await press(page, message, DELETE)
        await eventually(lambda: int(message["id"]) not in channel.messages)


async def test_it_is_in_the_servers_language(env: Env) -> None:
    """As Discord tells it."""
    channel, owner = joined(env, locale=KOREAN)
    assert "`!분류`" in said(await greeted(env, channel, owner))


async def test_without_embeds_it_is_text(env: Env) -> None:
    """Where Discord would drop them."""
    channel, owner = joined(env, missing=PermissionBits.EMBED_LINKS)
    message = await greeted(env, channel, owner)
    assert "`!classify`" in message["content"]


async def test_bobby_is_silent_where_it_has_no_place(env: Env) -> None:
    """Without a channel for news, or where it may not write there."""
    silent, _ = joined(env, system=False)
    mute, _ = joined(env, missing=PermissionBits.SEND_MESSAGES)
    channel, owner = joined(env)
    await greeted(env, channel, owner)
    assert not silent.messages
    assert not mute.messages
