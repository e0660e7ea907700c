"""Two Bobbys with a shard each, as a fleet has them: every server is answered by one of the two."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app.client import Bobby
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import connected
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.executor.queue import Limits
from bot.library.hub.workers import HubWorkers
from bot.library.on_demand import ModelDownloads
from bot.pictures.fetch import Fetcher
from bot.playground.gateway.socket import Connection, Gateway
from bot.playground.server import Playground
from bot.storage.guild_settings import ServerSettings
from bot.storage.store import Store
from tests.bot.executor.answers import READY, labels
from tests.bot.executor.fake_engine import FakeEngine
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser, said
from tests.playground.clients import eventually

WIDE = Limits(all=100, bytes=2**30, per_server=100, per_person=100)


@contextlib.asynccontextmanager
async def shard(playground: Playground, folder: Path, number: int) -> AsyncIterator[Bobby]:
    """Run a Bobby who has shard `number` of two, and says in every answer who it is."""
    settings = Settings(_env_file=None, shards=2, shard_ids=str(number), cache=folder)
    engine = FakeEngine(lambda batch: [labels(f"shard {number}")] * len(batch), READY)
    executor = Executor(engine, limits=WIDE, batch_size=8, timeout=60)
    downloads = ModelDownloads(settings, executor)
    async with (
        Store(folder / f"data{number}") as store,
        Fetcher(max_bytes=2**20) as fetcher,
        HubWorkers(settings) as hub,
        Bobby(
            settings=settings,
            executor=executor,
            fetcher=fetcher,
            downloads=downloads,
            hub=hub,
            store=store,
        ) as bot,
        executor,
        downloads,
        connected(bot, playground.bot_token) as gateway,
    ):
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({ready, gateway}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        assert ready.done(), f"Bobby did not get ready: {gateway}"
        yield bot


async def test_each_server_is_answered_once_by_the_shard_that_has_it(tmp_path: Path) -> None:
    """Messages and direct messages alike, as Discord deals them out; both are well."""
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        world = playground.world
        guilds = [world.guild]
        while len({guild.id >> 22 & 1 for guild in guilds}) < 2 or len(guilds) < 4:
            await asyncio.sleep(0.002)
            guilds.append(world.add_guild(f"guild{len(guilds)}"))
        rooms = {guild.id: world.add_channel("room", guild=guild).id for guild in guilds}
        async with (
            shard(playground, tmp_path, 0) as first,
            shard(playground, tmp_path, 1) as second,
            ChatUser(playground, await playground.new_person("ann"), playground.channel_id) as ann,
        ):
            for guild in guilds[1:]:
                world.join(guild, ann.person)
            for guild in guilds:
                picture = ("a.png", pictures.plain())
                message = await ann.say("!classify", picture, channel_id=rooms[guild.id])
                answer = said(await ann.reply(message))
                assert f"shard {(guild.id >> 22) % 2}" in answer
            held = [{guild.id for guild in bot.guilds} for bot in (first, second)]
            assert held[0] | held[1] == {guild.id for guild in guilds}
            assert not held[0] & held[1]
            assert first.connected
            assert second.connected
            replies = [event for event in ann._heard if event["event"] == "MESSAGE_CREATE"]
            assert len(replies) == len(guilds)
    point_discord_at(DISCORD)


async def test_a_cut_before_the_session_began_is_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to resume, so Bobby logs in again."""
    cuts: list[Connection] = []
    identify = Gateway._identify

    def cut_twice(gateway: Gateway, connection: Connection, data: Any) -> None:
        if len(cuts) < 2:
            cuts.append(connection)
            connection.abort()
        else:
            identify(gateway, connection, data)

    monkeypatch.setattr(Gateway, "_identify", cut_twice)
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        async with shard(playground, tmp_path, 0) as bot:
            assert bot.connected
    assert len(cuts) == 2
    point_discord_at(DISCORD)


async def test_each_shard_forgets_the_servers_that_it_has_left(tmp_path: Path) -> None:
    """Those of the other are not in its sight, which is no reason to forget them."""
    own, others = 1 << 23, (1 << 23) + (1 << 22)  # servers 2 and 3 of two shards: 0 and 1
    async with Store(tmp_path / "data0") as store:
        for server in (own, others):
            await store.servers.change(server, lambda _: ServerSettings(per_person=3))
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        async with shard(playground, tmp_path, 0) as bot:
            await eventually(lambda: own not in bot.store.servers.known)
            assert bot.store.servers.known == {others}
    point_discord_at(DISCORD)
