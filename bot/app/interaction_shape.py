"""Whether an interaction is one that today's commands and buttons can have sent.

Says yes or no of what Discord's payload holds, and answers nobody. Discord checks little of what a
forged client sends, and keeps offering what an earlier Bobby has published; discord.py trusts both.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import discord
import msgspec
from discord import app_commands

SUBCOMMANDS = frozenset({1, 2})
STRING, INTEGER, BOOLEAN = 3, 4, 5
RESOLVED = {6: "users", 7: "channels", 11: "attachments"}
"""Kinds of options whose value is the id of a record that comes along."""
LONGEST, LARGEST = 6000, 2**53
"""What Discord lets a person type where the command has no limit of its own."""

_ID = re.compile(r"\d{1,20}", re.ASCII)

Declared: TypeAlias = dict[str, Any]


class Option(msgspec.Struct):
    """An option as it was filled in; a subcommand has `options` of its own instead of a value."""

    name: str
    type: int
    value: str | int | float | bool | None = None
    options: list["Option"] = []
    focused: bool = False


class Command(msgspec.Struct):
    """A command as it was sent off, or as far as it has been typed."""

    name: str
    type: Literal[1, 2, 3] = 1
    options: list[Option] = []
    resolved: dict[str, dict[str, dict[str, Any]]] = {}
    guild_id: str | None = None
    target_id: str = ""


class Component(msgspec.Struct):
    """A button, a menu, or what these lie in."""

    type: int
    custom_id: str | None = None
    components: list["Component"] = []
    options: list[dict[str, Any]] = []
    min_values: int = 1
    max_values: int = 1


class Press(msgspec.Struct):
    """A press of a button, or what was chosen in a menu."""

    custom_id: str
    component_type: int
    values: list[str] = []


class Field(msgspec.Struct):
    """A field of a form as it was filled in: with text, or with the ids of records."""

    type: int
    custom_id: str
    value: str = ""
    values: list[str] = []


class Labeled(msgspec.Struct):
    """A field and what stands above it."""

    type: Literal[18]
    component: Field


class Filled(msgspec.Struct):
    """A form as it was sent off."""

    custom_id: str
    components: list[Labeled]
    resolved: dict[str, dict[str, dict[str, Any]]] = {}


class Message(msgspec.Struct):
    """The message below which it stands."""

    components: list[Component] = []


def fits_a_command(tree: app_commands.CommandTree[Any], sent: object, *, typing: bool) -> bool:
    """Tell whether `sent` is a use of a command of `tree`; `typing`: one that is being typed."""
    try:
        command = msgspec.convert(sent, Command)
    except msgspec.ValidationError:
        return False
    known = tree.get_command(command.name, type=discord.AppCommandType(command.type))
    if known is None or not _ID.fullmatch(command.guild_id or "0"):
        return False
    if command.type != discord.AppCommandType.chat_input.value:
        records = {2: "users", 3: "messages"}[command.type]
        return not typing and command.target_id in command.resolved.get(records, {})
    declared: list[Declared] = known.to_dict(tree).get("options", [])
    options = command.options
    while any(one["type"] in SUBCOMMANDS for one in declared):
        if len(options) != 1 or (part := _declared(declared, options[0])) is None:
            return False
        declared, options = part.get("options", []), options[0].options
    if typing:
        return _is_being_typed(declared, options)
    return _is_filled_in(declared, options, command.resolved)


def fits_a_component(patterns: Iterable[re.Pattern[str]], sent: object, below: object) -> bool:
    """Tell whether `sent` presses what has an id of `patterns` and lies in the message `below`."""
    try:
        press = msgspec.convert(sent, Press)
        message = msgspec.convert(below, Message)
    except msgspec.ValidationError:
        return False
    if not any(pattern.fullmatch(press.custom_id) for pattern in patterns):
        return False
    inside = [component for row in message.components for component in row.components]
    pressed = (press.component_type, press.custom_id)
    found = next((one for one in inside if (one.type, one.custom_id) == pressed), None)
    if found is None or found.type == discord.ComponentType.button.value:
        return found is not None
    chosen = {*press.values}
    return found.min_values <= len(chosen) == len(press.values) <= found.max_values and chosen <= {
        one.get("value") for one in found.options
    }


def fits_a_form(forms: Mapping[str, discord.ui.Modal], sent: object) -> bool:
    """Tell whether `sent` fills in one of the `forms` that are open, every field within limits."""
    try:
        filled = msgspec.convert(sent, Filled)
    except msgspec.ValidationError:
        return False
    form = forms.get(filled.custom_id)
    if form is None:
        return False
    files = filled.resolved.get(RESOLVED[11], {})
    kinds = (discord.ui.TextInput, discord.ui.FileUpload)
    asked = {one.custom_id: one for one in form.walk_children() if isinstance(one, kinds)}
    fields = {one.component.custom_id: one.component for one in filled.components}
    return (
        len(fields) == len(filled.components)
        and fields.keys() == asked.keys()
        and all(_is_answered(asked[name], field, files) for name, field in fields.items())
    )


def _is_answered(
    asked: discord.ui.TextInput[Any] | discord.ui.FileUpload[Any],
    field: Field,
    files: Mapping[str, object],
) -> bool:
    if field.type != asked.type.value:
        return False
    if isinstance(asked, discord.ui.TextInput):
        return (asked.min_length or 0) <= len(field.value) <= (asked.max_length or LONGEST)
    chosen = {*field.values}
    is_within = asked.min_values <= len(chosen) == len(field.values) <= asked.max_values
    return is_within and chosen <= files.keys()


def _declared(declared: Sequence[Declared], option: Option) -> Declared | None:
    """Return what is declared under the name and the type of `option`."""
    wanted = (option.name, option.type)
    return next((one for one in declared if (one["name"], one["type"]) == wanted), None)


def _is_being_typed(declared: Sequence[Declared], options: Sequence[Option]) -> bool:
    """Tell whether one of `options` may be completed and the others are there, whatever is in."""
    pairs = [(_declared(declared, option), option) for option in options]
    focused = [(one, option) for one, option in pairs if option.focused]
    if len(focused) != 1 or not all(one and _is_possible(one, option) for one, option in pairs):
        return False
    ((one, option),) = focused
    return bool(one and one.get("autocomplete")) and isinstance(option.value, str)


def _is_possible(one: Declared, option: Option) -> bool:
    """Tell whether discord.py can read the value, finished or not."""
    if one["type"] in RESOLVED:
        return isinstance(option.value, str) and _ID.fullmatch(option.value) is not None
    return option.value is not None


def _is_filled_in(
    declared: Sequence[Declared],
    options: Sequence[Option],
    resolved: dict[str, dict[str, dict[str, Any]]],
) -> bool:
    """Tell whether `options` are what a person can have filled in."""
    names = {option.name for option in options}
    if len(names) < len(options):
        return False
    if any(one.get("required") and one["name"] not in names for one in declared):
        return False
    pairs = [(_declared(declared, option), option) for option in options]
    return all(one is not None and _is_valid(one, option.value, resolved) for one, option in pairs)


def _is_valid(one: Declared, value: object, resolved: dict[str, dict[str, dict[str, Any]]]) -> bool:
    """Tell whether `value` is within the limits and the choices of the option `one`."""
    choices = one.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        return False
    if one["type"] in RESOLVED:
        return value in resolved.get(RESOLVED[one["type"]], {})
    if one["type"] == BOOLEAN:
        return isinstance(value, bool)
    if one["type"] == INTEGER and type(value) is int:
        return bool(one.get("min_value", -LARGEST) <= value <= one.get("max_value", LARGEST))
    if one["type"] == STRING and isinstance(value, str):
        return bool(one.get("min_length", 0) <= len(value) <= one.get("max_length", LONGEST))
    return False
