"""Discord's time is told by its ids and answers, however wrong this machine's clock is."""

from datetime import UTC, datetime, timedelta

import aiohttp
import discord
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app.discord_clock import DiscordClock

THEN = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)
NEAR = timedelta(seconds=5)


def snowflake(moment: datetime) -> int:
    """Return the id of a message that was written at `moment`."""
    return discord.utils.time_snowflake(moment)


def test_until_it_is_told_it_is_this_machine_s() -> None:
    """There is nothing else to go by."""
    assert abs(DiscordClock().now() - discord.utils.utcnow()) < NEAR


def test_a_message_sets_it_and_one_that_came_late_does_not() -> None:
    """After a lost connection old ones are brought again."""
    clock = DiscordClock()
    clock.heard(snowflake(THEN))
    assert abs(clock.now() - THEN) < NEAR
    clock.heard(snowflake(THEN - timedelta(hours=1)))
    assert abs(clock.now() - THEN) < NEAR
    clock.heard(snowflake(THEN + timedelta(hours=1)))
    assert abs(clock.now() - THEN - timedelta(hours=1)) < NEAR


async def test_the_date_of_an_answer_sets_it_until_a_message_does() -> None:
    """Whatever stands there that is no date is passed over."""
    dates = iter(["Sun, 04 May 2031 03:02:01 GMT", "soon", "Sun, 04 May 2031 04:02:01 GMT"])

    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={"Date": next(dates)})

    app = web.Application()
    app.router.add_get("/", answer)
    clock = DiscordClock()
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession(trace_configs=[clock.trace()]) as session,
    ):
        for hours in (0, 0, 1):
            async with session.get(server.make_url("/")):
                assert abs(clock.now() - THEN - timedelta(hours=hours)) < NEAR
    clock.heard(snowflake(THEN))
    assert abs(clock.now() - THEN) < NEAR
