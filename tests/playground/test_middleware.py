"""What every request passes: rate limits, ordered answers, the log of who asked."""

import time

import pytest

from bot.playground.rest.nonce_cache import Nonces
from bot.playground.rest.rate_limits import Rates
from bot.playground.server import Playground
from tests.playground.clients import Rest


async def test_each_caller_and_place_has_a_bucket(
    person: Rest, bot_rest: Rest, playground: Playground
) -> None:
    """Another caller, channel or method is not refused with one that has spent its own."""
    playground.rates.limit, playground.rates.window = 1, 60.0
    other = playground.world.add_channel("other")
    here = f"/channels/{playground.channel_id}/messages"
    there = f"/channels/{other.id}/messages"
    for client, method, path in (
        (person, "GET", here),
        (bot_rest, "GET", here),
        (person, "GET", there),
        (person, "POST", here),
    ):
        statuses = [(await client.ask(method, path, {"content": "x"})).status for _ in range(2)]
        assert statuses == [200, 429], (method, path)
    ids = [(await person.say(playground.world.add_channel(n).id, "x"))["id"] for n in "ab"]
    one = [await person.ask("GET", f"{here}/{identifier}") for identifier in ids]
    assert [answer.status for answer in one] == [404, 429]


async def test_a_bucket_tells_when_it_is_full_again(person: Rest, playground: Playground) -> None:
    """Every answer carries the limit, what is left and the end of the window, in seconds."""
    playground.rates.limit, playground.rates.window = 1, 60.0
    path = "/users/@me"
    first, refused = [await person.ask("GET", path) for _ in range(2)]
    for answer in (first, refused):
        headers = answer.headers
        assert headers["X-RateLimit-Limit"] == "1"
        assert headers["X-RateLimit-Remaining"] == "0"
        assert 50 < float(headers["X-RateLimit-Reset-After"]) <= 60
        assert 50 < float(headers["X-RateLimit-Reset"]) - time.time() <= 60
        assert headers["X-RateLimit-Bucket"]
    assert "Retry-After" not in first.headers
    assert 50 < refused.data["retry_after"] <= 60
    assert 0 <= int(refused.headers["Retry-After"]) - refused.data["retry_after"] < 1
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert refused.data["global"] is False
    assert refused.data["code"] == 0


def test_buckets_that_ran_out_are_let_go() -> None:
    """Of very many, those whose window has ended are forgotten, and no other."""
    rates = Rates(window=0.0)
    for number in range(1001):
        rates.spend(str(number), "GET", "/", {})
    rates.window = 60.0
    rates.spend("new", "GET", "/", {})
    assert len(rates._buckets) == 1
    for number in range(1001):
        rates.spend(str(number), "GET", "/", {})
    assert len(rates._buckets) == 1002


async def test_an_order_may_be_for_one_caller(
    person: Rest, bot_rest: Rest, playground: Playground
) -> None:
    """Others, other methods and other routes are answered as ever."""
    route, channel = "/users/@me", f"/channels/{playground.channel_id}"
    order = playground.faults.answer("GET", route, 418, code=7, by=playground.world.bot, times=2)
    assert (await person.ask("GET", route)).status == 200
    assert (await bot_rest.ask("GET", f"{channel}/messages")).status == 200
    assert (await bot_rest.ask("POST", f"{channel}/typing")).status == 204
    assert order.left == 2
    ordered = await bot_rest.ask("GET", route)
    assert (ordered.status, ordered.data["code"], ordered.data["message"]) == (
        418,
        7,
        "418: ordered",
    )
    logged = playground.faults.asked("GET", route)
    assert [(one.status, one.who) for one in logged] == [
        (200, playground.world.owner.id),
        (418, playground.bot_user_id),
    ]
    assert logged[0].path.endswith(route)
    assert "Via" not in ordered.headers


async def test_an_ordered_limit_looks_like_discords(person: Rest, playground: Playground) -> None:
    """Of one route or of all of them together, with the seconds to wait."""
    path = "/users/@me"
    for everywhere in (False, True):
        playground.faults.rate_limit("GET", path, retry_after=1.5, everywhere=everywhere)
        answer = await person.ask("GET", path)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "2")
        assert (answer.data["retry_after"], answer.data["global"]) == (1.5, everywhere)
        assert ("X-RateLimit-Global" in answer.headers) == everywhere
        assert answer.headers["X-RateLimit-Scope"] == ("global" if everywhere else "user")
        assert answer.headers["Via"]
        assert (await person.ask("GET", path)).status == 200


async def test_a_long_log_lets_its_older_half_go(
    person: Rest, playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest requests stay."""
    monkeypatch.setattr("bot.playground.faults.MOST_LOGGED", 4)
    channels = [playground.world.add_channel(str(number)) for number in range(5)]
    for channel in channels:
        await person.ask("GET", f"/channels/{channel.id}/messages")
    paths = [one.path.split("/")[-2] for one in playground.faults.requests]
    assert paths == [str(channel.id) for channel in channels[2:]]


async def test_a_failure_is_logged_and_is_500(
    person: Rest, playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks inside is answered as Discord would, and its traceback is in the log."""

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("bot.playground.rest.users.payloads.myself", fail)
    answer = await person.ask("GET", "/users/@me")
    assert (answer.status, answer.data) == (
        500,
        {"message": "500: Internal Server Error", "code": 0},
    )
    assert playground.faults.requests[-1].status == 500


async def test_a_nonce_is_text_or_number(bot_rest: Rest, playground: Playground) -> None:
    """7 and "7" are the same; without being enforced, one counts again; each author has own."""
    path = f"/channels/{playground.channel_id}/messages"
    ids = [
        (await bot_rest.ask("POST", path, {"content": "x", **nonce})).data["id"]
        for nonce in (
            {"nonce": 7, "enforce_nonce": True},
            {"nonce": "7", "enforce_nonce": True},
            {"nonce": "7"},
            {"nonce": 7, "enforce_nonce": True},
        )
    ]
    assert ids[0] == ids[1] != ids[2] == ids[3]


async def test_old_nonces_take_no_room(
    bot_rest: Rest, playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody may ask for again is let go with the next message; what one may is kept."""
    nonces, world = Nonces(), playground.world
    messages = []
    for nonce in ("1", "2"):
        sent = await bot_rest.say(playground.channel_id, "x", nonce=nonce)
        messages.append(world.channel.messages[int(sent["id"])])
        nonces.remember(messages[-1])
    assert nonces.recall(world.bot, "1") is messages[0]
    assert nonces.recall(world.owner, "1") is None
    assert nonces.recall(world.bot, None) is None
    assert len(nonces._posted) == 2
    monkeypatch.setattr("bot.playground.rest.nonce_cache.REMEMBERED_SECONDS", -1.0)
    nonces.remember(messages[1])
    assert nonces._posted == {}


async def test_the_gateway_is_told_to_everyone_and_its_shards_to_bots(
    bot_rest: Rest, playground: Playground
) -> None:
    """Without a token one learns the address alone."""
    async with Rest(playground.api, "") as nobody:
        assert (await nobody.ask("GET", "/gateway")).data == {"url": playground.gateway}
        for path in ("/gateway/bot", "/users/@me"):
            assert (await nobody.ask("GET", path)).status == 401
    told = (await bot_rest.ask("GET", "/gateway/bot")).data
    assert (told["url"], told["shards"]) == (playground.gateway, 1)
    assert told["session_start_limit"]["max_concurrency"] == 1
    me = (await bot_rest.ask("GET", "/users/@me")).data
    assert (me["id"], me["bot"], me["global_name"]) == (str(playground.bot_user_id), True, None)


async def test_an_application_tells_its_switches(bot_rest: Rest, playground: Playground) -> None:
    """Message content, whether it has commands, its owner, and how widely it is installed."""
    world = playground.world
    world.add_guild("elsewhere", with_bot=False)
    mine = (await bot_rest.ask("GET", "/applications/@me")).data
    assert mine["owner"]["id"] == str(world.owner.id)
    assert mine["flags"] == 1 << 18
    assert mine["approximate_user_install_count"] == 1
    world.application.message_content = False
    commands = f"/applications/{playground.application_id}/commands"
    await bot_rest.ask("PUT", commands, [{"name": "x", "description": "x"}])
    assert (await bot_rest.ask("GET", "/applications/@me")).data["flags"] == 1 << 23


def test_time_is_as_short_as_on_discord() -> None:
    """Three seconds to answer, a quarter of an hour to follow up, fifty requests a second."""
    playground = Playground()
    interactions, rates = playground.interactions, playground.rates
    assert (interactions.answer_within, interactions.token_life) == (3, 15 * 60)
    assert (rates.limit, rates.window) == (50, 1)
    assert playground.world.upload_limit == 10 * 1024**2
