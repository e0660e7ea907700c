"""The gateway: how connections begin, break, and go on without losing anything."""

import asyncio
import json
import shutil
import subprocess
import time
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import pytest

from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, eventually, logged_in

BAD: list[tuple[str, int]] = [
    ('{"op": 2, "d": {"token": "wrong"}}', 4004),
    ('{"op": 3, "d": {}}', 4003),
    ("no json", 4002),
]


@pytest.mark.parametrize(("text", "code"), BAD)
async def test_what_is_no_login_is_closed(playground: Playground, text: str, code: int) -> None:
    """Each mistake has its close code."""
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        hello = await socket.receive_json()
        assert hello["op"] == 10
        await socket.send_str(text)
        closing = await socket.receive()
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, code)


async def test_what_is_too_long_for_the_gateway_is_closed(playground: Playground) -> None:
    """What is over 4 KiB is read and refused; what has no end, not even read."""
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        await socket.receive_json()
        await socket.send_str(f'{{"op": 3, "d": "{"x" * 65_536}"}}')
        closing = await socket.receive()
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1009)


async def test_a_message_in_the_gap_is_heard(
    bot: EchoBot, person: Rest, playground: Playground
) -> None:
    """Cut off, the bot resumes, and hears what was posted while nobody listened."""
    playground.faults.refuse_connections = True
    assert playground.faults.drop_connections() == 1
    await person.say(playground.channel_id, "!ping")
    await asyncio.sleep(0.1)
    assert bot.heard.empty()
    playground.faults.refuse_connections = False
    assert (await bot.hear()).content == "!ping"
    await asyncio.wait_for(bot.resumed.wait(), 10)
    assert len(playground.hub.sessions) == 1


@pytest.mark.parametrize("order", ["op 7", "op 9", "close 1000", "close 4000"])
async def test_the_bot_resumes_when_told_to(
    bot: EchoBot, person: Rest, playground: Playground, order: str
) -> None:
    """Reconnect requests, resumable invalidations and closings end in RESUMED."""
    faults = playground.faults
    orders: dict[str, Callable[[], int]] = {
        "op 7": faults.ask_to_reconnect,
        "op 9": lambda: faults.invalidate_sessions(resumable=True),
        "close 1000": lambda: faults.close_connections(1000),
        "close 4000": lambda: faults.close_connections(4000),
    }
    assert orders[order]() == 1
    await person.say(playground.channel_id, "still there?")
    assert (await bot.hear()).content == "still there?"
    await asyncio.wait_for(bot.resumed.wait(), 10)


async def test_a_session_that_is_gone_is_not_resumed(page: Page, playground: Playground) -> None:
    """After op 9 false, and when told to refuse, a resume gets op 9 false again."""
    playground.faults.invalidate_sessions(resumable=False)
    assert await _resume(playground, page) == {"op": 9, "d": False}


async def test_refused_resumes(page: Page, playground: Playground) -> None:
    """Tests may order that no session goes on."""
    playground.faults.refuse_resume = True
    playground.faults.drop_connections()
    assert await _resume(playground, page) == {"op": 9, "d": False}


async def test_another_sequence_than_ours_is_refused(page: Page, playground: Playground) -> None:
    """Numbers that were never given out close with 4007."""
    page.sequence += 100
    assert await _resume(playground, page) == 4007


async def _resume(playground: Playground, page: Page) -> Any:
    """Return the first thing a resume of the page's session gets: a message or a close code."""
    resume = {
        "token": playground.user_token,
        "session_id": page.session_id,
        "seq": page.sequence,
    }
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 6, "d": resume})
        answer = await socket.receive()
        if answer.type is not aiohttp.WSMsgType.TEXT:
            return answer.data
        message = json.loads(answer.data)
        return {"op": message["op"], "d": message["d"]}


async def test_closing_for_good_ends_the_session(playground: Playground) -> None:
    """A client that closes with 1000 is forgotten, one that says 4000 may come back."""
    for code, left in ((1000, 0), (4000, 1)):
        async with aiohttp.ClientSession() as session:
            socket = await session.ws_connect(playground.gateway)
            await socket.send_json({"op": 2, "d": {"token": playground.user_token}})
            await eventually(playground.hub.connected)
            await socket.close(code=code)
        await eventually(lambda: not playground.hub.connected())
        assert len(playground.hub.sessions) == left


async def test_a_silent_server_is_left(playground: Playground, person: Rest) -> None:
    """When heartbeats are not acknowledged, discord.py reconnects and goes on."""
    playground.gateway_server.heartbeat_interval = 0.3
    bot = EchoBot(discord.Intents.default(), heartbeat_timeout=1.0)
    async with logged_in(bot, playground):
        playground.faults.withhold_acks = True
        await eventually(lambda: not playground.hub.connected())
        playground.faults.withhold_acks = False
        await asyncio.wait_for(bot.resumed.wait(), 10)
        await person.say(playground.channel_id, "hello")
        await bot.hear()


async def test_an_acknowledgement_leaves_the_client_time(playground: Playground) -> None:
    """It comes a moment after the heartbeat."""
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        await socket.send_json({"op": 2, "d": {"token": playground.user_token}})
        while (await socket.receive_json()).get("t") != "GUILD_CREATE":
            pass
        began = time.monotonic()
        await socket.send_json({"op": 1, "d": None})
        assert (await socket.receive_json())["op"] == 11
        assert time.monotonic() - began > 0.015


async def test_zlib_stream(playground: Playground) -> None:
    """Asked for, the stream is compressed as one, flushed at each message."""
    url = playground.gateway + "?v=10&encoding=json&compress=zlib-stream"
    inflate = zlib.decompressobj()
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        first = await socket.receive_bytes()
        assert first.endswith(b"\x00\x00\xff\xff")
        assert json.loads(inflate.decompress(first))["op"] == 10
        await socket.send_json({"op": 1, "d": None})
        assert json.loads(inflate.decompress(await socket.receive_bytes()))["op"] == 11


async def test_zstd_stream(playground: Playground) -> None:
    """As one stream, too; its blocks may be stored, and large events take several."""
    zstd = shutil.which("zstd")
    if zstd is None:
        pytest.skip("zstd is not installed.")
    playground.world.channel.topic = "x" * 300_000
    url = playground.gateway + "?compress=zstd-stream"
    stream = b""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_json({"op": 2, "d": {"token": playground.user_token}})
        for _ in range(3):
            stream += await socket.receive_bytes()
    end = b"\x01\x00\x00"  # an empty last block, so that a program can unpack it
    unpacked = await asyncio.to_thread(
        subprocess.run, [zstd, "-dc"], input=stream + end, stdout=subprocess.PIPE, check=True
    )
    text, names = unpacked.stdout.decode(), []
    while text:
        message, end_at = json.JSONDecoder().raw_decode(text)
        names.append(message["t"])
        text = text[end_at:]
    assert names == [None, "READY", "GUILD_CREATE"]


async def test_intents_choose_what_is_heard(playground: Playground, person: Rest) -> None:
    """Without an intent for messages the bot hears of none."""
    async with logged_in(EchoBot(discord.Intents(guilds=True)), playground) as bot:
        await person.say(playground.channel_id, "hello")
        await asyncio.sleep(0.1)
        assert bot.heard.empty()


async def test_only_those_hear_who_see(playground: Playground) -> None:
    """A channel that is hidden from somebody is silent for them, and open again afterwards."""
    world = playground.world
    ann = await playground.new_person("ann")
    async with (
        Rest(playground.api, playground.user_token) as rest,
        Rest(playground.api, ann.token) as hers,
        Page(playground, ann.token, hers) as page,
    ):
        world.set_overwrite(world.channel, ann, deny=PermissionBits.VIEW_CHANNEL)
        await rest.say(world.channel.id, "secret")
        world.set_overwrite(world.channel, ann)
        await rest.say(world.channel.id, "open")
        await page.event("MESSAGE_CREATE")
        assert [m["content"] for m in page.heard("MESSAGE_CREATE")] == ["open"]


async def test_thirty_people_at_once(bot: EchoBot, playground: Playground) -> None:
    """Everyone gets exactly one reply, to their own message."""
    people = [await playground.new_person(f"person{n}") for n in range(30)]

    async def ask(token: str) -> str:
        async with Rest(playground.api, token) as rest:
            return str((await rest.say(playground.channel_id, "!ping"))["id"])

    asked = await asyncio.gather(*(ask(person.token) for person in people))
    messages = playground.world.channel.messages
    await eventually(lambda: len(messages) == 60)
    replies = [m.reference.message_id for m in messages.values() if m.reference]
    assert sorted(map(str, replies)) == sorted(asked)
    assert bot.heard.qsize() == 30
