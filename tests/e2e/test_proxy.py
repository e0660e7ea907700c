"""Bobby behind a proxy and a CA of its network's own: real processes, and no other way out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from bot.playground.server import Playground
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.pictures import plain
from tests.e2e.processes import START, bobby, running
from tests.playground.clients import eventually
from tests.proxy import Authority, Proxy, behind_tls

NAME = "discord.example"


@contextlib.asynccontextmanager
async def far_away(authority: Authority) -> AsyncIterator[tuple[Playground, Proxy, dict[str, str]]]:
    """Run a playground that is reached by TLS and by a proxy only, under a name that it knows.

    Yields the playground, the proxy, and the environment in which Bobby finds its way.
    """
    async with Playground() as playground:
        port = URL(playground.api).port
        assert port is not None
        playground._doors.hosts |= {NAME}
        playground.links.origin = f"https://{NAME}"
        playground.hub.gateway_url = f"wss://{NAME}/gateway"
        async with (
            behind_tls(port, authority.context(NAME)) as secure,
            (proxy := Proxy({NAME: secure})).serving() as address,
        ):
            yield (
                playground,
                proxy,
                {
                    "DISCORD_TOKEN": playground.bot_token,
                    "BOBBY_API_URL": f"https://{NAME}/api/v10",
                    "BOBBY_DEFAULT_MODEL": "efficientnet_lite0",
                    "HTTPS_PROXY": address,
                    "SSL_CERT_FILE": str(authority.file),
                },
            )


@contextlib.asynccontextmanager
async def in_service(
    playground: Playground, folder: Path, settings: dict[str, str]
) -> AsyncIterator[ChatUser]:
    """Run `bobby run` with `settings` until it is logged in; yields somebody who talks to it."""
    with running("run", folder=folder, **settings) as process:
        me = playground.world.bot
        await eventually(
            lambda: playground.hub.connected(me) or process.process.poll() is not None, within=START
        )
        assert process.process.poll() is None, process.printed()
        person = await playground.new_person("ann")
        async with ChatUser(playground, person, playground.channel_id) as user:
            yield user


async def said_by_run(wanted: str, folder: Path, settings: dict[str, str]) -> str:
    """Run `bobby run`, which can't get in and goes on trying, until it says what is `wanted`."""
    with running("run", folder=folder, **settings) as process:
        await eventually(lambda: wanted in process.printed(), within=START)
        return process.printed()


async def test_a_picture_is_answered_by_way_of_the_proxy(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """REST, gateway and the picture's file; `doctor` goes that way too, and names it."""
    authority = Authority(tmp_path_factory.mktemp("ca"))
    async with far_away(authority) as (playground, proxy, settings):
        async with in_service(playground, tmp_path, settings) as user:
            question = await user.say("!classify", ("teal.png", plain()))
            reply = await user.reply(question, within=START)
        assert "%" in said(reply)
        assert set(proxy.asked) == {f"{NAME}:443"}
        run = await asyncio.to_thread(lambda: bobby("doctor", folder=tmp_path, **settings))
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"Proxy: {settings['HTTPS_PROXY']} for {NAME}" in run.stdout
    assert f"Certificates: {authority.file} (SSL_CERT_FILE)" in run.stdout


async def test_a_ca_that_is_not_known_is_named_with_its_setting(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By `run` and by `doctor` in the same words."""
    async with far_away(Authority(tmp_path_factory.mktemp("ca"))) as (_, proxy, settings):
        del settings["SSL_CERT_FILE"]
        run = await said_by_run("Discord can't be reached", tmp_path, settings)
        doctor = await asyncio.to_thread(bobby, "doctor", folder=tmp_path, **settings)
    assert doctor.returncode == 1
    assert set(proxy.asked) == {f"{NAME}:443"}
    for printed in (run, doctor.stdout):
        assert f"the certificate of {NAME} isn't trusted" in printed
        assert "SSL_CERT_FILE" in printed
    assert "Traceback" not in run + doctor.stdout + doctor.stderr


async def test_no_proxy_goes_round_it(tmp_path: Path) -> None:
    """With the very proxy set that would refuse everything."""
    async with Playground() as playground, (proxy := Proxy({})).serving() as address:
        port = URL(playground.api).port
        here = f"0.0.0.0:{port}"  # this machine, and no loopback address, which has no proxy anyway
        playground._doors.hosts |= {here}
        playground.links.origin = f"http://{here}"
        playground.hub.gateway_url = f"ws://{here}/gateway"
        settings = {
            "DISCORD_TOKEN": playground.bot_token,
            "BOBBY_API_URL": f"http://{here}/api/v10",
            "HTTP_PROXY": address,
        }
        assert "502" in await said_by_run("Discord can't be reached", tmp_path, settings)
        assert set(proxy.asked) == {here}
        asked = len(proxy.asked)
        settings["NO_PROXY"] = "0.0.0.0"
        async with in_service(playground, tmp_path, settings) as user:
            question = await user.say("!classify", ("teal.png", plain()))
            assert "%" in said(await user.reply(question, within=START))
    assert len(proxy.asked) == asked
