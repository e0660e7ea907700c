"""Discord's copy of the commands: what it has, and giving it again where it differs.

Creations are rationed by the day, so nothing is sent that Discord has already.
"""

import logging
from typing import Any

import discord
from discord.ext import commands
from discord.http import Route

log = logging.getLogger(__name__)

_COMPARED = (
    *("name", "type", "description", "options", "contexts", "integration_types"),
    *("default_member_permissions", "name_localizations", "description_localizations"),
)
_COMPARED_OPTION = (
    *("name", "type", "description", "required", "autocomplete", "choices", "options"),
    *("name_localizations", "description_localizations"),
)


async def published(bot: discord.Client) -> list[Any]:
    """Return Discord's copy of the commands, with their names in other languages."""
    # discord.py does not ask for those, and Discord leaves them out then.
    route = Route(
        "GET", "/applications/{application_id}/commands", application_id=bot.application_id
    )
    there: list[Any] = await bot.http.request(route, params={"with_localizations": "true"})
    return there


async def publish(bot: commands.Bot | commands.AutoShardedBot) -> None:
    """Synchronise the command tree of `bot`, only if Discord's copy differs."""
    there, translator = await published(bot), bot.tree.translator
    assert translator is not None
    here = [
        await command.get_translated_payload(bot.tree, translator)
        for command in bot.tree.get_commands()
    ]
    if _normal(there) != _normal(here):
        log.info("Publishing %d commands", len(here))
        await bot.tree.sync()


def _normal(command_list: Any) -> list[Any]:  # noqa: ANN401  (plain JSON)
    """Return commands as Discord and as discord.py state them in one comparable form."""
    return sorted(
        ([_plain(command.get(key), key) for key in _COMPARED] for command in command_list),
        key=repr,
    )


def _plain(value: Any, key: str) -> Any:  # noqa: ANN401  (plain JSON)
    if key == "options":
        return [
            [_plain(option.get(part), part) for part in _COMPARED_OPTION] for option in value or ()
        ]
    if key in {"contexts", "integration_types"}:
        return sorted(value or ())
    if key == "default_member_permissions" and value is not None:
        return str(value)  # Discord sends a number of that size as text
    return value or None
