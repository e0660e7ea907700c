"""The world changes while Bobby is at work: one reply all the same, or a line that says why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from bot.playground.permissions import P
from tests.e2e import pictures
from tests.e2e.conftest import House
from tests.e2e.guest import Guest, said
from tests.e2e.test_faults import held, settled
from tests.e2e.test_interactions import ATTACHMENT, COMMAND
from tests.e2e.test_models import page_of
from tests.e2e.test_settings import Server, server
from tests.playground.clients import Page, eventually

__all__ = ["server"]

PICTURE = ("a.png", pictures.plain())


@pytest_asyncio.fixture(loop_scope="package")
async def page(house: House, guest: Guest) -> AsyncIterator[Page]:
    """Connect the guest."""
    async with page_of(house, guest.person) as connected:
        yield connected


@asynccontextmanager
async def at_work(server: Server, guest: Guest) -> AsyncIterator[dict[str, object]]:
    """Have `guest` ask, and yield the question while the worker holds the answer back."""
    executor = server.house.bot.executor
    with held():
        question = await guest.say("!classify", PICTURE)
        await eventually(lambda: executor.snapshot().waiting + executor.snapshot().running > 0)
        yield question
        await asyncio.sleep(0.2)  # until the bot has heard of it, too


async def no_reply(caplog: pytest.LogCaptureFixture) -> None:
    """Wait for the line that says why there is no reply."""
    await eventually(lambda: "No reply to" in caplog.text)


async def test_the_right_to_write_is_taken_away(server: Server) -> None:
    """The answer is told in a direct message."""
    world, guest = server.house.playground.world, server.member
    async with at_work(server, guest) as question:
        world.set_overwrite(server.channel, world.bot, deny=P.SEND_MESSAGES)
    dm = world.open_dm(guest.person, world.bot)
    await eventually(lambda: bool(guest.in_channel(dm.id)))
    assert "You asked in" in said(guest.in_channel(dm.id)[0])
    assert guest.replies(question) == []


async def test_the_right_to_attach_is_taken_away(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Discord refuses the file; the log says so."""
    world = server.house.playground.world
    async with at_work(server, server.member):
        world.set_overwrite(server.channel, world.bot, deny=P.ATTACH_FILES)
    await no_reply(caplog)


async def test_the_channel_is_deleted(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """There is nowhere to answer; the log says so, and Bobby goes on."""
    async with at_work(server, server.member):
        server.house.playground.world.remove_channel(server.channel)
    await no_reply(caplog)
    assert "I look at pictures" in said(
        await server.member.ask("!help", channel_id=server.other.id)
    )


async def test_the_server_is_left(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """The same."""
    world = server.house.playground.world
    async with at_work(server, server.member):
        world.leave(server.guild, world.bot)
    await no_reply(caplog)


async def test_an_interaction_runs_out_of_its_fifteen_minutes(
    house: House, page: Page, guest: Guest
) -> None:
    """The answer comes as a message in the channel, to whoever asked."""
    channel = house.playground.world.channels[guest.channel_id]
    data = {
        **await page.command("classify", channel.id),
        "options": [{"name": "picture", "type": ATTACHMENT, "value": "0"}],
        "attachments": [{"id": "0", "filename": "a.png"}],
    }
    interactions = house.playground.interactions
    with held():
        answer = await page.interact(COMMAND, data, channel_id=channel.id, files=[PICTURE])
        assert answer.status == 204, answer.data
        executor = house.bot.executor
        await eventually(lambda: executor.snapshot().waiting + executor.snapshot().running > 0)
        life, interactions.token_life = interactions.token_life, 0.0
    try:
        late = await guest.heard(lambda one: f"<@{guest.person.id}>" in one["content"], within=30)
    finally:
        interactions.token_life = life
    assert "%" in said(late)


@pytest.mark.parametrize("locked", [False, True])
async def test_a_thread_is_archived(server: Server, locked: bool) -> None:
    """An answer wakes it, unless it is locked: then the log says why there is none."""
    world, guest = server.house.playground.world, server.member
    thread = world.add_thread(server.channel, "a thread")
    await eventually(lambda: server.house.bot.get_channel(thread.id) is not None)
    with held():
        question = await guest.say("!classify", PICTURE, channel_id=thread.id)
        await eventually(lambda: server.house.bot.executor.snapshot().waiting > 0)
        thread.archived, thread.locked = True, locked
        world.channel_changed(thread)
        await asyncio.sleep(0.2)
    if not locked:
        assert "%" in said(await guest.reply(question))
        await settled(guest, question)
    else:
        await asyncio.sleep(1.0)
        assert guest.replies(question) == []
