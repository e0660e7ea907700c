"""Discord's copy of the commands: given again where it differs in anything, and only there."""

import copy
from collections.abc import Callable
from typing import Any

from bot.app.command_sync import publish
from bot.playground.model.records import Command
from tests.e2e.conftest import Env

COMMANDS = "/applications/{application_id}/commands"


def named(env: Env, name: str) -> Command:
    """Return Discord's copy of a command."""
    (found,) = [
        one
        for one in env.playground.world.application.commands.values()
        if one.body["name"] == name
    ]
    return found


async def publishes(env: Env) -> bool:
    """Publish the commands, and tell whether anything was sent."""
    sent = len(env.playground.faults.asked("PUT", COMMANDS))
    await publish(env.bot)
    return len(env.playground.faults.asked("PUT", COMMANDS)) > sent


async def mends(env: Env, name: str, change: Callable[[dict[str, Any]], object]) -> bool:
    """Change Discord's copy of a command, and tell whether that is put right."""
    before = copy.deepcopy(named(env, name).body)
    change(named(env, name).body)
    return await publishes(env) and named(env, name).body == before


async def test_what_discord_has_already_is_not_sent(env: Env) -> None:
    """Also where Discord lists it in another order than Bobby."""
    application = env.playground.world.application
    known = application.commands
    application.commands = {
        key: Command(one.id, one.version, {**one.body, "contexts": one.body["contexts"][::-1]})
        for key, one in reversed(known.items())
    }
    assert not await publishes(env)
    application.commands = known


async def test_a_command_that_differs_in_one_field_is_sent_again(env: Env) -> None:
    """Who may use it, where, what it is called in any language, and what it takes."""
    changes: dict[str, Callable[[dict[str, Any]], object]] = {
        "description": lambda body: body.update(description="another"),
        "options": lambda body: body["options"].pop(),
        "their order": lambda body: body["options"].reverse(),
        "contexts": lambda body: body.update(contexts=[0]),
        "installations": lambda body: body.update(integration_types=[0]),
        "permissions": lambda body: body.update(default_member_permissions="8"),
        "no permissions": lambda body: body.pop("default_member_permissions", None),
        "nobody's": lambda body: body.update(default_member_permissions="0"),
        "names": lambda body: body.update(name_localizations={"ko": "다른"}),
        "descriptions": lambda body: body.update(description_localizations={"ko": "다른"}),
    }
    for what, change in changes.items():
        whose = "settings" if "permissions" in what else "classify"
        assert await mends(env, whose, change), what


async def test_an_option_that_differs_in_one_field_is_sent_again(env: Env) -> None:
    """Of a command, or of a part of one."""
    changes: dict[str, Callable[[dict[str, Any]], object]] = {
        "name": lambda option: option.update(name="another"),
        "type": lambda option: option.update(type=6),
        "description": lambda option: option.update(description="another"),
        "required": lambda option: option.update(required=True),
        "autocomplete": lambda option: option.update(autocomplete=False),
        "choices": lambda option: option.update(choices=[{"name": "a", "value": "a"}]),
        "names": lambda option: option.update(name_localizations={"ko": "다른"}),
        "descriptions": lambda option: option.update(description_localizations={"ko": "다른"}),
    }
    for what, change in changes.items():

        def of_command(body: dict[str, Any], change: Any = change) -> None:
            change(body["options"][-1])

        assert await mends(env, "classify", of_command), what

    def of_part(body: dict[str, Any]) -> None:
        (part,) = [one for one in body["options"] if one["name"] == "model"]
        part["options"][0]["description"] = "another"

    assert await mends(env, "settings", of_part)


async def test_a_command_of_another_name_or_kind_is_sent_again(env: Env) -> None:
    """The one that Discord has too many goes, the one that it lacks comes."""
    for change in ({"name": "Old"}, {"type": 2}):
        named(env, "Zebra").body.update(change)
        assert await publishes(env)
        assert named(env, "Zebra").body["type"] == 3
    assert not await publishes(env)
