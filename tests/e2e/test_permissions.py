"""What Bobby may not do: the missing permission is named, before any work."""

import asyncio

import pytest

from bot.playground.model.permissions import P
from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, said, top
from tests.e2e.test_models import page_of

PICTURE = ("a.png", pictures.plain())


def deny(house: House, channel: Channel, *permissions: P) -> None:
    """Take `permissions` from Bobby in `channel`."""
    denied = P(0)
    for permission in permissions:
        denied |= permission
    world = house.playground.world
    world.set_overwrite(channel, world.bot, deny=denied)


@pytest.mark.parametrize(
    ("permission", "name"),
    [(P.EMBED_LINKS, "Embed Links"), (P.ATTACH_FILES, "Attach Files")],
)
async def test_the_missing_permission_is_named(
    house: House, guest: Guest, channel: Channel, permission: P, name: str
) -> None:
    """The sentence arrives although embeds may be forbidden, and no job was queued for it."""
    deny(house, channel, permission)
    before = house.bot.executor.snapshot().answered
    reply = await guest.ask("!classify", PICTURE)
    assert f"**{name}**" in said(reply)
    assert house.bot.executor.snapshot().answered == before


async def test_who_may_not_write_says_so_in_private(
    house: House, guest: Guest, channel: Channel
) -> None:
    """Without Send Messages the asker gets a direct message that names it and the place."""
    deny(house, channel, P.SEND_MESSAGES)
    world = house.playground.world
    conversation = world.open_dm(guest.person, world.bot)
    await guest.say("!classify", PICTURE)
    told = await guest.heard(lambda one: one["channel_id"] == str(conversation.id))
    assert "**Send Messages**" in said(told)
    assert str(channel.id) in said(told)
    assert guest.in_channel(channel.id) == []


async def test_threads_have_a_permission_of_their_own(
    house: House, guest: Guest, channel: Channel
) -> None:
    """In a thread only Send Messages in Threads counts."""
    thread = house.playground.world.add_thread(channel, "details", owner=guest.person)
    deny(house, channel, P.SEND_MESSAGES)
    assert top(await guest.ask("!classify", PICTURE, channel_id=thread.id))
    deny(house, channel, P.SEND_MESSAGES_IN_THREADS)
    conversation = house.playground.world.open_dm(guest.person, house.playground.world.bot)
    await guest.say("!classify", PICTURE, channel_id=thread.id)
    told = await guest.heard(lambda one: one["channel_id"] == str(conversation.id))
    assert "**Send Messages in Threads**" in said(told)


async def test_without_history_the_answer_comes_without_a_quote(
    house: House, guest: Guest, channel: Channel
) -> None:
    """Replying needs Read Message History; answering does not."""
    deny(house, channel, P.READ_MESSAGE_HISTORY)
    await guest.say("!classify", PICTURE)
    answer = await guest.heard(lambda one: one["channel_id"] == str(channel.id))
    assert top(answer)
    await asyncio.sleep(0.2)
    assert len(guest.in_channel(channel.id)) == 1


async def test_looking_back_names_the_history(house: House, guest: Guest, channel: Channel) -> None:
    """Without a picture of its own, the command needs Read Message History."""
    deny(house, channel, P.READ_MESSAGE_HISTORY)
    await guest.say("!classify")
    answer = await guest.heard(lambda one: one["channel_id"] == str(channel.id))
    assert "**Read Message History**" in said(answer)


async def test_every_command_with_pictures_names_what_is_missing(
    house: House, guest: Guest, channel: Channel
) -> None:
    """Typed or chosen; none goes to work for an answer that could not be shown."""
    deny(house, channel, P.ATTACH_FILES)
    before = house.bot.executor.snapshot().answered
    typed = ("caption", "zebra", "cycle", "translate horse2zebra", "why", "shake", "compare")
    for command in (*typed, "untrained", "model resnet18"):
        assert "**Attach Files**" in said(await guest.ask(f"!{command}", PICTURE)), command
    target = await guest.say("", PICTURE)
    async with page_of(house.playground, guest.person) as page:
        for number, command in enumerate(("Classify", "Caption", "Zebra"), start=1):
            data = {**await page.command(command, channel.id), "target_id": target["id"]}
            await page.interact(2, data, channel_id=channel.id)
            answer = await page.event("MESSAGE_UPDATE", number)
            assert "**Attach Files**" in said(answer), command
    assert house.bot.executor.snapshot().answered == before
