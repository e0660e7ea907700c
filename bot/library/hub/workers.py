"""The workers of Torch Hub repositories: one a repository, started when somebody first asks.

Owns which repository answers for `hub/NAME`, its process's command line and environment, and its
end. Each has a queue, a supervisor and limits of its own, made of the same parts as Bobby's own
worker's; a repository that crashes, hangs or eats memory costs nobody else anything.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Self

import msgspec

from bot.core.errors import BobbyError, UnknownModel
from bot.core.i18n import tr
from bot.core.settings import Settings
from bot.executor.engines.local import LocalEngine
from bot.executor.engines.supervisor import WorkerCommand
from bot.executor.executor import Executor
from bot.executor.factory import longest_silence, longest_work, worker_environment
from bot.executor.queue import Limits
from bot.library.downloads.folder import WeightsFolder
from bot.library.hub import archive, hf, hub_file, source_summary
from bot.library.hub.archive import RepositoryPaths
from bot.library.hub.hub_file import HfModel, Model, Repository
from models.jobs.model_info import ModelInfo

log = logging.getLogger(__name__)

PREFIX = "hub/"
HF_PREFIX = "hf/"
PREFIXES = (PREFIX, HF_PREFIX)
_SET_DUMPABLE = 4
_KEPT_BACK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "CUDA_VISIBLE_DEVICES")


class HubWorkers:
    """Every repository of the operator's list; open with `async with`.

    A worker that has work and says nothing for `hang_after` seconds is killed.
    """

    def __init__(self, settings: Settings, *, hang_after: float | None = None) -> None:
        self._settings = settings
        self._hang_after = hang_after or longest_work(settings)
        listed = hub_file.load(settings.hub)
        self._repositories = listed.repository
        self._hf = {HF_PREFIX + model.name: model for model in listed.hf}
        self._executors: dict[str, Executor] = {}
        self._opening = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every worker."""
        await self._stack.aclose()

    @property
    def models(self) -> dict[str, tuple[Repository, Model]]:
        """What people may ask for, by the name with "hub/" before it."""
        return {PREFIX + m.name: (r, m) for r in self._repositories for m in r.models}

    @property
    def cards(self) -> tuple[ModelInfo, ...]:
        """The same as cards, those of the Hugging Face Hub among them."""
        hf = (hf_card(name, model, self._hf_place(model)) for name, model in self._hf.items())
        return *self._torch_cards, *hf

    @property
    def _torch_cards(self) -> tuple[ModelInfo, ...]:
        return tuple(
            ModelInfo(
                name=name,
                task=model.task,
                parameters=0,
                weights=str(repository),
                source=f"https://github.com/{repository.name}",
                license="unstated",
                ready=self.place(repository).code.is_dir(),
                location="Torch Hub",
            )
            for name, (repository, model) in self.models.items()
        )

    def place(self, repository: Repository) -> RepositoryPaths:
        """Return where `repository` lies."""
        folder = self._settings.weights_folder / "hub"
        return archive.place(folder, repository.name, repository.commit)

    def _hf_place(self, model: HfModel) -> RepositoryPaths:
        folder = self._settings.weights_folder / "hub"
        return archive.place(folder, model.repository, model.revision)

    async def help(self, name: str) -> str | None:
        """Return the help text of the model `name`, None where its code has none.

        Raises:
            UnknownModel: It is not on the list, or its code is not here.
        """
        repository, model = self._find(name)
        code = self.place(repository).code
        if not code.is_dir():
            raise self._not_here(repository)
        summary = await asyncio.to_thread(source_summary.read, code)
        return summary.entry_points.get(model.entry)

    async def executor(self, name: str) -> Executor:
        """Return what answers for the model `name`, starting its repository's worker if need be.

        Raises:
            UnknownModel: It is not on the list, or its code is not here or not what was fetched.
        """
        if name.strip().lower().startswith(HF_PREFIX):
            return await self._hf_executor(name.strip().lower())
        repository, _ = self._find(name)
        key = str(repository)
        async with self._opening:
            if key not in self._executors:
                await self._check(repository)
                log.info("Starting a worker for %s", repository)
                _close_memory()
                place = self.place(repository)
                executor = self._made(command(self._settings, repository, place), place)
                self._executors[key] = await self._stack.enter_async_context(executor)
        return self._executors[key]

    async def _hf_executor(self, name: str) -> Executor:
        model = self._hf.get(name)
        if model is None:
            known = ", ".join(self._hf) or tr("none")
            raise UnknownModel(
                tr("No hub model of that name is listed here. There are: {known}.", known=known)
            )
        async with self._opening:
            if name not in self._executors:
                await _check_hf(name, model, self._hf_place(model))
                log.info("Starting a worker for %s", model)
                _close_memory()
                place = self._hf_place(model)
                program = hf_command(self._settings, hf_card(name, model, place), place)
                executor = self._made(program, place)
                self._executors[name] = await self._stack.enter_async_context(executor)
        return self._executors[name]

    def _find(self, name: str) -> tuple[Repository, Model]:
        wanted = name.strip().lower()
        if found := self.models.get(wanted) or self.models.get(PREFIX + wanted):
            return found
        known = ", ".join(self.models) or tr("none")
        raise UnknownModel(
            tr("No hub model of that name is listed here. There are: {known}.", known=known)
        )

    async def _check(self, repository: Repository) -> None:
        code = self.place(repository).code
        if not await asyncio.to_thread(code.is_dir):
            raise self._not_here(repository)
        if await asyncio.to_thread(archive.tree, code) != repository.tree:
            raise UnknownModel(
                tr(
                    "The code for {name} has changed since it was downloaded, so I "
                    "won't run it. The bot owner can restore it with `bobby hub fetch`.",
                    name=repository.name,
                )
            )

    def _not_here(self, repository: Repository) -> BobbyError:
        return UnknownModel(
            tr(
                "{name} isn't downloaded yet. The bot owner can get it with `bobby hub fetch`.",
                name=repository.name,
            )
        )

    def _made(self, program: list[str], place: RepositoryPaths) -> Executor:
        settings = self._settings
        place.home.mkdir(parents=True, exist_ok=True)
        worker = WorkerCommand(program, environment(os.environ, place))
        return Executor(
            LocalEngine(worker, hang_after=self._hang_after, silence=longest_silence(settings)),
            limits=Limits.of(settings),
            batch_size=settings.batch_size,
            timeout=settings.timeout,
        )


def _close_memory() -> None:
    """Let no other process of this user read the memory and the environment of this one, if Linux.

    The token is in both.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def command(settings: Settings, repository: Repository, place: RepositoryPaths) -> list[str]:
    """Return the command line of the worker for `repository`."""
    models = msgspec.json.encode([model.job() for model in repository.models]).decode()
    return [
        *(sys.executable, "-m", "models.worker.sandbox", "--home", str(place.home)),
        *("--readable", str(place.code), "--memory-mib", str(settings.hub_memory_mib)),
        *("models.worker.hub", "--log-level", settings.log_level),
        *("--code", str(place.code), "--home", str(place.home)),
        *("--repository", str(repository), "--models", models),
    ]


async def _check_hf(name: str, model: HfModel, place: RepositoryPaths) -> None:
    if find_spec("transformers") is None:
        raise UnknownModel(
            tr(
                "{name} needs the package transformers. The bot owner can install it with "
                '`pip install "bobby[hf]"`.',
                name=name,
            )
        )
    store = WeightsFolder(place.code)
    for listed in model.files:
        file = hf.weights_file(model, listed)
        if not store.has(file) or await asyncio.to_thread(store.complaint, file) is not None:
            raise UnknownModel(
                tr(
                    "{name} isn't downloaded yet, or a file of it is damaged. The bot owner can "
                    "get it with `bobby fetch {name}`.",
                    name=name,
                )
            )


def hf_card(name: str, model: HfModel, place: RepositoryPaths) -> ModelInfo:
    """Return what there is to know of `model`, which lies at `place`, as a card."""
    return ModelInfo(
        name=name,
        task=model.task,
        parameters=0,
        weights=str(model),
        source=f"https://huggingface.co/{model.repository}",
        license=model.license,
        ready=all((place.code / file.name).is_file() for file in model.files),
        location="Hugging Face Hub",
    )


def hf_command(settings: Settings, card: ModelInfo, place: RepositoryPaths) -> list[str]:
    """Return the command line of the worker for the model of `card`."""
    return [
        *(sys.executable, "-m", "models.worker.sandbox", "--home", str(place.home)),
        *("--readable", str(place.code), "--memory-mib", str(settings.hub_memory_mib)),
        *("models.worker.hf", "--log-level", settings.log_level),
        *("--files", str(place.code), "--card", msgspec.json.encode(card).decode()),
    ]


def environment(inherited: Mapping[str, str], place: RepositoryPaths) -> dict[str, str]:
    """Return the worker's environment: less than Bobby's own worker's, and with its own folders."""
    kept = worker_environment(inherited)
    own = {name: value for name, value in kept.items() if name.upper() not in _KEPT_BACK}
    home = str(place.home)
    return own | {
        "HOME": home,
        "TMPDIR": home,
        "XDG_CACHE_HOME": home,
        "TORCH_HOME": str(place.home / "torch"),
        "CUDA_VISIBLE_DEVICES": "",
    }
