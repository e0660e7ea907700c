"""When Discord's copy of the commands counts as another: by what people see and may do."""

from typing import Any

import pytest

from bot.app.command_sync import _normal


def command(**fields: Any) -> dict[str, Any]:
    """Return a command as discord.py states it, but for `fields`."""
    return {"name": "zebra", "type": 1, "description": "A zebra.", "options": []} | fields


ONE, OTHER = command(description=None), command(contexts=[0, 2], integration_types=[0])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ([ONE, OTHER], [OTHER, ONE]),
        ([command(contexts=[2, 0, 1])], [command(contexts=[0, 1, 2])]),
        ([command(contexts=[])], [command(contexts=None)]),
        ([command()], [command(integration_types=None, id="7", version="1")]),
        ([command(default_member_permissions=32)], [command(default_member_permissions="32")]),
        ([command(options=None)], [command(options=[])]),
        ([command(name_localizations={})], [command()]),
    ],
)
def test_the_same_in_another_form_is_not_published(here: Any, there: Any) -> None:
    """Creations are rationed by the day."""
    assert _normal(here) == _normal(there)


@pytest.mark.parametrize(
    "fields",
    [
        {"contexts": [0]},
        {"integration_types": [1]},
        {"default_member_permissions": 0},
        {"description": "A horse."},
        {"name_localizations": {"ko": "x"}},
        {"options": [{"name": "picture", "type": 11, "description": "Yours."}]},
    ],
)
def test_a_difference_in_one_field_is_published(fields: dict[str, Any]) -> None:
    """Also where it is a right that nobody sees."""
    before = command(contexts=[0, 1], integration_types=[0], default_member_permissions=None)
    assert _normal([before | fields]) != _normal([before])
