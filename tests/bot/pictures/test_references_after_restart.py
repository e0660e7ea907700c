"""Buttons that outlive a restart: the Bobby that answers a press never saw the question."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import assembled, connected
from bot.core.settings import Settings
from bot.playground.server import Playground
from tests.e2e.chat_user import ChatUser, said
from tests.e2e.test_interactions import ATTACHMENT, answered
from tests.e2e.test_models import press
from tests.e2e.test_why import choose, menu
from tests.models.pictures import encoded, scene
from tests.playground.clients import Page, Rest, eventually


@asynccontextmanager
async def bobby(playground: Playground, folder: Path) -> AsyncIterator[None]:
    """Run a Bobby in `playground` for the length of the block."""
    settings = Settings(_env_file=None, cache=folder / "weights", data=folder / "data")
    async with assembled(settings) as bot, connected(bot, playground.bot_token):
        await bot.executor.ready()
        await bot.wait_until_ready()
        bot.waiting.silent = 60.0
        yield


async def test_buttons_outlive_a_restart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All of them, pressed in turn; and the commands are not published a second time."""
    caplog.set_level(logging.INFO, "bot.app.command_sync")
    file = ("a.png", encoded(scene()))
    asked = ("!classify", "!caption", "!why", "!models")
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        try:
            person = await playground.new_person("ann")
            async with ChatUser(playground, person, playground.channel_id) as user:
                async with bobby(playground, tmp_path):
                    answers = [
                        await user.ask(words, *([file] if words != "!models" else []))
                        for words in asked
                    ]
                async with (
                    bobby(playground, tmp_path),
                    Rest(playground.api, person.token) as rest,
                    Page(playground, person.token, rest) as page,
                ):
                    await press(page, answers[0], "Why?")
                    await press(page, answers[0], "Show Python code")
                    await press(page, answers[1], "More captions")
                    await choose(page, answers[2], menu(answers[2])["options"][1]["value"])
                    await press(page, answers[3], "More ▶")
                    await eventually(lambda: len(_answers(page)) == 5)
        finally:
            point_discord_at(DISCORD)
    assert not any("gone" in said(message) for message in _answers(page))
    assert caplog.text.count("Publishing") == 1


async def test_buttons_below_slash_answers_outlive_a_restart(tmp_path: Path) -> None:
    """Their pictures' addresses are kept with the answers; the menu's choice keeps them on."""
    file = ("a.png", encoded(scene()))
    option = {"name": "picture", "type": ATTACHMENT, "value": "0"}
    given = {"options": [option], "attachments": [{"id": "0", "filename": file[0]}]}
    async with Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        try:
            person = await playground.new_person("ann")
            channel = playground.world.channels[playground.channel_id]
            async with (
                Rest(playground.api, person.token) as rest,
                Page(playground, person.token, rest) as page,
            ):
                async with bobby(playground, tmp_path):
                    commands = [await page.command(one, channel.id) for one in ("classify", "why")]
                    classified, why = [
                        await answered(page, channel, command | given, files=[file])
                        for command in commands
                    ]
                for number in (1, 2):
                    async with bobby(playground, tmp_path):
                        await press(page, classified, "Why?")
                        label = menu(why)["options"][number]["value"]
                        await choose(page, why, label)
                        await _heard(page, 2 + 2 * number)
        finally:
            point_discord_at(DISCORD)
    assert not any("can't find" in said(one) for one in page.heard("MESSAGE_CREATE"))
    explained = [said(one) for one in _answers(page)[1:]]
    assert all("Brighter" in one for one in explained)


async def _heard(page: Page, answers: int) -> None:
    await eventually(lambda: len(_answers(page)) == answers)


def _answers(page: Page) -> list[dict[str, Any]]:
    return [m for m in page.heard("MESSAGE_UPDATE") if not m.get("flags", 0) & 128]
