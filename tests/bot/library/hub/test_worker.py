"""The worker of a hub repository: it answers, and whatever its code does stays with it."""

import asyncio
import ctypes
import io
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from PIL import Image
from yarl import URL

from bot.core.errors import BadPicture, ModelFailed, UnknownModel, WorkerLost
from bot.core.settings import Settings
from bot.executor.queue import Requester
from bot.library.hub import archive, hub_file
from bot.library.hub.hub_file import Model, Repository
from bot.library.hub.workers import HubWorkers
from models.jobs.answers import Labels
from models.jobs.requests import Classify
from models.worker import sandbox
from tests.bot.library.hub import repository as things
from tests.bot.library.publisher import Publisher

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENTRIES = (
    *("brightness", "forks", "leaves", "exits", "deadlocks", "eats_memory", "calls_home"),
    *("pries", "escapes", "unfit"),
)
HANG_AFTER = 6.0


def landlock() -> bool:
    """Tell whether the kernel can do all that `models.worker.sandbox` wants of it."""
    if sys.platform != "linux":
        return False
    version = ctypes.CDLL(None).syscall(sandbox._CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    return bool(version >= 6)


def bright(level: int) -> bytes:
    """Return a picture of one gray, from 0 to 255."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (level, level, level)).save(file, "PNG")
    return file.getvalue()


def listed(settings: Settings) -> None:
    """Put the repository where Bobby looks for it, and on the list."""
    place = archive.place(settings.weights_folder / "hub", things.OWNER, things.COMMIT)
    things.write(place.code)
    models = tuple(Model(name=name, entry=name, labels=things.LABELS) for name in ENTRIES)
    repository = Repository(
        name=things.OWNER, commit=things.COMMIT, tree=archive.tree(place.code), models=models
    )
    hub_file.append(settings.hub, repository, {})
    text = settings.hub.read_text()
    settings.hub.write_text(text.replace('\nentry = "', '\nlabels = ["dark", "bright"]\nentry = "'))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HubWorkers]:
    """Open the hub with the one repository."""
    folder = tmp_path_factory.mktemp("hub")
    settings = Settings(
        _env_file=None, cache=folder / "weights", hub=folder / "hub.toml", hub_memory_mib=6144
    )
    listed(settings)
    os.environ["A_TOKEN"] = "secret"
    try:
        async with HubWorkers(settings, hang_after=HANG_AFTER) as hub:
            yield hub
    finally:
        del os.environ["A_TOKEN"]


async def ask(hub: HubWorkers, name: str, picture: bytes) -> Labels:
    """Return what the model makes of a picture."""
    executor = await hub.executor(f"hub/{name}")
    return await executor.submit(Classify(picture=picture, model=f"hub/{name}"), Requester(1, None))


async def test_it_answers(hub: HubWorkers) -> None:
    """Labels, from a package called `models`, although its code prints into the stream."""
    answers = await asyncio.gather(
        ask(hub, "brightness", bright(250)), ask(hub, "brightness", bright(5))
    )
    assert [answer.top[0].label for answer in answers] == ["bright", "dark"]
    assert answers[0].model == "hub/brightness"
    assert answers[0].weights == f"{things.OWNER}@{things.COMMIT[:12]}"
    assert answers[0].top[0].probability > 0.9


async def test_a_bad_picture_fails_as_elsewhere(hub: HubWorkers) -> None:
    """It is decoded by Bobby's own code, before the stranger's sees it."""
    with pytest.raises(BadPicture):
        await ask(hub, "brightness", b"no picture")


async def test_it_has_no_token_no_proxy_and_no_descriptors_of_the_bot(hub: HubWorkers) -> None:
    """What its code can see is its own folder and its own pipes."""
    assert (await ask(hub, "pries", bright(250))).top[0].label == "bright"


@pytest.mark.skipif(not landlock(), reason="This kernel has no Landlock that knows signals.")
async def test_there_is_no_way_out(hub: HubWorkers, tmp_path: Path) -> None:
    """No program, no file of others, no process and no server of this machine is in its reach."""
    secret = tmp_path / ".env"
    secret.write_text("DISCORD_TOKEN=secret")
    async with Publisher(files={"weights": b"w"}) as somebody:
        repository, _ = hub.models["hub/escapes"]
        outside = hub.place(repository).home / "outside.txt"
        outside.parent.mkdir(parents=True, exist_ok=True)
        outside.write_text(f"{secret} {URL(somebody.url).port}")
        assert (await ask(hub, "escapes", bright(250))).top[0].label == "bright"
    assert secret.read_text() == "DISCORD_TOKEN=secret"


async def test_a_fork_answers_nobody(hub: HubWorkers) -> None:
    """One answer a question, and the next one is answered too."""
    for _ in range(2):
        assert (await ask(hub, "forks", bright(250))).top[0].label == "bright"
    assert (await ask(hub, "brightness", bright(5))).top[0].label == "dark"


async def test_nobody_is_called(hub: HubWorkers) -> None:
    """A server on this very machine, which would answer, hears nothing of it."""
    async with Publisher(files={"weights": b"w"}) as somebody:
        repository, _ = hub.models["hub/calls_home"]
        (hub.place(repository).home / "somebody.txt").write_text(f"{somebody.url}/weights")
        with pytest.raises(ModelFailed):
            await ask(hub, "calls_home", bright(250))
        assert somebody.asked == []


@pytest.mark.parametrize("name", ["leaves", "unfit"])
async def test_an_error_is_a_sentence(hub: HubWorkers, name: str) -> None:
    """`sys.exit` and a wrong shape are errors of the model; its worker lives on."""
    before = (await hub.executor("hub/brightness")).snapshot().restarts
    with pytest.raises(ModelFailed, match=f"hub/{name} hit an error"):
        await ask(hub, name, bright(250))
    assert (await ask(hub, "brightness", bright(5))).top[0].label == "dark"
    assert (await hub.executor("hub/brightness")).snapshot().restarts == before


async def test_memory_has_an_end(hub: HubWorkers) -> None:
    """Who takes more than is allowed is told so, and the next question is answered.

    A process at its limit may meet it in its own code, as an error, or anywhere, and end.
    """
    with pytest.raises((ModelFailed, WorkerLost), match=r"ran out of memory|Something crashed"):
        await ask(hub, "eats_memory", bright(250))
    assert (await ask(hub, "brightness", bright(5))).top[0].label == "dark"


async def test_a_process_that_ends_is_replaced(hub: HubWorkers) -> None:
    """The person who asked is told, and the next question is answered by a new worker."""
    with pytest.raises(WorkerLost):
        await ask(hub, "exits", bright(250))
    assert (await ask(hub, "brightness", bright(5))).top[0].label == "dark"


async def test_a_deadlock_is_killed(hub: HubWorkers) -> None:
    """After the time agreed on; the next question is answered by a new worker."""
    with pytest.raises(WorkerLost):
        await ask(hub, "deadlocks", bright(250))
    assert (await ask(hub, "brightness", bright(5))).top[0].label == "dark"


async def test_who_is_not_listed(hub: HubWorkers) -> None:
    """An entry point that nobody listed is out of reach."""
    with pytest.raises(UnknownModel, match="hub/brightness"):
        await ask(hub, "_hidden", bright(5))


async def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    """With Bobby end the worker and what it forked."""
    settings = Settings(
        _env_file=None, cache=tmp_path / "weights", hub=tmp_path / "hub.toml", hub_memory_mib=6144
    )
    listed(settings)
    async with HubWorkers(settings) as hub:
        await ask(hub, "forks", bright(250))
        family = psutil.Process().children(recursive=True)
        workers = [one for one in family if str(tmp_path) in " ".join(one.cmdline())]
        assert len(workers) == 2
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert alive == []


async def test_changed_code_is_not_run(tmp_path: Path) -> None:
    """What has changed since it was downloaded is named, and no worker starts."""
    settings = Settings(_env_file=None, cache=tmp_path / "weights", hub=tmp_path / "hub.toml")
    listed(settings)
    place = archive.place(settings.weights_folder / "hub", things.OWNER, things.COMMIT)
    (place.code / "models" / "brightness.py").write_text("raise SystemExit")
    async with HubWorkers(settings) as hub:
        with pytest.raises(UnknownModel, match="has changed since it was downloaded"):
            await hub.executor("hub/brightness")
