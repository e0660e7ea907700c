"""Things break: the worker, the connection, Discord's answers, the CDN. One reply, always."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Iterator

import psutil
import pytest

from bot.conversation.message_responder import MessageResponder
from bot.conversation.per_picture import fetched
from bot.core.errors import LinkExpired
from bot.pictures.precedence import inside
from bot.playground.model.records import Channel
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said, top
from tests.e2e.conftest import Env
from tests.playground.clients import eventually
from tests.workers import workers_below

PICTURE = ("a.png", pictures.plain())
MESSAGES = "/channels/{channel_id}/messages"


def worker_of() -> psutil.Process:
    """Return the one worker process below this one."""
    (worker,) = workers_below()
    return worker


@contextlib.contextmanager
def held() -> Iterator[psutil.Process]:
    """Stop the worker while the block lasts, so that what is asked stays in its hands."""
    worker = worker_of()
    worker.suspend()
    try:
        yield worker
    finally:
        worker.resume()


async def settled(user: ChatUser, message: dict[str, object]) -> None:
    """Make sure that `message` has exactly one reply, also a moment later."""
    await asyncio.sleep(0.3)
    assert len(user.replies(message)) == 1


async def test_a_killed_worker_costs_one_sentence(env: Env, user: ChatUser) -> None:
    """SIGKILL in the middle of batches: every question gets one reply, and then all is well."""
    worker = worker_of()
    worker.suspend()  # so that the batches are surely in its hands
    asked = [await user.say("!classify", PICTURE) for _ in range(20)]
    await eventually(lambda: env.bot.executor.snapshot().waiting >= 4)
    worker.send_signal(signal.SIGKILL)
    replies = [await user.reply(message, within=60) for message in asked]
    for message in asked:
        await settled(user, message)
    texts = [said(reply) for reply in replies]
    assert all("Something crashed" in text or "efficientnet_lite0" in text for text in texts), texts
    assert sum("efficientnet_lite0" in text for text in texts) >= 4
    assert top(await user.ask("!classify", PICTURE))
    assert env.bot.executor.snapshot().restarts >= 1


async def test_a_message_in_the_gap_is_answered(env: Env, user: ChatUser) -> None:
    """The connection is cut without a word; what was posted meanwhile is replayed and answered."""
    faults = env.playground.faults
    faults.refuse_connections = True
    assert faults.drop_connections(env.playground.world.bot) == 1
    message = await user.say("!classify", PICTURE)
    await asyncio.sleep(0.3)
    faults.refuse_connections = False
    assert top(await user.reply(message, within=60))
    await settled(user, message)


async def test_what_was_asked_while_the_session_was_lost_is_answered_once(
    env: Env, user: ChatUser
) -> None:
    """Discord has forgotten the session and replays nothing; a minute back is read all the same."""
    before = await user.say("!help")
    await user.reply(before)
    faults, bot = env.playground.faults, env.playground.world.bot
    faults.refuse_connections = True
    assert faults.invalidate_sessions(resumable=False, person=bot) == 1
    await eventually(lambda: not env.bot.connected)
    missed = await user.say("!classify", PICTURE)
    await asyncio.sleep(0.3)
    faults.refuse_connections = False
    assert top(await user.reply(missed, within=60))
    await settled(user, missed)
    await settled(user, before)


@pytest.mark.parametrize("how", ["op 7", "op 9 resumable", "close 4000"])
async def test_a_reconnect_loses_nothing(env: Env, user: ChatUser, how: str) -> None:
    """Discord asks for it, now and then."""
    faults, bot = env.playground.faults, env.playground.world.bot
    match how:
        case "op 7":
            assert faults.ask_to_reconnect(bot) == 1
        case "op 9 resumable":
            assert faults.invalidate_sessions(resumable=True, person=bot) == 1
        case _:
            assert faults.close_connections(4000, bot) == 1
    message = await user.say("!classify", PICTURE)
    assert top(await user.reply(message, within=60))
    await settled(user, message)


async def test_a_rate_limit_is_waited_out(env: Env, user: ChatUser) -> None:
    """429 on the reply delays it and does not double it."""
    with held():
        message = await user.say("!classify", PICTURE)
        order = env.playground.faults.rate_limit(
            "POST", MESSAGES, retry_after=0.3, by=env.playground.world.bot
        )
    assert top(await user.reply(message))
    assert order.left == 0
    await settled(user, message)


async def test_an_error_of_discords_is_tried_again(env: Env, user: ChatUser) -> None:
    """500 on the reply is tried again."""
    with held():
        message = await user.say("!classify", PICTURE)
        order = env.playground.faults.answer("POST", MESSAGES, 500)
    assert top(await user.reply(message))
    assert order.left == 0
    await settled(user, message)


async def test_too_large_an_upload_is_answered_in_words(env: Env, user: ChatUser) -> None:
    """40005 on the reply: the labels come without the crop, and say so."""
    with held():
        message = await user.say("!classify", PICTURE)
        env.playground.faults.answer("POST", MESSAGES, 413, code=40005)
    reply = await user.reply(message)
    assert top(reply)
    assert "too large to upload here" in said(reply)
    await settled(user, message)


async def test_a_refused_reply_is_a_line_in_the_log(
    env: Env, user: ChatUser, caplog: pytest.LogCaptureFixture
) -> None:
    """Where there can be no reply, the log says why."""
    with held():
        message = await user.say("!classify", PICTURE)
        env.playground.faults.answer("POST", MESSAGES, 403, code=200000, message="AutoMod")
    await eventually(lambda: f"No reply to message {message['id']}" in caplog.text)
    assert "AutoMod" in caplog.text
    assert user.replies(message) == []


async def test_a_slow_cdn_is_given_up_in_words(env: Env, user: ChatUser) -> None:
    """A picture that does not come in time gets a sentence, and others are answered meanwhile."""
    env.playground.faults.cdn.stall_after = 10
    env.bot.fetcher._timeout = 1.0
    try:
        message = await user.say("!classify", PICTURE)
        assert "file server took longer than 1 seconds" in said(await user.reply(message))
    finally:
        env.playground.faults.cdn.stall_after = None
        env.bot.fetcher._timeout = 20.0
    await settled(user, message)


async def test_an_expired_link_is_renewed(env: Env, user: ChatUser, channel: Channel) -> None:
    """Behind a link that has run out, the message is asked for a fresh one, if it is there."""
    message = await user.say("", PICTURE)
    found = await env.bot.get_partial_messageable(channel.id).fetch_message(int(message["id"]))
    (picture,) = inside(found, env.bot.application_id or 0).pictures
    env.playground.faults.expire_links()
    with pytest.raises(LinkExpired):
        await env.bot.fetcher.fetch(picture, person=1)
    responder = MessageResponder(found)
    assert await fetched(env.bot.fetcher, responder, picture) == PICTURE[1]
    await user.delete(message)
    with pytest.raises(LinkExpired, match="no longer has that picture"):
        await fetched(env.bot.fetcher, responder, picture)


async def test_a_link_that_expires_before_it_is_followed(env: Env, user: ChatUser) -> None:
    """The question is answered all the same, once."""
    message = await user.say("!classify", PICTURE)
    env.playground.faults.expire_links()
    assert top(await user.reply(message))
    await settled(user, message)


async def test_a_deleted_message_cancels_its_job(
    env: Env, user: ChatUser, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is posted, nothing stays in the queue, and the log says why."""
    caplog.set_level("INFO")
    with held():
        message = await user.say("!classify", PICTURE)
        snapshot = env.bot.executor.snapshot
        await eventually(lambda: snapshot().waiting + snapshot().running > 0)
        await user.delete(message)
        await eventually(lambda: f"No reply to message {message['id']}" in caplog.text)
    await eventually(lambda: snapshot().waiting + snapshot().running == 0)
    assert top(await user.ask("!classify", PICTURE))
    assert len(user.in_channel(channel.id)) == 1


async def test_an_edited_away_message_cancels_its_job(
    env: Env, user: ChatUser, channel: Channel
) -> None:
    """A command that is no command any more gets no answer."""
    with held():
        message = await user.say("!classify", PICTURE)
        snapshot = env.bot.executor.snapshot
        await eventually(lambda: snapshot().waiting + snapshot().running > 0)
        await user.edit(message, "never mind")
        await asyncio.sleep(0.2)
    assert top(await user.ask("!classify", PICTURE))
    assert user.replies(message) == []


async def test_a_flood_is_refused_with_the_number(env: Env, user: ChatUser) -> None:
    """One person may have 40 pictures waiting here; the next is told so at once."""
    with held():
        asked = [await user.say("!classify", *[PICTURE] * 10) for _ in range(5)]
        reply = await user.reply(asked[4], within=10)
        assert "40" in said(reply)
    for message in asked[:4]:
        assert top(await user.reply(message))


async def test_five_hundred_damaged_pictures(env: Env, user: ChatUser, channel: Channel) -> None:
    """Whatever the damage, each gets an answer or a sentence, and the worker lives."""
    dice = random.Random(7)
    whole = [
        pictures.plain(size=(90, 70), kind=kind)
        for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
    ]
    restarts = env.bot.executor.snapshot().restarts
    for _ in range(50):
        files = []
        for number in range(10):
            data = bytearray(dice.choice(whole))
            for _ in range(dice.randint(1, 30)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            files.append((f"{number}.png", bytes(data[: dice.randint(1, len(data))])))
        reply = await user.ask("!classify", *files)
        assert len(reply["embeds"]) == 10
        assert "reference" not in said(reply).lower()
    assert env.bot.executor.snapshot().restarts == restarts
