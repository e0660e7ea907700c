"""The operator's settings."""

from pathlib import Path

import pydantic
import pytest

from bot.errors import Overloaded, SetupError
from bot.executor.queue import Asker, FairQueue, Limits, Ticket
from bot.settings import Settings, read_settings
from models.jobs import Classify


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
        ("BOBBY_PREFIX", "two words", "without spaces"),
        ("BOBBY_LOG_LEVEL", "LOUD", "'WARNING'"),
        ("BOBBY_API_URL", "discord.com", "http://"),
        ("BOBBY_TIMEOUT", "3600", "840"),
        ("BOBBY_SHARD_IDS", "first", "commas between"),
        ("BOBBY_SHARD_IDS", "0,1", "less than BOBBY_SHARDS"),
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
            queue.admit(Ticket(Classify(picture=b""), Asker(person=1, server=7)))
        with pytest.raises(Overloaded):
            queue.admit(Ticket(Classify(picture=b""), Asker(person=1, server=7)))
