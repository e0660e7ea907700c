"""What the Hugging Face Hub says of a repository, and what of it may be fetched.

Owns the questions to the Hub's API and the reasons to refuse a repository. Nothing of it is
run, no pickle is fetched, and of its weights only safetensors count.
"""

import json
import os
import re
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

import aiohttp
import msgspec

from bot.core import network
from bot.core.errors import SetupError
from bot.library.downloads.progress import size
from bot.library.hub.hub_file import HfFile, HfModel, check_source
from models.jobs.model_info import WeightsFile

Task: TypeAlias = Literal["classify"]

MOST_BYTES = 8 * 2**30
"""Of a repository's files that are wanted."""
MOST_JSON = 4 * 2**20
"""Bytes of an answer of the API, or of a file that is read for code that it asks for."""
_TASKS: dict[str, Task] = {"image-classification": "classify"}
_WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors")
_NEEDED = re.compile(r"[\w-][\w.-]*\.(json|txt|model|jinja)", re.ASCII)
_CONFIGURATION = re.compile(r"(config|.+_config)\.json")
_TIMEOUT = aiohttp.ClientTimeout(total=60)


class _Lfs(msgspec.Struct):
    sha256: str


class _Sibling(msgspec.Struct, rename={"name": "rfilename", "blob": "blobId"}):
    name: str
    blob: str
    size: int
    lfs: _Lfs | None = None


class _Answer(msgspec.Struct):
    """What `/api/models/OWNER/NAME/revision/REVISION?blobs=true` gives, as far as it is used."""

    sha: str
    siblings: list[_Sibling]
    pipeline_tag: str | None = None
    gated: bool | str = False
    cardData: dict[str, Any] | None = None  # noqa: N815  (the Hub's own name)


def endpoint() -> str:
    """Return the Hub's address: the one in `HF_ENDPOINT`, if set, as its own client has it."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def token() -> str | None:
    """Return the login in `HF_TOKEN`, if any; for commands that fetch, never for a worker."""
    return os.environ.get("HF_TOKEN") or None


def weights_file(model: HfModel, file: HfFile) -> WeightsFile:
    """Return `file` as the downloader wants it."""
    return WeightsFile(
        name=file.name,
        url=f"{endpoint()}/{model.repository}/resolve/{model.revision}/{quote(file.name)}",
        proof="sha256" if file.sha256 else "git",
        digest=file.sha256 or file.git,
        size_bytes=file.size,
    )


async def look_up(repository: str, revision: str, task: Task | None, name: str | None) -> HfModel:
    """Return the record of OWNER/NAME `repository`, pinned to what `revision` is now.

    `task` None means what its page says, `name` None the last part of the repository's own.

    Raises:
        SetupError: It can't be had, or it is nothing for Bobby; the sentence says why.
    """
    login = {"Authorization": f"Bearer {secret}"} if (secret := token()) else {}
    async with aiohttp.ClientSession(
        headers=login, timeout=_TIMEOUT, connector=network.Connector()
    ) as session:
        url = f"{endpoint()}/api/models/{repository}/revision/{quote(revision, safe='')}"
        text = await _get(session, f"{url}?blobs=true", repository)
        try:
            answer = msgspec.json.decode(text, type=_Answer)
        except msgspec.DecodeError as error:
            raise SetupError(f"The Hub's answer can't be read: {error}.") from None
        check_source(repository, answer.sha)
        if answer.gated and not secret:
            raise SetupError(_gated(repository))
        found = HfModel(
            name=name or repository.partition("/")[2].lower(),
            repository=repository,
            revision=answer.sha,
            task=task or _task(repository, answer),
            license=str((answer.cardData or {}).get("license") or "unstated"),
            files=_files(repository, answer.siblings),
        )
        for file in found.files:
            if _CONFIGURATION.fullmatch(file.name):
                where = f"{endpoint()}/{repository}/resolve/{answer.sha}/{file.name}"
                _check_configuration(file.name, await _get(session, where, repository))
    return found


def _task(repository: str, answer: _Answer) -> Task:
    if task := _TASKS.get(answer.pipeline_tag or ""):
        return task
    raise SetupError(
        f"The page of {repository} says it's for {answer.pipeline_tag or 'no task'}. "
        "If it classifies pictures, say so with --task classify."
    )


def _files(repository: str, siblings: list[_Sibling]) -> tuple[HfFile, ...]:
    weights = [one for one in siblings if _WEIGHTS.fullmatch(one.name)]
    if not weights:
        raise SetupError(
            f"{repository} has no model.safetensors. Bobby opens no other weights: a pickle can "
            "run code."
        )
    if any(one.name == "model.safetensors" for one in weights):
        weights = [one for one in weights if one.name == "model.safetensors"]
    wanted = [*(one for one in siblings if _NEEDED.fullmatch(one.name)), *weights]
    if not any(one.name == "config.json" for one in wanted):
        raise SetupError(f"{repository} has no config.json, so it isn't a transformers model.")
    if (total := sum(one.size for one in wanted)) > MOST_BYTES:
        raise SetupError(f"{repository} is too large: {size(total)}, at most {size(MOST_BYTES)}.")
    return tuple(
        HfFile(name=one.name, size=one.size, sha256=one.lfs.sha256)
        if one.lfs
        else HfFile(name=one.name, size=one.size, git=one.blob)
        for one in sorted(wanted, key=lambda one: one.name)
    )


def _check_configuration(name: str, text: bytes) -> None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise SetupError(f"Its {name} isn't JSON.") from None
    if not isinstance(found, dict) or "auto_map" in found:
        raise SetupError(
            f"It needs code of its own ({name} has auto_map), and Bobby never runs that. "
            "Choose a model that transformers supports by itself."
        )


async def _get(session: aiohttp.ClientSession, url: str, repository: str) -> bytes:
    """Return what is at `url`.

    Raises:
        SetupError: It can't be had.
    """
    try:
        async with session.get(url) as response:
            if response.status in {401, 403}:
                told = response.headers.get("X-Error-Code")
                raise SetupError(_gated(repository) if told == "GatedRepo" else _gone(repository))
            if response.status == 404:
                raise SetupError(_gone(repository))
            response.raise_for_status()
            text = await response.content.read(MOST_JSON + 1)
            while not response.content.at_eof() and len(text) <= MOST_JSON:
                text += await response.content.read(MOST_JSON + 1 - len(text))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SetupError(f"{endpoint()} can't be reached: {network.reason(error)}.") from None
    if len(text) > MOST_JSON:
        raise SetupError(f"{url} is longer than {size(MOST_JSON)}.")
    return text


def _gated(repository: str) -> str:
    return (
        f"{repository} is gated: accept its terms at {endpoint()}/{repository}, then run this "
        "command with HF_TOKEN set to a token of your account."
    )


def _gone(repository: str) -> str:
    return f"{endpoint()} has no {repository} at that revision, or it is private."
