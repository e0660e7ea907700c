"""In a chat: who may have a model downloaded, who waits for it, and what the others are told."""

import asyncio
import hashlib
import io
import logging
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import torch
from PIL import Image

from bot.app.client import Bobby
from bot.app.discord_patches import DISCORD, point_discord_at
from bot.app.lifecycle import connected
from bot.core.settings import Settings
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.supervisor import WorkerCommand
from bot.executor.executor import Executor
from bot.executor.factory import worker_command, worker_environment
from bot.executor.queue import Limits
from bot.library.hub.workers import HubWorkers
from bot.library.on_demand import ModelDownloads
from bot.pictures.fetch import Fetcher
from bot.playground.model.permissions import PermissionBits
from bot.playground.server import Playground
from bot.storage.store import Store
from models.bench.random_weights import settle
from models.catalog.classifiers import catalog
from tests.bot.library import stocked_worker
from tests.bot.library.publisher import Publisher
from tests.e2e.chat_user import ChatUser, said

MODEL = stocked_worker.NAME


@dataclass(frozen=True)
class Scene:
    """A playground, Bobby in it, and the publisher of the one model that is worth asking for."""

    playground: Playground
    bot: Bobby
    publisher: Publisher
    file: str

    async def user(self, name: str, *, manager: bool = False) -> ChatUser:
        """Return a new person in the channel; open it with `async with`."""
        world = self.playground.world
        person = await self.playground.new_person(name)
        if manager:
            world.give_role(person, world.add_role("managers", PermissionBits.MANAGE_GUILD))
        return ChatUser(self.playground, person, self.playground.channel_id)


@pytest_asyncio.fixture
async def scene(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    """Run all of Bobby, with a worker that knows a model which is not here yet."""
    caplog.set_level(logging.INFO, "bot.library")
    saved = io.BytesIO()
    torch.manual_seed(0)
    torch.save(settle(catalog()[stocked_worker.NETWORK].build(), 224).state_dict(), saved)
    sha256 = hashlib.sha256(saved.getvalue()).hexdigest()[:8]
    file = f"house_net-{sha256}.pth"
    async with Publisher(files={file: saved.getvalue()}) as publisher, Playground() as playground:
        point_discord_at(playground.api, gateway=playground.gateway)
        settings = Settings(_env_file=None, cache=tmp_path / "weights", device="cpu")
        script = str(Path(stocked_worker.__file__))
        command = [sys.executable, script, f"{publisher.url}/{file}", file, sha256]
        environment = worker_environment({"TORCH_HOME": str(tmp_path / "torch")})
        program = WorkerCommand(
            command + worker_command(settings, settings.device)[3:], environment
        )
        engine = LocalEngine(program, hang_after=120.0)
        executor = Executor(engine, limits=Limits.of(settings), batch_size=8, timeout=60.0)
        async with (
            Fetcher(max_bytes=2**20) as fetcher,
            ModelDownloads(settings, executor) as downloads,
            HubWorkers(settings) as hub,
            Store(tmp_path / "data") as store,
            Bobby(
                settings=settings,
                executor=executor,
                fetcher=fetcher,
                downloads=downloads,
                hub=hub,
                store=store,
            ) as bot,
            executor,
            connected(bot, playground.bot_token),
        ):
            await executor.ready()
            await bot.wait_until_ready()
            yield Scene(playground, bot, publisher, file)
    point_discord_at(DISCORD)


def picture() -> tuple[str, bytes]:
    """Return a file with a picture in it."""
    file = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(file, "PNG")
    return "picture.png", file.getvalue()


def model_of(message: dict[str, Any]) -> str:
    """Return the model that the small print of an answer names."""
    return said(message).rpartition("\n")[2].partition(" · ")[0]


async def test_a_manager_brings_a_model_and_all_wait_for_it(scene: Scene) -> None:
    """One download, one reply each: progress that becomes the answer, for everybody who asked."""
    scene.publisher.pause = 0.1
    async with await scene.user("ann", manager=True) as ann, await scene.user("ben") as ben:
        refused = await ben.ask(f"!classify {MODEL}", picture())
        assert model_of(refused) == "efficientnet_lite0"
        assert "isn't installed here, so efficientnet" in said(refused).replace("\\", "")
        assert "Someone with **Manage Server**" in said(refused)
        assert scene.publisher.asked == []

        asked = await ann.say(f"!classify {MODEL}", picture())
        progress = await ann.told(asked)
        assert f"Downloading **{MODEL}**" in said(progress)
        joined = await ben.say(f"!classify {MODEL}", picture())

        for user, message in ((ann, asked), (ben, joined)):
            answer = await _answered(user, message)
            assert len(user.replies(message)) == 1
            assert "installed" not in said(answer)
        assert len(scene.publisher.asked) == 1

        await _is_ready(scene)
        again = await ben.ask(f"!classify {MODEL}", picture())
        assert model_of(again) == MODEL
        assert len(scene.publisher.asked) == 1

        both = said(await ben.ask("!compare", picture())).replace("\\", "")
        assert "Model comparison" in both
        for model in ("efficientnet_lite0", MODEL):
            assert f"**{model}** " in both
        assert "Not installed: alexnet" in both


async def test_the_log_says_what_is_ready(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """One line at the start counts the models."""
    assert scene.bot.executor.models
    (line,) = [r.message for r in caplog.get_records("setup") if "models ready" in r.message]
    ready = sum(card.ready for card in scene.bot.executor.models)
    assert line == f"{ready} of {len(scene.bot.executor.models)} models ready"


async def test_a_download_that_fails_costs_nobody_the_answer(scene: Scene) -> None:
    """Another model answers, and the reply says what went wrong."""
    scene.publisher.files[scene.file] = bytes(1000)
    async with await scene.user("ann", manager=True) as ann:
        reply = await ann.ask(f"!classify {MODEL}", picture())
    assert model_of(reply) == "efficientnet_lite0"
    assert "failed its check" in said(reply)


async def _answered(user: ChatUser, question: dict[str, Any]) -> dict[str, Any]:
    """Wait until the reply to `question` is an answer of the model."""

    def wanted(one: dict[str, Any]) -> bool:
        reference = one.get("message_reference") or {}
        return reference.get("message_id") == question["id"] and model_of(one) == MODEL

    return await user.heard(wanted)


async def _is_ready(scene: Scene) -> None:
    """Wait until the worker has told the bot that the model is here."""
    async with asyncio.timeout(10):
        while not any(c.name == MODEL and c.ready for c in scene.bot.executor.models):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
