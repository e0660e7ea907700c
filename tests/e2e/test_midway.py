"""The world changes while Bobby is at work: one reply all the same, or a line that says why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.playground.model.permissions import PermissionBits
from bot.playground.model.records import LOADING, Overwrite
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.e2e.test_faults import MESSAGES, held, settled
from tests.e2e.test_interactions import ATTACHMENT, COMMAND
from tests.e2e.test_models import page_of
from tests.e2e.test_settings import Server, server
from tests.playground.clients import Page, eventually

__all__ = ["server"]

PICTURE = ("a.png", pictures.plain())


@pytest_asyncio.fixture(loop_scope="package")
async def page(env: Env, user: ChatUser) -> AsyncIterator[Page]:
    """Connect the user."""
    async with page_of(env.playground, user.person) as connected:
        yield connected


@asynccontextmanager
async def at_work(server: Server, user: ChatUser) -> AsyncIterator[dict[str, Any]]:
    """Have `user` ask, and yield the question while the worker holds the answer back."""
    executor = server.env.bot.executor
    with held():
        question = await user.say("!classify", PICTURE)
        await eventually(lambda: executor.snapshot().waiting + executor.snapshot().running > 0)
        yield question
        await asyncio.sleep(0.2)  # until the bot has heard of it, too


async def no_reply(caplog: pytest.LogCaptureFixture) -> None:
    """Wait for the line that says why there is no reply."""
    await eventually(lambda: "No reply to" in caplog.text)


async def test_the_right_to_write_is_taken_away(server: Server) -> None:
    """The answer comes whole, in a direct message."""
    world, user = server.env.playground.world, server.member
    async with at_work(server, user) as question:
        world.set_overwrite(server.channel, world.bot, deny=PermissionBits.SEND_MESSAGES)
    await told_in_private(server, question)


async def told_in_private(server: Server, question: dict[str, Any]) -> None:
    """Check that the answer is one direct message, with its picture, and none where it stood."""
    world, user = server.env.playground.world, server.member
    dm = world.open_dm(user.person, world.bot)
    told = await user.heard(lambda one: one["channel_id"] == str(dm.id))
    assert "You asked in" in said(told)
    assert top(told)
    assert told["embeds"][0]["thumbnail"]["url"].startswith("http")
    await asyncio.sleep(0.2)
    assert len(user.in_channel(dm.id)) == 1
    assert user.in_channel(server.channel.id) == []
    assert user.replies(question) == []


async def test_bobby_is_silenced_for_a_while(server: Server) -> None:
    """A moderator's time-out takes the right to write in every channel of the server."""
    world = server.env.playground.world
    async with at_work(server, server.member) as question:
        world.silence(server.guild, world.bot, discord.utils.utcnow() + timedelta(minutes=5))
    await told_in_private(server, question)


async def test_nothing_can_be_told_in_private_either(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Who takes no direct messages gets no answer where Bobby may not write; the log says so."""
    world, user = server.env.playground.world, server.member
    user.person.accepts_dms = False
    async with at_work(server, user) as question:
        world.set_overwrite(server.channel, world.bot, deny=PermissionBits.SEND_MESSAGES)
    await no_reply(caplog)
    assert "50007" in caplog.text
    assert user.replies(question) == []


async def test_the_history_is_closed(server: Server) -> None:
    """Discord lets Bobby quote no more: the answer comes without."""
    world, user = server.env.playground.world, server.member
    async with at_work(server, user):
        world.set_overwrite(server.channel, world.bot, deny=PermissionBits.READ_MESSAGE_HISTORY)
    assert top(await user.heard(lambda one: one["channel_id"] == str(server.channel.id)))
    await asyncio.sleep(0.2)
    assert len(user.in_channel(server.channel.id)) == 1


async def test_the_right_to_embed_is_taken_away(server: Server) -> None:
    """The answer is plain text."""
    world, user = server.env.playground.world, server.member
    async with at_work(server, user) as question:
        world.set_overwrite(server.channel, world.bot, deny=PermissionBits.EMBED_LINKS)
    reply = await user.reply(question)
    assert reply["embeds"] == []
    assert "%" in said(reply)
    await settled(user, question)


async def test_the_right_to_attach_is_taken_away(server: Server) -> None:
    """The labels come without the crop, and say why."""
    world, user = server.env.playground.world, server.member
    async with at_work(server, user) as question:
        world.set_overwrite(server.channel, world.bot, deny=PermissionBits.ATTACH_FILES)
    reply = await user.reply(question)
    assert top(reply)
    assert "**Attach Files**" in said(reply)
    await settled(user, question)


async def test_discord_knows_sooner_than_bobby(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Where Bobby has not heard yet what it may do no more, Discord's refusal is in the log."""
    world, user = server.env.playground.world, server.member
    async with at_work(server, user) as question:
        denied = Overwrite(world.bot.id, 1, 0, int(PermissionBits.SEND_MESSAGES))
        server.channel.overwrites[world.bot.id] = denied  # and nobody is told
    await no_reply(caplog)
    assert "50013" in caplog.text
    assert user.replies(question) == []


async def test_the_channel_is_deleted(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """There is nowhere to answer; the log says so, and Bobby goes on."""
    async with at_work(server, server.member):
        server.env.playground.world.remove_channel(server.channel)
    await no_reply(caplog)
    assert "What I can do" in said(await server.member.ask("!help", channel_id=server.other.id))


async def test_the_server_is_left(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """The same."""
    world = server.env.playground.world
    async with at_work(server, server.member):
        world.leave(server.guild, world.bot)
    await no_reply(caplog)


@asynccontextmanager
async def fifteen_minutes_later(
    env: Env, page: Page, channel_id: int, data: dict[str, Any], *files: tuple[str, bytes]
) -> AsyncIterator[None]:
    """Use a command whose answer comes when its interaction is over, while the block lasts."""
    interactions, executor = env.playground.interactions, env.bot.executor
    life = interactions.token_life
    try:
        with held():
            answer = await page.interact(
                COMMAND, data, channel_id=channel_id, files=list(files) or None
            )
            assert answer.status == 204, answer.data
            await eventually(lambda: executor.snapshot().waiting + executor.snapshot().running > 0)
            interactions.token_life = 0.0
        yield
    finally:
        interactions.token_life = life


async def classify(page: Page, user: ChatUser) -> dict[str, Any]:
    """Return the data of `/classify` with a picture."""
    return {
        **await page.command("classify", user.channel_id),
        "options": [{"name": "picture", "type": ATTACHMENT, "value": "0"}],
        "attachments": [{"id": "0", "filename": "a.png"}],
    }


def answers(user: ChatUser) -> list[dict[str, Any]]:
    """Return what Bobby has said in the user's channel but for "Bobby is thinking"."""
    return [one for one in user.in_channel(user.channel_id) if not one["flags"] & LOADING]


async def test_an_interaction_runs_out_of_its_fifteen_minutes(
    env: Env, page: Page, user: ChatUser
) -> None:
    """The answer comes as a message in the channel, without pinging the person who asked."""
    data = await classify(page, user)
    async with fifteen_minutes_later(env, page, user.channel_id, data, PICTURE):
        late = await user.heard(lambda one: f"<@{user.person.id}>" in one["content"])
        assert top(late)
        assert late["mentions"] == []
        assert late["components"]
        await asyncio.sleep(0.2)
        assert len(answers(user)) == 1


async def test_a_late_answer_is_not_posted_twice(env: Env, page: Page, user: ChatUser) -> None:
    """The message that takes the interaction's place has a nonce, too."""
    faults, bot = env.playground.faults, env.playground.world.bot
    data = await classify(page, user)
    before = len(faults.asked("POST", MESSAGES))
    order = faults.answer("POST", MESSAGES, 503, after=True, by=bot)
    async with fifteen_minutes_later(env, page, user.channel_id, data, PICTURE):
        await eventually(
            lambda: [one.status for one in faults.asked("POST", MESSAGES)[before:]] == [503, 200]
        )
    assert order.left == 0
    assert len(answers(user)) == 1


async def test_what_was_private_stays_so_after_fifteen_minutes(
    env: Env, page: Page, user: ChatUser, caplog: pytest.LogCaptureFixture
) -> None:
    """Alt text that one person asked for is not posted for all to read; the log says why."""
    target = await user.say("", PICTURE)
    command = await page.command("Describe for alt text", user.channel_id)
    data = {**command, "target_id": target["id"]}
    async with fifteen_minutes_later(env, page, user.channel_id, data):
        await no_reply(caplog)
    assert "50027" in caplog.text
    assert answers(user) == []


@pytest.mark.parametrize("refusal", [(404, 10062), (400, 40060)])
async def test_an_interaction_that_discord_has_given_up(
    env: Env,
    page: Page,
    user: ChatUser,
    caplog: pytest.LogCaptureFixture,
    refusal: tuple[int, int],
) -> None:
    """Too late, or answered by somebody else: a line in the log, and no traceback."""
    status, code = refusal
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    order = env.playground.faults.answer("POST", callback, status, code=code, times=2)
    data = await classify(page, user)
    await page.interact(COMMAND, data, channel_id=user.channel_id, files=[PICTURE])
    await no_reply(caplog)
    assert str(code) in caplog.text
    assert "Reference" not in caplog.text
    assert order.left == 0
    assert answers(user) == []


@pytest.mark.parametrize("locked", [False, True])
async def test_a_thread_is_archived(
    server: Server, locked: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer wakes it, unless it is locked: then the log says why there is none."""
    world, user = server.env.playground.world, server.member
    thread = world.add_thread(server.channel, "a thread")
    await eventually(lambda: server.env.bot.get_channel(thread.id) is not None)
    with held():
        question = await user.say("!classify", PICTURE, channel_id=thread.id)
        await eventually(lambda: server.env.bot.executor.snapshot().waiting > 0)
        thread.archived, thread.locked = True, locked
        world.channel_changed(thread)
        await asyncio.sleep(0.2)
    if not locked:
        assert "%" in said(await user.reply(question))
        await settled(user, question)
    else:
        await no_reply(caplog)
        assert "50083" in caplog.text
        assert user.replies(question) == []
