"""What Bobby may not do: the missing permission is named, before any work."""

import asyncio

import pytest

from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_models import page_of

PICTURE = ("a.png", pictures.plain())


def deny(env: Env, channel: Channel, *permissions: PermissionBits) -> None:
    """Take `permissions` from Bobby in `channel`."""
    denied = PermissionBits(0)
    for permission in permissions:
        denied |= permission
    world = env.playground.world
    world.set_overwrite(channel, world.bot, deny=denied)


@pytest.mark.parametrize(
    ("permission", "name"),
    [(PermissionBits.EMBED_LINKS, "Embed Links"), (PermissionBits.ATTACH_FILES, "Attach Files")],
)
async def test_the_missing_permission_is_named(
    env: Env, user: ChatUser, channel: Channel, permission: PermissionBits, name: str
) -> None:
    """The sentence arrives although embeds may be forbidden, and no job was queued for it."""
    deny(env, channel, permission)
    before = env.bot.executor.snapshot().answered
    reply = await user.ask("!classify", PICTURE)
    assert f"**{name}**" in said(reply)
    assert env.bot.executor.snapshot().answered == before


async def test_who_may_not_write_says_so_in_private(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """Without Send Messages the requester gets a direct message that names it and the place."""
    deny(env, channel, PermissionBits.SEND_MESSAGES)
    world = env.playground.world
    conversation = world.open_dm(user.person, world.bot)
    await user.say("!classify", PICTURE)
    told = await user.heard(lambda one: one["channel_id"] == str(conversation.id))
    assert "**Send Messages**" in said(told)
    assert str(channel.id) in said(told)
    assert user.in_channel(channel.id) == []


async def test_threads_have_a_permission_of_their_own(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """In a thread only Send Messages in Threads counts."""
    thread = env.playground.world.add_thread(channel, "details", owner=user.person)
    deny(env, channel, PermissionBits.SEND_MESSAGES)
    assert top(await user.ask("!classify", PICTURE, channel_id=thread.id))
    deny(env, channel, PermissionBits.SEND_MESSAGES_IN_THREADS)
    conversation = env.playground.world.open_dm(user.person, env.playground.world.bot)
    await user.say("!classify", PICTURE, channel_id=thread.id)
    told = await user.heard(lambda one: one["channel_id"] == str(conversation.id))
    assert "**Send Messages in Threads**" in said(told)


async def test_without_history_the_answer_comes_without_a_quote(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """Replying needs Read Message History; answering does not."""
    deny(env, channel, PermissionBits.READ_MESSAGE_HISTORY)
    await user.say("!classify", PICTURE)
    answer = await user.heard(lambda one: one["channel_id"] == str(channel.id))
    assert top(answer)
    await asyncio.sleep(0.2)
    assert len(user.in_channel(channel.id)) == 1


async def test_looking_back_names_the_history(env: Env, user: ChatUser, channel: Channel) -> None:
    """Without a picture of its own, the command needs Read Message History."""
    deny(env, channel, PermissionBits.READ_MESSAGE_HISTORY)
    await user.say("!classify")
    answer = await user.heard(lambda one: one["channel_id"] == str(channel.id))
    assert "**Read Message History**" in said(answer)


async def test_every_command_with_pictures_names_what_is_missing(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """Typed or chosen; none goes to work for an answer that could not be shown."""
    deny(env, channel, PermissionBits.ATTACH_FILES)
    before = env.bot.executor.snapshot().answered
    typed = (
        "caption",
        "read",
        "zebra",
        "cycle",
        "translate horse2zebra",
        "why",
        "shake",
        "compare",
    )
    for command in (*typed, "untrained", "model resnet18"):
        assert "**Attach Files**" in said(await user.ask(f"!{command}", PICTURE)), command
    target = await user.say("", PICTURE)
    async with page_of(env.playground, user.person) as page:
        for number, command in enumerate(
            ("Classify", "Caption", "Read the words", "Zebra"), start=1
        ):
            data = {**await page.command(command, channel.id), "target_id": target["id"]}
            await page.interact(2, data, channel_id=channel.id)
            answer = await page.event("MESSAGE_UPDATE", number)
            assert "**Attach Files**" in said(answer), command
    assert env.bot.executor.snapshot().answered == before
