"""A Bobby that is killed and started again: every question has one answer, no more and no less.

Real processes, ended by SIGKILL, with questions in flight and others posted while there is none.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import pytest_asyncio

from bot.playground.model.records import Message
from bot.playground.server import Playground
from tests.e2e import pictures
from tests.e2e.chat_user import ChatUser
from tests.e2e.processes import START, TOKEN, Running, running
from tests.e2e.test_models import page_of
from tests.playground.clients import Page, eventually

PICTURE = ("a.png", pictures.plain())
FIRST_LIMIT = 100


@dataclass(frozen=True)
class Scene:
    """A playground, a person in it, and the folder from which Bobby is started there."""

    playground: Playground
    user: ChatUser
    folder: Path

    @contextlib.asynccontextmanager
    async def bobby(self, **settings: str) -> AsyncIterator[Running]:
        """Run `bobby run` until the block ends, then kill it; enter when it is logged in."""
        door = {TOKEN: self.playground.bot_token, "BOBBY_API_URL": self.playground.api}
        bot = self.playground.world.bot
        with running("run", folder=self.folder, **(door | settings)) as process:
            await eventually(lambda: self.playground.hub.connected(bot), within=START)
            yield process
        await eventually(lambda: not self.playground.hub.connected(bot), within=START)

    def answers(self, question: dict[str, Any]) -> list[Message]:
        """Return Bobby's replies to `question` as they stand now."""
        channel = self.playground.world.channels[int(question["channel_id"])]
        return [
            one
            for one in channel.messages.values()
            if one.reference and one.reference.message_id == int(question["id"])
        ]

    def text(self, question: dict[str, Any]) -> str:
        """Return what Bobby has answered to `question`."""
        return str([one.embeds for one in self.answers(question)])

    def answered(self, question: dict[str, Any]) -> bool:
        """Tell whether an answer to `question` stands there, one that is no sign of waiting."""
        return any(one.embeds for one in self.answers(question))


@pytest_asyncio.fixture(loop_scope="package")
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Return a scene in which nobody has started Bobby yet."""
    async with Playground() as playground:
        person = await playground.new_person("ann")
        async with ChatUser(playground, person, playground.channel_id) as user:
            yield Scene(playground, user, tmp_path)


async def test_a_kill_loses_no_question_and_answers_none_twice(scene: Scene) -> None:
    """Those in flight, one that reads that it is in line, and those that come while it is away."""
    user, names = scene.user, ("!classify", "!caption", "!zebra", "!why")
    async with scene.bobby() as process:
        first = await user.say("!classify", PICTURE)
        await eventually(lambda: scene.answered(first), within=START)
        process.worker().suspend()
        asked = [await user.say(name, PICTURE) for name in names * 2]
        await eventually(lambda: scene.answers(asked[0]), within=START)  # it says "in line"
    asked += [await user.say("!classify", PICTURE) for _ in range(3)]
    async with scene.bobby():
        await eventually(lambda: all(map(scene.answered, asked)), within=START)
        asked.append(await user.say("!help"))
        await eventually(lambda: scene.answered(asked[-1]), within=START)
    assert [len(scene.answers(one)) for one in (first, *asked)] == [1] * (len(asked) + 1)
    assert not any(
        one.components and "Cancel" in str(one.components) for one in scene.answers(first)
    )


async def test_an_answer_that_was_not_noted_is_not_given_again(scene: Scene) -> None:
    """The process before was killed between its answer and the note of it."""
    async with scene.bobby():
        asked = await scene.user.say("!classify", PICTURE)
        await eventually(lambda: scene.answered(asked), within=START)
    database = scene.folder / "data" / "bobby.sqlite3"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE questions SET answered = 0")
        connection.commit()
    async with scene.bobby():
        again = await scene.user.say("!help")
        await eventually(lambda: scene.answered(again), within=START)
        await eventually(lambda: not _open(database), within=START)
    assert len(scene.answers(asked)) == 1


async def test_who_asked_long_ago_is_told_in_one_sentence(scene: Scene) -> None:
    """A slash command's requester as well, in the channel: its own reply can't be had any more."""
    async with scene.bobby():
        asked = await scene.user.say("!classify", PICTURE)
        await eventually(lambda: scene.answered(asked), within=START)
    database = scene.folder / "data" / "bobby.sqlite3"
    channel = scene.playground.world.channels[scene.user.channel_id]
    old = channel.messages[int(asked["id"])]
    (answer,) = scene.answers(asked)
    del channel.messages[answer.id], channel.messages[old.id]
    old.sent_at -= timedelta(minutes=20)
    old.id = discord.utils.time_snowflake(old.sent_at)
    channel.messages[old.id] = old
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM questions")
        rows = [(old.id, channel.id, None), (old.id + 1, channel.id, scene.user.person.id)]
        connection.executemany("INSERT INTO questions VALUES (?, ?, ?, 0)", rows)
        connection.commit()
    async with scene.bobby():
        await eventually(lambda: not _open(database), within=START)
    told = [one for one in channel.messages.values() if "restarted" in f"{one.content}{one.embeds}"]
    assert len(told) == 2
    assert any(one.content.startswith(f"<@{scene.user.person.id}> ") for one in told)


def _open(database: Path) -> int:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM questions WHERE NOT answered")
    return int(count)


async def test_the_folder_of_a_killed_playground_is_removed_by_the_next(tmp_path: Path) -> None:
    """That of one that still runs stays."""
    for name in ("temporary", "other"):
        (tmp_path / name).mkdir()
    with running(
        "playground", "--json", folder=tmp_path, TMPDIR=str(tmp_path / "temporary")
    ) as one:
        await asyncio.to_thread(one.first_line)
        (left,) = (tmp_path / "temporary").glob("bobby-playground-*")
    assert left.exists()
    with running(
        "playground", "--json", folder=tmp_path / "other", TMPDIR=str(tmp_path / "temporary")
    ) as other:
        await asyncio.to_thread(other.first_line)
        assert not left.exists()
        assert len([*(tmp_path / "temporary").glob("bobby-playground-*")]) == 1


async def test_its_folder_may_be_deleted_under_it(scene: Scene) -> None:
    """A worker that is started afterwards answers all the same."""
    place = scene.folder / "place"
    place.mkdir()
    inside = Scene(scene.playground, scene.user, place)
    keep = {"BOBBY_DATA": str(scene.folder / "d"), "BOBBY_CACHE": str(scene.folder / "w")}
    async with inside.bobby(**keep) as process:
        first = await scene.user.say("!classify", PICTURE)
        await eventually(lambda: scene.answered(first), within=START)
        shutil.rmtree(place)
        process.worker().kill()
        second = await scene.user.say("!classify", PICTURE)
        await eventually(lambda: scene.answered(second), within=START)


async def test_a_hangup_is_an_end_in_order(scene: Scene) -> None:
    """As when a terminal is closed: the same as SIGTERM."""
    async with scene.bobby() as process:
        first = await scene.user.say("!classify", PICTURE)
        await eventually(lambda: scene.answered(first), within=START)
        os.kill(process.pid, signal.SIGHUP)
        assert await asyncio.to_thread(process.ended, 10) == 0


async def set_limit(page: Page, pictures: int) -> None:
    """Use `/settings limit`, whether or not a bot is there to answer."""
    command = await page.command("settings")
    option = {"name": "pictures", "type": 4, "value": pictures}
    data = {**command, "options": [{"name": "limit", "type": 1, "options": [option]}]}
    assert (await page.interact(2, data)).status == 204


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_thirty_kills_at_any_moment(scene: Scene) -> None:
    """Under twenty questions, a lesson and a setting each.

    Nobody is left without an answer or has two, and what was acknowledged is there.
    """
    moments = random.Random(8)
    world, kills = scene.playground.world, 30
    channels = [world.add_channel(f"room {n}") for n in range(4)]
    asked: list[dict[str, Any]] = []
    lessons: dict[str, dict[str, Any]] = {}
    limits = [0]
    """Those that were acknowledged."""
    async with contextlib.AsyncExitStack() as stack:
        users = [
            await stack.enter_async_context(
                ChatUser(scene.playground, await scene.playground.new_person(f"p{n}"), channel.id)
            )
            for n, channel in enumerate(channels)
        ]
        boss = await stack.enter_async_context(
            ChatUser(scene.playground, world.owner, scene.user.channel_id)
        )
        page = await stack.enter_async_context(page_of(scene.playground, world.owner))

        async def five(user: ChatUser) -> None:
            names = moments.choices(("!classify", "!caption", "!zebra", "!help"), k=5)
            asked.extend(
                [await user.say(one, *([PICTURE] if one != "!help" else [])) for one in names]
            )

        for number in range(kills):
            async with scene.bobby():
                lesson = ("a.png", pictures.plain(f"#{8 * number:02x}40f0"))
                lessons[f"label{number}"] = await boss.say(f"!teach label{number}", lesson)
                await asyncio.gather(*map(five, users))
                await set_limit(page, FIRST_LIMIT + number)
                await asyncio.sleep(moments.uniform(0, 5))
            if any("Queue limit per person" in str(shown) for shown in page.events):
                limits.append(FIRST_LIMIT + number)
            page.events.clear()
        async with scene.bobby():
            everything = [*asked, *lessons.values()]
            await eventually(lambda: all(map(scene.answered, everything)), within=600)
    twice = [
        (one["content"], said.sent_at, said.edited_at, said.content, said.embeds, said.components)
        for one in everything
        if len(scene.answers(one)) > 1
        for said in scene.answers(one)
    ]
    assert not twice
    with contextlib.closing(sqlite3.connect(scene.folder / "data" / "bobby.sqlite3")) as kept:
        known = Counter(label for (label,) in kept.execute("SELECT label FROM examples"))
        ((server,),) = kept.execute("SELECT settings FROM servers")
    assert max(limits) <= json.loads(server)["per_person"] < FIRST_LIMIT + kills
    learned = {label for label, one in lessons.items() if "Learned" in scene.text(one)}
    assert learned <= set(known)
    assert max(known.values()) == 1
