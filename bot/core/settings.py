"""The operator's settings: one frozen object, read once from the environment and `.env`.

The command line reads it and passes it down; importing this module reads nothing.
"""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.errors import WrongSetting
from models.jobs.base import Precision


def _prefix(text: str) -> str:
    if not text or len(text) > 5 or any(c.isspace() for c in text):
        raise ValueError("it must be 1 to 5 characters without spaces")
    return text


def _device(text: str) -> str:
    devices = [device.strip() for device in text.split(",")]
    if not all(re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device) for device in devices):
        raise ValueError(
            "it must be auto, cpu, mps, cuda or cuda:N, or several separated by commas"
        )
    return ",".join(devices)


def _host_and_port(text: str) -> str:
    if text and not re.fullmatch(r"[^\s/]+:\d+", text):
        raise ValueError("it must be a host and a port, such as head:6379")
    return text


def _numbers(text: str) -> str:
    if text and not re.fullmatch(r"\d+(,\d+)*", text.replace(" ", "")):
        raise ValueError("it must be numbers with commas between them, such as 0,1")
    return text.replace(" ", "")


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("it must begin with http:// or https://")
    try:
        host, _ = urlsplit(text).hostname, urlsplit(text).port
    except ValueError:
        host = None
    if not host or re.search(r"\s", text):
        raise ValueError("it must be a web address, such as https://example.org/weights")
    return text.rstrip("/")


def _no_or_web_address(text: str) -> str:
    return _web_address(text) if text else ""


def _token(secret: SecretStr | None) -> SecretStr | None:
    if secret and not re.fullmatch(r"[!-~]*", secret.get_secret_value().strip()):
        raise ValueError(
            "it has a space, a line break or another character inside that no token has."
            " Copy it again, in one piece"
        )
    return secret


def _mirror(text: str | None) -> str | None:
    return None if text is None else _web_address(text)


class Settings(BaseSettings):
    """Everything an operator can set; `.env.example` explains each for people."""

    model_config = SettingsConfigDict(
        env_prefix="BOBBY_", env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True
    )

    token: Annotated[
        SecretStr | None, Field(validation_alias="DISCORD_TOKEN"), AfterValidator(_token)
    ] = None
    """The bot's token as it was set; `bot_token` is what Discord takes."""
    prefix: Annotated[str, AfterValidator(_prefix)] = "!"
    """What a text command begins with."""
    message_content: Literal["auto", "on", "off"] = "auto"
    """Whether the Message Content Intent is used; `auto` if the application has it."""
    support: Annotated[str, AfterValidator(_no_or_web_address)] = ""
    """Where people turn to when something doesn't work; empty is the application's owner."""
    default_model: str = "resnet101"
    """The classifier that answers when nobody names one, if its weights are here."""
    device: Annotated[str, AfterValidator(_device)] = "auto"
    """Where networks run; `auto` takes a GPU when there is one, several have a worker each."""
    precision: Precision = "float32"
    """What classifiers and generators compute in; float32 is exact."""
    runtime: Literal["auto", "torch", "openvino"] = "auto"
    """What runs them on a processor; `auto` is OpenVINO where it is installed."""
    cache: Path | None = None
    """Bobby's folder for weights; the platform's cache folder when not set."""
    engine: Literal["local", "ray"] = "local"
    """What runs the networks: workers of this machine, or replicas on a Ray cluster."""
    ray_address: Annotated[str, AfterValidator(_host_and_port)] = ""
    """The Ray cluster's address; empty is a cluster of our own on this machine."""
    ray_replicas: Annotated[int, Field(ge=0)] = 1
    """At least so many replicas there are, however little there is to do."""
    ray_max_replicas: Annotated[int, Field(ge=1)] = 1
    """At most so many replicas there are, however much there is to do."""
    ray_gpus: Annotated[float, Field(ge=0)] = 0.0
    """The share of a GPU that each replica has, or several GPUs."""
    ray_cpus: Annotated[int, Field(ge=1)] = 2
    """The cores that each replica has, and the threads of its networks."""
    data: Path | None = None
    """Bobby's folder for what servers set and teach; the platform's data folder when not set."""
    batch_size: Annotated[int, Field(ge=1, le=64)] = 8
    """At most so many pictures share one pass through a network."""
    max_queue: Annotated[int, Field(ge=1)] = 500
    """At most so many pictures wait or run in all."""
    max_queue_mib: Annotated[int, Field(ge=1)] = 1024
    """At most so many MiB of encoded pictures wait or run in all."""
    max_per_server: Annotated[int, Field(ge=1)] = 200
    """At most so many pictures of one server wait or run."""
    max_per_person: Annotated[int, Field(ge=1)] = 20
    """At most so many pictures of one person wait or run."""
    timeout: Annotated[float, Field(gt=0, le=840)] = 60.0
    """Seconds after which an unanswered job is given up; interactions live 15 minutes."""
    max_file_mib: Annotated[int, Field(ge=1, le=200)] = 25
    """A picture's file may have at most so many MiB."""
    offline: bool = False
    """Whether weights are never downloaded, by nobody."""
    downloads: Literal["managers", "everyone", "nobody"] = "managers"
    """Who may have missing weights downloaded by asking for a model in a chat."""
    max_download_mib: Annotated[int, Field(ge=1)] = 1024
    """A download that is started from a chat may have at most so many MiB."""
    mirror: Annotated[str | None, AfterValidator(_mirror)] = None
    """The address of a folder that has the weights' files, asked instead of their publishers."""
    hub: Path = Path("hub.toml")
    """The list of Torch Hub repositories that people may ask; there need be none."""
    hub_memory_mib: Annotated[int, Field(ge=512)] = 8192
    """A hub repository's worker may have so many MiB of address space; PyTorch takes 3 or 4 GiB."""
    hub_url: Annotated[str, AfterValidator(_web_address)] = "https://codeload.github.com"
    """Where the archives of hub repositories' commits come from."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] = 0
    """The port of this machine on which Bobby can be watched; 0 is none."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """How much is logged to standard error."""
    log_format: Literal["text", "json"] = "text"
    """Whether a log line is text or a JSON object."""
    shards: Annotated[int, Field(ge=0)] = 0
    """Into how many shards the servers are dealt out; 0 is as many as Discord advises."""
    shard_ids: Annotated[str, AfterValidator(_numbers)] = ""
    """The numbers of those that this process has, from 0; empty is all."""
    api_url: Annotated[str, AfterValidator(_web_address)] = "https://discord.com/api/v10"
    """Discord's API, or a proxy or playground that speaks it."""

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_quoted(cls, value: object) -> object:
        text = value.strip() if isinstance(value, str) else ""
        if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
            raise ValueError(
                "it has quotes around it, which `docker run --env-file` keeps. Remove them"
            )
        return value

    @field_validator("shard_ids")
    @classmethod
    def _shards_are_there(cls, text: str, info: ValidationInfo) -> str:
        if text and max(map(int, text.split(","))) >= info.data.get("shards", 0):
            raise ValueError("every shard ID must be smaller than BOBBY_SHARDS")
        return text

    @property
    def bot_token(self) -> str | None:
        """The token without the line break that files and secrets tend to end in; None if unset.

        Only `bobby run` needs it; it never leaves the bot process.
        """
        return (self.token.get_secret_value().strip() or None) if self.token else None

    @property
    def remark(self) -> str | None:
        """What an operator should know of a value that was put right; None if there is nothing."""
        if self.token and self.token.get_secret_value() != self.bot_token:
            return "DISCORD_TOKEN has spaces or a line break around it. Bobby ignores them."
        return None

    @property
    def own_shards(self) -> list[int] | None:
        """The shards of this process; None is all."""
        return [int(number) for number in self.shard_ids.split(",")] if self.shard_ids else None

    @property
    def devices(self) -> list[str]:
        """The devices that have a worker each."""
        return self.device.split(",")

    @property
    def weights_folder(self) -> Path:
        """Bobby's folder for weights, for the bot process and every worker alike."""
        given = self.cache.absolute() if self.cache else None
        return given or _own(platformdirs.user_cache_path, "BOBBY_CACHE") / "weights"

    @property
    def data_folder(self) -> Path:
        """Bobby's folder for what servers set and teach it."""
        return (self.data.absolute() if self.data else None) or _own(
            platformdirs.user_data_path, "BOBBY_DATA"
        )


def _own(find: Callable[[str], Path], setting: str) -> Path:
    """Return Bobby's folder in the home of this account.

    Raises:
        SetupError: It has none.
    """
    with contextlib.suppress(RuntimeError):
        if (folder := find("bobby")).is_absolute():
            return folder
    raise WrongSetting(
        f"This account has no home folder. Set {setting} to a folder to use instead."
    )


def _variable(field: str) -> str:
    return "DISCORD_TOKEN" if field in {"token", "DISCORD_TOKEN"} else f"BOBBY_{field}".upper()


def read_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment and `env_file`; the environment wins.

    Raises:
        WrongSetting: A value is not allowed; one sentence per wrong value names the variable,
            what came and what is allowed.
    """
    try:
        return Settings(_env_file=env_file)
    except UnicodeDecodeError:
        raise WrongSetting(f"{env_file} is not UTF-8 text. Save it as such.") from None
    except ValidationError as error:
        sentences = [_sentence(_variable(str(e["loc"][0])), e) for e in error.errors()]
        raise WrongSetting("\n".join(sentences)) from None


def _sentence(variable: str, error: ErrorDetails) -> str:
    allowed = error["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    if variable == "DISCORD_TOKEN":  # what it is is nobody's business
        return f"{variable} can't be a token: {allowed}."
    return f"{variable} is {error['input']!r}, but {allowed}."
