"""What tests may order: failing routes, slow files, and logs to look things up in."""

import asyncio
import logging
import time

import aiohttp
import discord
import pytest
import yarl

from bot.playground.server import Playground
from tests.playground.clients import EchoBot, Page, Rest, eventually

MESSAGES = "/channels/{channel_id}/messages"


async def test_an_ordered_answer_comes_so_often(person: Rest, playground: Playground) -> None:
    """An order holds for its route and its number of times, and does nothing to others."""
    playground.faults.answer("POST", MESSAGES, 403, code=50013, message="No", times=2)
    path = f"/channels/{playground.channel_id}/messages"
    assert (await person.ask("GET", path)).status == 200
    statuses = [(await person.ask("POST", path, {"content": "x"})).status for _ in range(3)]
    assert statuses == [403, 403, 200]
    assert len(playground.world.channel.messages) == 1


async def test_a_lost_answer(person: Rest, playground: Playground) -> None:
    """The request may be carried out although its answer says otherwise."""
    playground.faults.answer("POST", MESSAGES, 500, after=True)
    path = f"/channels/{playground.channel_id}/messages"
    assert (await person.ask("POST", path, {"content": "x"})).status == 500
    assert len(playground.world.channel.messages) == 1


NONCE = {"content": "pong", "nonce": "7", "enforce_nonce": True}


async def test_a_nonce_posts_once(
    bot_rest: Rest, person: Rest, page: Page, playground: Playground
) -> None:
    """Asked again after a lost answer, the first message is returned, and told once."""
    playground.faults.answer("POST", MESSAGES, 500, after=True)
    path = f"/channels/{playground.channel_id}/messages"
    assert (await bot_rest.ask("POST", path, NONCE)).status == 500
    again = await bot_rest.ask("POST", path, NONCE)
    (first,) = playground.world.channel.messages.values()
    assert (again.status, again.data["id"]) == (200, str(first.id))
    others: list[tuple[Rest, dict[str, object]]] = [
        (person, NONCE),
        (bot_rest, NONCE | {"nonce": "8"}),
        (bot_rest, {"content": "pong", "nonce": "9"}),
        (bot_rest, {"content": "pong", "nonce": "9"}),
        (bot_rest, {"content": "pong", "enforce_nonce": True}),
    ]
    for client, body in others:
        assert (await client.ask("POST", path, body)).data["id"] != str(first.id)
    await page.event("MESSAGE_CREATE", 1 + len(others))
    await asyncio.sleep(0.05)
    heard = [one["id"] for one in page.heard("MESSAGE_CREATE")]
    assert len(set(heard)) == len(heard) == 1 + len(others)


async def test_a_refused_nonce_is_free(bot_rest: Rest, playground: Playground) -> None:
    """What was never posted may be posted under the same nonce."""
    path = f"/channels/{playground.channel_id}/messages"
    assert (await bot_rest.ask("POST", path, NONCE | {"content": ""})).status == 400
    assert (await bot_rest.ask("POST", path, NONCE)).status == 200


async def test_nonces_are_forgotten(
    bot_rest: Rest, playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some minutes a nonce is as good as new."""
    monkeypatch.setattr("bot.playground.rest.nonce_cache.REMEMBERED_SECONDS", 0.1)
    path = f"/channels/{playground.channel_id}/messages"
    ids = []
    for pause in (0.0, 0.15, 0.0):
        ids.append((await bot_rest.ask("POST", path, NONCE)).data["id"])
        await asyncio.sleep(pause)
    assert ids[0] == ids[1] != ids[2]


async def test_discord_py_retries_under_its_nonce(bot: EchoBot, playground: Playground) -> None:
    """With a nonce, discord.py's own retry after a lost answer posts once."""
    playground.faults.answer("POST", MESSAGES, 500, after=True)
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    sent = await channel.send("pong", nonce=7)
    assert [one.id for one in playground.world.channel.messages.values()] == [sent.id]
    assert [one.status for one in playground.faults.asked("POST", MESSAGES)] == [500, 200]


@pytest.mark.parametrize("status", [429, 500, 502])
async def test_discord_py_tries_again(bot: EchoBot, playground: Playground, status: int) -> None:
    """The reply arrives once, after a rate limit and after a server's failure."""
    if status == 429:
        playground.faults.rate_limit("POST", MESSAGES, retry_after=0.1)
    else:
        playground.faults.answer("POST", MESSAGES, status)
    order = playground.faults.orders[0]
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    await channel.send("pong")
    assert order.left == 0
    assert [m.content for m in playground.world.channel.messages.values()] == ["pong"]
    tried = [one.status for one in playground.faults.asked("POST", MESSAGES)]
    assert tried == [status, 200]


async def test_an_empty_bucket(person: Rest, playground: Playground) -> None:
    """Who spends more than the bucket holds waits for the next window; every answer tells."""
    playground.rates.limit, playground.rates.window = 3, 0.3
    path = f"/channels/{playground.channel_id}/messages"
    answers = [await person.ask("GET", path) for _ in range(4)]
    assert [a.headers["X-RateLimit-Remaining"] for a in answers[:3]] == ["2", "1", "0"]
    refused = answers[3]
    assert refused.status == 429
    assert refused.headers["Via"]
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert 0 < refused.data["retry_after"] <= 0.3
    assert (await person.ask("GET", "/users/@me")).status == 200
    await asyncio.sleep(refused.data["retry_after"])
    assert (await person.ask("GET", path)).status == 200


async def test_typing_is_seen_and_logged(bot: EchoBot, page: Page, playground: Playground) -> None:
    """The page hears of typing, and tests can look up when it began."""
    channel = bot.get_channel(playground.channel_id)
    assert isinstance(channel, discord.TextChannel)
    async with channel.typing():
        event = await page.event("TYPING_START")
    assert event["user_id"] == str(playground.bot_user_id)
    (typing,) = playground.faults.typing
    assert (typing.channel_id, typing.user_id) == (channel.id, playground.bot_user_id)


async def test_files_may_be_slow(person: Rest, playground: Playground) -> None:
    """A delay, a slow stream and a stream that stops."""
    data = bytes(50_000)
    message = await person.say(playground.channel_id, "", ("a.bin", data))
    url = message["attachments"][0]["url"]
    slow = playground.faults.cdn
    slow.delay = 0.2
    began = time.monotonic()
    assert await person.fetch(url) == (200, data)
    assert time.monotonic() - began >= 0.2
    slow.delay, slow.bytes_per_second = 0.0, 100_000
    began = time.monotonic()
    assert await person.fetch(url) == (200, data)
    assert 0.4 < time.monotonic() - began < 2
    slow.bytes_per_second, slow.stall_after = None, 1000
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert await response.content.readexactly(1000) == data[:1000]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.read(1), 0.2)


async def test_links_run_out(person: Rest, playground: Playground) -> None:
    """An old or altered link is 404; the message has a fresh one."""
    message = await person.say(playground.channel_id, "", ("a.png", b"x"))
    attachment = message["attachments"][0]
    url = attachment["url"]
    assert {"ex", "is", "hm"} <= set(yarl.URL(url).query)
    assert (await person.fetch(url))[0] == 200
    assert (await person.fetch(attachment["proxy_url"]))[0] == 200
    assert (await person.fetch(url.split("?")[0]))[0] == 404
    assert (await person.fetch(url.replace("a.png", "b.png")))[0] == 404
    playground.faults.expire_links()
    assert (await person.fetch(url))[0] == 404
    path = f"/channels/{playground.channel_id}/messages/{message['id']}"
    again = (await person.ask("GET", path)).data
    assert (await person.fetch(again["attachments"][0]["url"]))[0] == 200
    playground.links.lifetime = -1
    late = (await person.ask("GET", path)).data
    assert (await person.fetch(late["attachments"][0]["url"]))[0] == 404


async def test_a_link_may_say_anything(person: Rest, playground: Playground) -> None:
    """Whatever stands in a link's query, it is an invalid link and no failure of the server."""
    message = await person.say(playground.channel_id, "", ("a.png", b"x"))
    where = yarl.URL(message["attachments"][0]["url"])
    host, port = "127.0.0.1", where.port
    for query in (b"hm=%C3%A9", "hm=é".encode(), b"hm=\xff", b"ex=zz&is=0&hm=0", b"ex=%FF&hm=%FF"):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET %s?%s HTTP/1.0\r\n" % (where.raw_path.encode(), query))
        writer.write(f"Host: {host}:{port}\r\n\r\n".encode())
        status = (await reader.read()).split(b" ")[1]
        assert status in {b"404", b"400"}, query  # 400 when it is no HTTP to begin with
        writer.close()
        await writer.wait_closed()
    links = playground.links
    assert not links.is_valid(
        "/a", {"ex": "zz", "is": "0", "hm": links._signature("/a", "zz", "0")}
    )


async def test_clients_that_hang_up_are_no_news(
    person: Rest, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """Who leaves in the midst of a file, before it or while it stalls leaves the log quiet."""
    message = await person.say(playground.channel_id, "", ("a.bin", bytes(5_000_000)))
    url = yarl.URL(message["attachments"][0]["url"])
    slow = playground.faults.cdn
    with caplog.at_level(logging.WARNING):
        for delay, speed, stall in ((0.0, None, None), (0.0, 1e6, None), (0.1, None, None)):
            slow.delay, slow.bytes_per_second, slow.stall_after = delay, speed, stall
            _, writer = await asyncio.open_connection("127.0.0.1", url.port)
            request = f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: 127.0.0.1:{url.port}\r\n\r\n"
            writer.write(request.encode())
            await asyncio.sleep(0.05)
            writer.transport.abort()
            await asyncio.sleep(0.3)
    assert caplog.records == []


async def test_a_deleted_message_takes_its_files(person: Rest, playground: Playground) -> None:
    """Its attachment's link leads nowhere."""
    message = await person.say(playground.channel_id, "", ("a.png", b"x"))
    path = f"/channels/{playground.channel_id}/messages/{message['id']}"
    assert (await person.ask("DELETE", path)).status == 204
    assert (await person.fetch(message["attachments"][0]["url"]))[0] == 404


async def test_own_links_are_unfurled_and_others_are_not(
    page: Page, playground: Playground
) -> None:
    """A preview of our own picture comes a moment later, hidden or not; nobody else is asked."""
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()
        await reader.read()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    picture = playground.world.owner.avatar
    first = await page.rest.say(playground.channel_id, "", ("a.png", picture))
    url = first["attachments"][0]["url"]
    text = f"http://127.0.0.1:{port}/a.png ||{url}||"
    message = await page.rest.say(playground.channel_id, text)
    assert message["embeds"] == []
    update = await page.event("MESSAGE_UPDATE")
    (embed,) = update["embeds"]
    assert (embed["url"], embed["thumbnail"]["width"]) == (url, 128)
    assert await page.rest.fetch(embed["thumbnail"]["proxy_url"]) == (200, picture)
    assert not asked.is_set()
    server.close()
    await server.wait_closed()


async def test_requests_are_logged_by_route(person: Rest, playground: Playground) -> None:
    """The log has the pattern, the status and who asked."""
    await person.say(playground.channel_id, "x")
    await eventually(lambda: playground.faults.requests)
    (logged,) = playground.faults.asked("POST", MESSAGES)
    assert (logged.status, logged.who) == (200, playground.world.owner.id)
