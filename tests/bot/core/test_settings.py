"""The operator's settings."""

from pathlib import Path

import pydantic
import pytest

from bot.core.errors import Overloaded, SetupError, WrongSetting
from bot.core.settings import Settings, read_settings
from bot.executor.queue import FairQueue, Limits, Requester, Ticket
from models.jobs.requests import Classify


def test_nothing_set_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any variable there is no token and every default holds."""
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    settings = read_settings(env_file=None)
    assert settings.token is None
    assert settings.default_model == "resnet101"


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable that is set in both places has the environment's value."""
    file = tmp_path / ".env"
    file.write_text("BOBBY_PREFIX=?\nBOBBY_BATCH_SIZE=4\nDISCORD_TOKEN=from-file\n")
    monkeypatch.setenv("BOBBY_PREFIX", "%")
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    settings = read_settings(file)
    assert (settings.prefix, settings.batch_size) == ("%", 4)
    assert settings.token is not None
    assert settings.token.get_secret_value() == "from-file"
    assert "from-file" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("BOBBY_BATCH_SIZE", "0", "greater than or equal to 1"),
        ("BOBBY_BATCH_SIZE", "many", "valid integer"),
        ("BOBBY_DEVICE", "gpu", "cuda"),
        ("BOBBY_PRECISION", "int8", "'bfloat16'"),
        ("BOBBY_DEVICE", "cpu,gpu", "cuda"),
        ("BOBBY_PREFIX", "two words", "without spaces"),
        ("BOBBY_PREFIX", "a b", "without spaces"),
        ("BOBBY_PREFIX", "bobby!", "1 to 5 characters"),
        ("BOBBY_MIRROR", "mirror.example", "https://"),
        ("BOBBY_LOG_LEVEL", "LOUD", "'WARNING'"),
        ("BOBBY_API_URL", "discord.com", "http://"),
        ("BOBBY_API_URL", "https://", "https://example.org"),
        ("BOBBY_API_URL", "http://localhost:99999/api", "https://example.org"),
        ("BOBBY_API_URL", "https://discord.com/a pi", "https://example.org"),
        ("BOBBY_TIMEOUT", "3600", "840"),
        ("BOBBY_SHARD_IDS", "first", "commas between"),
        ("BOBBY_SHARD_IDS", "0,1", "smaller than BOBBY_SHARDS"),
        ("BOBBY_SHARD_IDS", "0,", "commas between"),
        ("BOBBY_ENGINE", "grid", "'ray'"),
        ("BOBBY_RAY_ADDRESS", "ray://head", "head:6379"),
    ],
)
def test_a_wrong_value_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    """It names the variable, what came and what is allowed."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SetupError) as caught:
        read_settings(env_file=None)
    text = str(caught.value)
    assert "\n" not in text
    assert variable in text
    assert repr(value) in text
    assert allowed in text


def test_the_last_shard_is_one_less_than_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is named first."""
    monkeypatch.setenv("BOBBY_SHARDS", "2")
    assert read_settings(env_file=None).own_shards is None
    monkeypatch.setenv("BOBBY_SHARD_IDS", "1, 0")
    assert read_settings(env_file=None).own_shards == [1, 0]
    for wrong in ("0,2", "2,0"):
        monkeypatch.setenv("BOBBY_SHARD_IDS", wrong)
        with pytest.raises(SetupError, match="smaller than BOBBY_SHARDS"):
            read_settings(env_file=None)


def test_every_wrong_value_has_its_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line each; a file that is no text has one of its own."""
    monkeypatch.setenv("BOBBY_DEVICE", "gpu")
    monkeypatch.setenv("BOBBY_ENGINE", "grid")
    with pytest.raises(SetupError) as caught:
        read_settings(env_file=None)
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines] == ["BOBBY_DEVICE", "BOBBY_ENGINE"]
    assert not any("Value error" in line for line in lines)
    (tmp_path / ".env").write_bytes(b"BOBBY_PREFIX=\xff")
    with pytest.raises(SetupError, match="UTF-8"):
        read_settings(tmp_path / ".env")


def test_a_token_ends_where_its_file_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line breaks and spaces around it are taken off, and it is said; nothing else is."""
    for around, said in (("%s\n", True), (" %s\r\n", True), ("%s", False)):
        monkeypatch.setenv("DISCORD_TOKEN", around % "MTIz.abc.def")
        settings = read_settings(env_file=None)
        assert settings.bot_token == "MTIz.abc.def"
        assert (settings.remark is not None) is said
        assert "MTIz" not in str(settings.remark)
    monkeypatch.setenv("DISCORD_TOKEN", "\n")
    assert read_settings(env_file=None).bot_token is None


@pytest.mark.parametrize("odd", [" ", "\n", "\t", "\N{ZERO WIDTH SPACE}", "\N{EN DASH}", "\x01"])
def test_a_token_in_two_pieces_is_refused(monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    """With a sentence that does not tell it."""
    monkeypatch.setenv("DISCORD_TOKEN", f"MTIz.abc{odd}.def")
    with pytest.raises(WrongSetting) as caught:
        read_settings(env_file=None)
    assert str(caught.value).startswith("DISCORD_TOKEN can't be a token: it has a space")
    assert "MTIz" not in str(caught.value)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_around_a_value_are_named(monkeypatch: pytest.MonkeyPatch, quote: str) -> None:
    """For every setting, as they come from docker's --env-file; a token is not told."""
    for field in Settings.model_fields:
        variable = "DISCORD_TOKEN" if field == "token" else f"BOBBY_{field}".upper()
        with monkeypatch.context() as one:
            one.setenv(variable, f"{quote}1{quote}")
            with pytest.raises(WrongSetting, match="quotes around it") as caught:
                read_settings(env_file=None)
        assert str(caught.value).startswith(variable)
        assert "\n" not in str(caught.value)
        assert (f"{quote}1{quote}" in str(caught.value)) is (field != "token")


def test_quotes_in_the_file_are_none_of_the_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There they may stand, and a prefix may be one."""
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    (tmp_path / ".env").write_text("DISCORD_TOKEN=\"MTIz.abc\"\nBOBBY_PRECISION='float16'\n")
    monkeypatch.setenv("BOBBY_PREFIX", "'")
    settings = read_settings(tmp_path / ".env")
    assert (settings.bot_token, settings.precision, settings.prefix) == ("MTIz.abc", "float16", "'")


def test_values_are_tidied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Spaces after commas, a slash at an address's end, and a variable that is set to nothing."""
    for name, value in (
        ("DEVICE", "cuda:0, cpu"),
        ("MIRROR", "https://mirror.example/weights/"),
        ("HUB_URL", "http://hub.example/"),
        ("RAY_ADDRESS", "head:6379"),
        ("PREFIX", ""),
        ("CACHE", str(tmp_path / "cache")),
        ("DATA", str(tmp_path / "data")),
    ):
        monkeypatch.setenv(f"BOBBY_{name}", value)
    settings = read_settings(env_file=None)
    assert settings.devices == ["cuda:0", "cpu"]
    assert settings.mirror == "https://mirror.example/weights"
    assert settings.hub_url == "http://hub.example"
    assert settings.prefix == "!"
    assert settings.weights_folder == tmp_path / "cache"
    assert settings.data_folder == tmp_path / "data"
    monkeypatch.delenv("BOBBY_CACHE")
    monkeypatch.delenv("BOBBY_DATA")
    alone = read_settings(env_file=None)
    assert alone.mirror is not None
    assert alone.weights_folder != alone.data_folder
    monkeypatch.delenv("BOBBY_MIRROR")
    assert read_settings(env_file=None).mirror is None


def test_bounds_are_allowed_and_nothing_beyond(monkeypatch: pytest.MonkeyPatch) -> None:
    """For every number that has one."""
    for name, bounds, beyond in (
        ("RAY_REPLICAS", "0", "-1"),
        ("RAY_MAX_REPLICAS", "1", "0"),
        ("RAY_GPUS", "0", "-0.5"),
        ("RAY_CPUS", "1", "0"),
        ("BATCH_SIZE", "1 64", "0 65"),
        ("MAX_QUEUE", "1", "0"),
        ("MAX_QUEUE_MIB", "1", "0"),
        ("MAX_PER_SERVER", "1", "0"),
        ("MAX_PER_PERSON", "1", "0"),
        ("TIMEOUT", "0.5 840", "0 841"),
        ("MAX_FILE_MIB", "1 200", "0 201"),
        ("MAX_DOWNLOAD_MIB", "1", "0"),
        ("HUB_MEMORY_MIB", "512", "511"),
        ("METRICS_PORT", "0 65535", "-1 65536"),
        ("SHARDS", "0", "-1"),
    ):
        with monkeypatch.context() as one:
            for value in bounds.split():
                one.setenv(f"BOBBY_{name}", value)
                assert getattr(read_settings(env_file=None), name.lower()) == float(value)
            for value in beyond.split():
                one.setenv(f"BOBBY_{name}", value)
                with pytest.raises(SetupError, match=name):
                    read_settings(env_file=None)


def test_settings_are_frozen() -> None:
    """Nobody changes a setting after it was read."""
    with pytest.raises(pydantic.ValidationError):
        read_settings(env_file=None).prefix = "?"  # type: ignore[misc]  # that is the point


def test_no_server_goes_beyond_the_operators_limit() -> None:
    """It may set less for those who ask there, and more counts for nothing."""
    settings = Settings(_env_file=None, max_per_person=2)
    for own, allowed in ((5, 2), (1, 1), (None, 2)):
        limits = Limits.of(settings, {7: own}.get)
        queue: FairQueue[Ticket] = FairQueue(limits, kind=type, cost=lambda _: 1.0)
        for _ in range(allowed):
            queue.admit(Ticket(Classify(picture=b""), Requester(user_id=1, guild_id=7)))
        with pytest.raises(Overloaded):
            queue.admit(Ticket(Classify(picture=b""), Requester(user_id=1, guild_id=7)))
