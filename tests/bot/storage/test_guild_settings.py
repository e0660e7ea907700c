"""Values of settings: none is written that could not be read again, none is read that can't be."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bot.core.errors import BadSetting
from bot.storage.database import FILE
from bot.storage.guild_settings import ServerSettings
from bot.storage.store import Store

HERE = 10
SET = ServerSettings(model="alexnet", channels=(1, 2), language="ko", per_person=3)


@pytest.mark.parametrize(
    "value",
    [
        '"per_person":-5',
        '"per_person":true',
        '"channels":[0]',
        f'"channels":{[*range(1, 99)]}',
        f'"model":"{"x" * 300}"',
        '"teachers":"nobody"',
    ],
)
async def test_a_bad_value_in_the_file_counts_as_unset_and_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    """No matter who wrote it there; what stands beside it holds."""
    async with Store(tmp_path):
        pass
    with sqlite3.connect(tmp_path / FILE) as connection:
        text = f'{{"language":"ko",{value}}}'
        connection.execute("INSERT INTO servers VALUES (?, ?)", (HERE, text))
    connection.close()
    async with Store(tmp_path) as store:
        for _ in range(2):
            assert store.servers.get(HERE) == ServerSettings(language="ko")
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert f"Server {HERE} has set {value.partition(':')[0][1:-1]}" in warnings[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"language": "ja"},
        {"per_person": -5},
        {"per_person": 1001},
        {"channels": (0,)},
        {"channels": tuple(range(1, 99))},
        {"model": ""},
        {"teachers": "nobody"},
    ],
)
async def test_a_value_is_checked_before_it_is_written(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    """What held before still does, now and after a restart."""
    async with Store(tmp_path) as store:
        await store.servers.change(HERE, lambda _: SET)
        with pytest.raises(BadSetting, match="changed nothing"):
            await store.servers.change(HERE, lambda now: replace(now, **changes))
        assert store.servers.get(HERE) == SET
    async with Store(tmp_path) as store:
        assert store.servers.get(HERE) == SET
