"""The operator's list of repositories, `hub.toml`: what people may ask, and nothing else.

Those of Torch Hub are code, and those of the Hugging Face Hub are files, without any code.

Owns the file's form, its reading with a sentence for every mistake, and the writing of new
records at its end. It opens no connection and never looks at a repository's code.
"""

import json
import posixpath
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from bot.core.errors import SetupError, WrongSetting
from models.jobs.model_info import HubModel, WeightsFile

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FILE = re.compile(r"[\w-][\w.-]{0,199}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that the code would download: its address and its whole SHA-256."""

    url: str
    sha256: str

    def file(self) -> WeightsFile:
        """Return it as the downloader wants it, under the name that PyTorch looks for."""
        name = posixpath.basename(urlsplit(self.url).path)
        return WeightsFile(name=name, url=self.url, proof="sha256", digest=self.sha256)


class Model(HubModel, frozen=True, tag=None, forbid_unknown_fields=True, kw_only=True):
    """One entry point that people may ask for, by its name after "hub/"."""

    task: Literal["classify"] = "classify"

    def job(self) -> HubModel:
        """Return what the worker has to know of it."""
        fields = {name: getattr(self, name) for name in HubModel.__struct_fields__}
        return HubModel(**fields)


class Repository(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A repository at one commit.

    `tree` is the hash of all its files, see `archive.tree`; `weights` are what its code would
    download. `models` are the entry points that people may ask for.
    """

    name: str
    commit: str
    tree: str
    weights: tuple[Weights, ...] = ()
    models: tuple[Model, ...] = msgspec.field(default=(), name="model")

    def __str__(self) -> str:
        return f"{self.name}@{self.commit[:12]}"


class HfFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of a Hugging Face repository: its size in bytes, and its SHA-256 or its id in git."""

    name: str
    size: int
    sha256: str | None = None
    git: str | None = None


class HfModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model of the Hugging Face Hub at one revision; people ask for "hf/" and its `name`."""

    name: str
    repository: str
    revision: str
    task: Literal["classify"]
    license: str
    files: tuple[HfFile, ...]

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision[:12]}"


class HubFile(msgspec.Struct, forbid_unknown_fields=True):
    """All that the list has."""

    repository: tuple[Repository, ...] = ()
    hf: tuple[HfModel, ...] = ()


def check_source(name: str, commit: str) -> None:
    """Check what is to be fetched.

    Raises:
        SetupError: It is no OWNER/REPO at a commit of 40 hexadecimal digits.
    """
    if not _REPOSITORY.fullmatch(name):
        raise SetupError(f"{name!r} is no repository: it should be OWNER/REPO.")
    if not _COMMIT.fullmatch(commit):
        raise SetupError(
            f"{commit!r} isn't a full commit hash. Use all 40 characters; branches and "
            f"tags can move."
        )


def read(path: Path) -> tuple[Repository, ...]:
    """Return the repositories in the list at `path`, none where there is no such file.

    Raises:
        WrongSetting: The list can't be read; the sentence says where it is wrong.
    """
    return load(path).repository


def read_hf(path: Path) -> tuple[HfModel, ...]:
    """Return the Hugging Face models in the list at `path`, none where there is no such file.

    Raises:
        WrongSetting: The list can't be read; the sentence says where it is wrong.
    """
    return load(path).hf


def load(path: Path) -> HubFile:
    """Return the list at `path`, an empty one where there is no such file.

    Raises:
        WrongSetting: The list can't be read; the sentence says where it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return HubFile()
    except UnicodeDecodeError as error:
        raise WrongSetting(f"{path} can't be read: {error}.") from None
    return _parsed(path, text)


def _parsed(path: Path, text: str) -> HubFile:
    try:
        found = msgspec.convert(tomllib.loads(text), type=HubFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise WrongSetting(f"{path} can't be read: {error}.") from None
    _check(path, found.repository)
    _check_hf(path, found.hf)
    return found


def _check(path: Path, repositories: tuple[Repository, ...]) -> None:
    names: set[str] = set()
    for repository in repositories:
        _check_source(path, repository.name, repository.commit)
        hashes = [repository.tree, *(weights.sha256 for weights in repository.weights)]
        if not all(_SHA256.fullmatch(digest) for digest in hashes):
            raise WrongSetting(f"{path}: a hash of {repository.name} should have 64 digits.")
        for weights in repository.weights:
            if weights.file().name in {"", ".", ".."}:
                raise WrongSetting(f"{path}: {weights.url} should end in a file's name.")
        for model in repository.models:
            _add_name(path, model.name, names)


def _check_hf(path: Path, models: tuple[HfModel, ...]) -> None:
    names: set[str] = set()
    for model in models:
        _check_source(path, model.repository, model.revision)
        _add_name(path, model.name, names)
        for file in model.files:
            if not _FILE.fullmatch(file.name):
                raise WrongSetting(f"{path}: {file.name!r} is no name of a file.")
            if not (_SHA256.fullmatch(file.sha256 or "") or _COMMIT.fullmatch(file.git or "")):
                raise WrongSetting(f"{path}: {file.name} of {model.name} has no hash.")


def _check_source(path: Path, name: str, commit: str) -> None:
    try:
        check_source(name, commit)
    except SetupError as error:
        raise WrongSetting(f"{path}: {error}") from None


def _add_name(path: Path, name: str, names: set[str]) -> None:
    if not _NAME.fullmatch(name) or name in names:
        raise WrongSetting(
            f"{path}: the model's name {name!r} should be small letters, digits,"
            " dots, dashes and underscores, and there only once."
        )
    names.add(name)


def append_hf(path: Path, model: HfModel) -> None:
    """Write `model` at the end of the list at `path`.

    Raises:
        SetupError: The list could not be read then; it stays as it was.
    """
    fields = ("name", "repository", "revision", "task", "license")
    lines = ["", "[[hf]]", *(f"{name} = {_text(getattr(model, name))}" for name in fields)]
    lines += ["files = ["]
    for file in model.files:
        proof = f'sha256 = "{file.sha256}"' if file.sha256 else f'git = "{file.git}"'
        lines += [f"  {{ name = {_text(file.name)}, size = {file.size}, {proof} }},"]
    _append(path, [*lines, "]"])


def append(path: Path, repository: Repository, offered: Mapping[str, str | None]) -> None:
    """Write `repository` at the end of the list at `path`.

    The entry points that it has `offered` are named in a comment, to choose from by hand.

    Raises:
        SetupError: The list could not be read then; it stays as it was.
    """
    lines = [
        "",
        "[[repository]]",
        f"name = {_text(repository.name)}",
        f"commit = {_text(repository.commit)}",
        f"tree = {_text(repository.tree)}",
        '# weights = [{ url = "https://…", sha256 = "…" }]  # what the code would download',
        f"# Its entry points: {', '.join(offered) or 'none'}",
    ]
    for model in repository.models:
        lines += ["", "[[repository.model]]", f"name = {_text(model.name)}"]
        lines += [f"entry = {_text(model.entry)}"]
        if model.arguments:
            given = [f"{key} = {_value(value)}" for key, value in model.arguments.items()]
            lines += [f"arguments = {{ {', '.join(given)} }}"]
    _append(path, lines)


def _append(path: Path, lines: Sequence[str]) -> None:
    text = "\n".join(lines) + "\n"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    _parsed(path, before + text)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # TOML's basic strings have JSON's escapes


def _value(value: str | float | bool) -> str:
    return json.dumps(value, ensure_ascii=False)
