"""Gateway sessions with plain websockets: what is replayed, who hears what, who is let in."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.playground.gateway.intents import (
    DIRECT_MESSAGES,
    DIRECT_REACTIONS,
    DIRECT_TYPING,
    GUILD_MESSAGES,
    GUILD_REACTIONS,
    GUILD_TYPING,
    GUILDS,
    MEMBERS,
    MESSAGE_CONTENT,
    PRESENCES,
)
from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from tests.playground.clients import PATIENCE, Page, Rest, eventually


class Wire:
    """A bare connection: says what the test says, and hands over what comes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, data: Any) -> None:
        """Send a gateway message."""
        await self.socket.send_json({"op": op, "d": data})

    async def next(self) -> Any:
        """Return the next message, of those without a number but `op` and `d`, or a close code."""
        message = await self.socket.receive(PATIENCE)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return message.data
        frame = message.json()
        assert frame.keys() == {"op", "d", "s", "t"}
        return frame if frame["op"] == 0 else {"op": frame["op"], "d": frame["d"]}

    async def events(self, last: str) -> list[tuple[str, Any]]:
        """Return the events up to the one called `last`."""
        heard: list[tuple[str, Any]] = []
        while not heard or heard[-1][0] != last:
            message = await self.next()
            assert isinstance(message, dict), message
            heard.append((message["t"], message["d"]))
        return heard


@contextlib.asynccontextmanager
async def connected(playground: Playground) -> AsyncIterator[Wire]:
    """Connect, and take the greeting."""
    async with aiohttp.ClientSession() as session, session.ws_connect(playground.gateway) as socket:
        wire = Wire(socket)
        hello = await wire.next()
        assert hello == {"op": 10, "d": {"heartbeat_interval": 41250}}
        yield wire


@contextlib.asynccontextmanager
async def listening(playground: Playground, intents: int, **more: Any) -> AsyncIterator[Wire]:
    """Connect as the bot with `intents`."""
    async with connected(playground) as wire:
        token = f"Bot {playground.bot_token}"
        await wire.send(2, {"token": token, "intents": intents, **more})
        yield wire


async def test_a_resume_replays_what_came_since(playground: Playground, person: Rest) -> None:
    """Every event once, in order, under the number it had; then RESUMED, and the present."""
    async with listening(playground, GUILDS | GUILD_MESSAGES) as wire:
        ready, created = await wire.next(), await wire.next()
        session = ready["d"]["session_id"]
        assert (ready["t"], ready["s"], created["t"], created["s"]) == (
            "READY",
            1,
            "GUILD_CREATE",
            2,
        )
        await wire.socket.close(code=4000)
    first, second = [(await person.say(playground.channel_id, text))["id"] for text in "ab"]
    resume = {"token": playground.bot_token, "session_id": session}
    for after, missed in ((2, [(3, first), (4, second)]), (3, [(4, second), (5, None)])):
        async with connected(playground) as wire:
            await wire.send(6, {**resume, "seq": after})
            for number, identifier in missed:
                event = await wire.next()
                assert (event["s"], event["d"].get("id")) == (number, identifier)
            assert (await wire.next())["t"] == "RESUMED"
            await wire.socket.close(code=4000)
    async with connected(playground) as wire:
        await wire.send(6, {**resume, "seq": 6})
        resumed = await wire.next()
        assert (resumed["t"], resumed["s"]) == ("RESUMED", 7)
        now = (await person.say(playground.channel_id, "c"))["id"]
        event = await wire.next()
        assert (event["s"], event["d"]["id"]) == (8, now)


async def test_a_session_goes_on_at_one_place(playground: Playground, person: Rest) -> None:
    """A resume ends the connection that there was; another's token resumes nothing."""
    async with listening(playground, GUILDS | GUILD_MESSAGES) as old:
        ready = await old.next()
        await old.next()
        resume = {"session_id": ready["d"]["session_id"], "seq": 2}
        async with connected(playground) as wire:
            await wire.send(6, {**resume, "token": playground.user_token})
            assert await wire.next() == {"op": 9, "d": False}
            await wire.send(6, {**resume, "token": playground.bot_token, "session_id": "none"})
            assert await wire.next() == {"op": 9, "d": False}
            await wire.send(6, {**resume, "token": playground.bot_token})
            assert (await wire.next())["t"] == "RESUMED"
            assert await old.next() == 4005
            await person.say(playground.channel_id, "x")
            assert (await wire.next())["t"] == "MESSAGE_CREATE"


async def test_what_is_no_longer_kept_is_not_replayed(
    playground: Playground, person: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap longer than the buffer closes with 4007; one that just fits is replayed."""
    monkeypatch.setattr("bot.playground.gateway.sessions.BUFFER_EVENTS", 3)
    async with listening(playground, GUILDS | GUILD_MESSAGES) as wire:
        ready = await wire.next()
        await wire.socket.close(code=4000)
    for number in range(3):
        await person.say(playground.channel_id, str(number))
    resume = {"token": playground.bot_token, "session_id": ready["d"]["session_id"]}
    async with connected(playground) as wire:
        await wire.send(6, {**resume, "seq": 1})
        assert await wire.next() == 4007
    async with connected(playground) as wire:
        await wire.send(6, {**resume, "seq": 2})
        assert [name for name, _ in await wire.events("RESUMED")] == [
            *["MESSAGE_CREATE"] * 3,
            "RESUMED",
        ]


async def test_who_stays_away_too_long_is_forgotten(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that nobody resumes goes when the next begins; one that is used stays."""
    async with listening(playground, GUILDS) as wire:
        await wire.next()
        await wire.socket.close(code=4000)
    await eventually(lambda: not playground.hub.connected())
    async with listening(playground, GUILDS) as first:
        await first.next()
        assert len(playground.hub.sessions) == 2
        monkeypatch.setattr("bot.playground.gateway.sessions.RESUMABLE_SECONDS", -1.0)
        async with listening(playground, GUILDS) as second:
            await second.next()
            assert len(playground.hub.sessions) == 2
            assert len(playground.hub.connected()) == 2


async def test_ready_says_who_and_where(playground: Playground, page: Page) -> None:
    """A bot is told of its application and guilds, a person of conversations."""
    world = playground.world
    dm = world.open_dm(world.owner, world.bot)
    world.add_guild("elsewhere", with_bot=False)
    async with listening(playground, GUILDS) as wire:
        ready = (await wire.next())["d"]
        assert ready["resume_gateway_url"] == playground.gateway
        assert ready["user"]["id"] == ready["application"]["id"] == str(world.bot.id)
        assert ready["guilds"] == [{"id": str(playground.guild_id), "unavailable": True}]
        assert ready["private_channels"] == []
        created = (await wire.next())["d"]
        assert [one["user"]["id"] for one in created["members"]] == [str(world.bot.id)]
        assert created["member_count"] == 2
    async with (
        Rest(playground.api, playground.user_token) as rest,
        Page(playground, playground.user_token, rest) as again,
    ):
        ready = await again.event("READY")
        assert "application" not in ready
        (shown,) = ready["private_channels"]
        assert shown["id"] == str(dm.id)
        assert [one["username"] for one in shown["recipients"]] == ["Bobby"]
        assert len(ready["guilds"]) == 2
        assert len((await again.event("GUILD_CREATE"))["members"]) == 2
    async with listening(playground, GUILD_MESSAGES) as wire:
        assert (await wire.next())["d"]["guilds"] == []


async def test_privileged_intents_take_a_switch(playground: Playground) -> None:
    """Members and presences nobody has switched on; message content, the owner has.

    When it is withdrawn, who uses it is cut off for good, and nobody else.
    """
    assert playground.world.application.message_content
    async with listening(playground, GUILDS | MESSAGE_CONTENT) as wire:
        assert (await wire.next())["t"] == "READY"
    for refused in (MEMBERS, PRESENCES, GUILDS | MEMBERS):
        async with listening(playground, refused) as wire:
            assert await wire.next() == 4014
    application = playground.world.application
    application.members = application.presences = True
    async with listening(playground, GUILDS | MEMBERS | PRESENCES) as wire:
        assert (await wire.next())["d"]["application"]["flags"] == 1 << 18 | 1 << 14 | 1 << 12
    async with (
        listening(playground, GUILDS | MESSAGE_CONTENT) as wire,
        listening(playground, GUILDS) as other,
        connected(playground) as again,
    ):
        session = (await wire.next())["d"]["session_id"]
        playground.withdraw_message_content()
        while isinstance(closed := await wire.next(), dict):
            pass
        assert closed == 4014
        await again.send(6, {"token": playground.bot_token, "session_id": session, "seq": 1})
        assert await again.next() == {"op": 9, "d": False}
        playground.world.add_channel("still heard")
        await other.events("CHANNEL_CREATE")
    async with listening(playground, GUILDS | MESSAGE_CONTENT) as wire:
        assert await wire.next() == 4014


async def test_shards_share_the_guilds(playground: Playground, person: Rest) -> None:
    """Each hears its own guilds, the first what is direct as well; impossible shards are 4010."""
    world = playground.world
    guilds = [world.guild]
    while len({(guild.id >> 22) % 2 for guild in guilds}) < 2:
        guilds.append(world.add_guild("other"))
    by_shard = {(guild.id >> 22) % 2: guild for guild in guilds}
    channels = [world.add_channel("x", guild=by_shard[number]) for number in (0, 1)]
    dm = world.open_dm(world.owner, world.bot)
    intents = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES
    async with (
        listening(playground, intents, shard=[0, 2]) as first,
        listening(playground, intents, shard=[1, 2]) as second,
    ):
        greetings = [await wire.events("GUILD_CREATE") for wire in (first, second)]
        for number, ((_, ready), *_) in enumerate(greetings):
            assert ready["shard"] == [number, 2]
            mine = [str(one.id) for one in guilds if (one.id >> 22) % 2 == number]
            assert [one["id"] for one in ready["guilds"]] == mine
        for place in (*channels, dm):
            await person.say(place.id, "x")
        world.leave(by_shard[1], world.bot)
        world.leave(by_shard[0], world.bot)
        heard = [await wire.events("GUILD_DELETE") for wire in (first, second)]
        told = [
            [data["channel_id"] for name, data in events if name == "MESSAGE_CREATE"]
            for events in heard
        ]
        assert told == [[str(channels[0].id), str(dm.id)], [str(channels[1].id)]]
        assert [events[-1][1]["id"] for events in heard] == [
            str(by_shard[number].id) for number in (0, 1)
        ]
    wrong: list[tuple[Any, int]] = [([2, 2], 4010), ([-1, 2], 4010), ([0, 0], 4010)]
    for shard, code in [*wrong, ([0], 4002), ("0/1", 4002)]:
        async with listening(playground, GUILDS, shard=shard) as wire:
            assert await wire.next() == code, shard


NEEDS: dict[str, int] = {
    "CHANNEL_CREATE": GUILDS,
    "CHANNEL_UPDATE": GUILDS,
    "CHANNEL_DELETE": GUILDS,
    "GUILD_CREATE": GUILDS,
    "GUILD_DELETE": GUILDS,
    "GUILD_ROLE_CREATE": GUILDS,
    "GUILD_ROLE_UPDATE": GUILDS,
    "THREAD_CREATE": GUILDS,
    "THREAD_UPDATE": GUILDS,
    "THREAD_DELETE": GUILDS,
    "MESSAGE_CREATE": GUILD_MESSAGES,
    "MESSAGE_UPDATE": GUILD_MESSAGES,
    "MESSAGE_DELETE": GUILD_MESSAGES,
    "MESSAGE_REACTION_ADD": GUILD_REACTIONS,
    "MESSAGE_REACTION_REMOVE": GUILD_REACTIONS,
    "TYPING_START": GUILD_TYPING,
}
DIRECT = {GUILD_MESSAGES: DIRECT_MESSAGES, GUILD_REACTIONS: DIRECT_REACTIONS}
DIRECT[GUILD_TYPING] = DIRECT_TYPING


async def test_each_event_takes_its_intent(playground: Playground, person: Rest) -> None:
    """With one intent alone a bot hears just its events, in guilds or in conversations."""
    world = playground.world
    wires: dict[int, Wire] = {}
    async with contextlib.AsyncExitStack() as stack:
        for intent in {*NEEDS.values(), *DIRECT.values()}:
            wires[intent] = await stack.enter_async_context(listening(playground, intent))
            assert (await wires[intent].next())["t"] == "READY"
        assert (await wires[GUILDS].next())["t"] == "GUILD_CREATE"
        await _let_everything_happen(playground, person)
        dm = world.open_dm(world.owner, world.bot)
        await _write(person, dm.id)
        world.silence(world.guild, world.bot, None)  # an event for all, and the last here
        for intent, wire in wires.items():
            heard = [name for name, _ in await wire.events("GUILD_MEMBER_UPDATE")][:-1]
            alike = {intent, *(one for one, direct in DIRECT.items() if direct == intent)}
            assert set(heard) == {name for name, needed in NEEDS.items() if needed in alike}


async def _let_everything_happen(playground: Playground, person: Rest) -> None:
    """Let one event of every kind happen in guilds."""
    world = playground.world
    channel = world.add_channel("new")
    await _write(person, channel.id)
    thread = world.add_thread(channel, "thread")
    world.channel_changed(channel)
    world.channel_changed(thread)
    world.remove_channel(thread)
    world.remove_channel(channel)
    role = world.add_role("role", PermissionBits(0))
    world.set_role(role, PermissionBits.MANAGE_MESSAGES)
    other = world.add_guild("other")
    world.add_person("ann", guild=other)
    world.leave(other, world.bot)


async def _write(person: Rest, channel_id: int) -> None:
    """Post, edit, react to and delete a message, and type."""
    message = await person.say(channel_id, "x")
    path = f"/channels/{channel_id}/messages/{message['id']}"
    await person.ask("PATCH", path, {"content": "y"})
    for method in ("PUT", "DELETE"):
        await person.ask(method, f"{path}/reactions/👍/@me")
    await person.ask("DELETE", path)
    await person.ask("POST", f"/channels/{channel_id}/typing")


async def test_what_is_no_gateway_message(playground: Playground) -> None:
    """A second login and an unknown opcode have close codes; a presence is taken in silence."""
    async with listening(playground, GUILDS) as wire:
        await wire.events("GUILD_CREATE")
        await wire.send(3, {})
        await wire.send(4, {})
        await wire.send(1, None)
        assert (await wire.next())["op"] == 11
        await wire.send(99, {})
        assert await wire.next() == 4001
    async with listening(playground, GUILDS) as wire:
        await wire.events("GUILD_CREATE")
        await wire.send(2, {"token": playground.bot_token, "intents": 0})
        assert await wire.next() == 4005


async def test_an_invalid_session_may_be_begun_anew_on_its_connection(
    playground: Playground, person: Rest
) -> None:
    """After op 9; the frame may be binary."""
    async with listening(playground, GUILDS | GUILD_MESSAGES) as wire:
        await wire.events("GUILD_CREATE")
        for resumable, left in ((False, 0), (True, 1)):
            assert playground.faults.invalidate_sessions(resumable=resumable) == 1
            assert await wire.next() == {"op": 9, "d": resumable}
            assert len(playground.hub.sessions) == left
            login = {"token": playground.bot_token, "intents": GUILDS | GUILD_MESSAGES}
            await wire.socket.send_bytes(json.dumps({"op": 2, "d": login}).encode())
            await wire.events("GUILD_CREATE")
        sent = await person.say(playground.channel_id, "x")
        assert (await wire.next())["d"]["id"] == sent["id"]


NO_LOGIN: list[tuple[int, Any]] = [
    (4013, None),
    (4013, 1 << 18),
    (4002, "abc"),
    (4002, -1),
    (4002, True),
]


async def test_intents_are_those_that_there_are(playground: Playground) -> None:
    """None at all, unknown ones, and what is no number."""
    for code, intents in NO_LOGIN:
        async with connected(playground) as wire:
            login = {"token": playground.bot_token, "intents": intents}
            await wire.send(2, {key: value for key, value in login.items() if value is not None})
            assert await wire.next() == code, intents


async def test_only_one_version_and_encoding_is_spoken(playground: Playground) -> None:
    """Version 10 in JSON."""
    for query, code in (("v=6", 4012), ("v=99", 4012), ("v=10&encoding=etf", 4002)):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{playground.gateway}?{query}") as socket,
        ):
            wire = Wire(socket)
            while isinstance(last := await wire.next(), dict):
                assert last["op"] == 10
            assert last == code


async def test_too_many_frames_and_too_long_ones(playground: Playground) -> None:
    """120 a minute of 4,096 bytes."""
    async with connected(playground) as wire:
        await wire.socket.send_str(json.dumps({"op": 3, "d": "x" * 5000}))
        assert await wire.next() == 4002
    async with listening(playground, GUILDS) as wire:
        await wire.events("GUILD_CREATE")
        for _ in range(119):
            await wire.send(3, {})
        await wire.send(1, None)
        while isinstance(last := await wire.next(), dict):
            pass
        assert last == 4008


async def test_a_browser_brings_its_language(playground: Playground, page: Page) -> None:
    """The person's, and their own server's; a bot's properties and odd ones change nothing."""
    world = playground.world
    ann = world.add_person("ann")
    for token, locale in ((ann.token, "fr"), (world.owner.token, "ko"), (world.bot.token, "de")):
        async with connected(playground) as wire:
            properties = {"system_locale": locale}
            await wire.send(2, {"token": token, "intents": 0, "properties": properties})
            assert (await wire.next())["t"] == "READY"
    async with connected(playground) as wire:
        await wire.send(2, {"token": ann.token, "properties": {"system_locale": 5}})
        assert (await wire.next())["d"]["user"]["locale"] == "fr"
    assert [one.locale for one in (ann, world.owner, world.bot)] == ["fr", "ko", "en-US"]
    assert world.guild.locale == "ko"
    assert (await page.event("GUILD_UPDATE"))["preferred_locale"] == "ko"
    assert len(page.heard("GUILD_UPDATE")) == 1


async def test_orders_may_be_for_one_person(playground: Playground, page: Page) -> None:
    """Only that person's connections are cut, closed, silenced or asked to come back."""
    faults, world = playground.faults, playground.world
    async with listening(playground, GUILDS) as wire:
        await wire.events("GUILD_CREATE")
        assert faults.ask_to_reconnect(world.bot) == 1
        assert await wire.next() == {"op": 7, "d": None}
        assert faults.silence_connections(world.bot) == 1
        world.add_channel("unheard")
        await page.event("CHANNEL_CREATE")
        assert faults.close_connections(4000, world.bot) == 1
        assert await wire.next() == 4000
        assert faults.drop_connections(world.bot) == 0
    assert faults.drop_connections(world.owner) == 1
