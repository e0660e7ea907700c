"""The forms of commands as bots register them, of what bots suggest, and of their first answers."""

import re
from collections.abc import Set
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from bot.playground.model.fields import REQUIRED, Filled100, Id, Locale, must

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=32)]
Real: TypeAlias = int | float
Length: TypeAlias = Annotated[int, Meta(ge=0, le=6000)]
Permissions: TypeAlias = Annotated[int, Meta(ge=0, lt=1 << 54)] | str
SUBCOMMAND, GROUP = 1, 2
_LEAVES = frozenset(range(3, 12))
_CHOSEN: dict[int, type | tuple[type, ...]] = {3: str, 4: int, 10: (int, float)}
"""What can be chosen for an option, by its type."""
_SLASH_NAME = re.compile(r"[-_'\w]{1,32}")
_INVALID_NAME = ("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


class _Choice(Struct):
    name: Filled100
    value: Annotated[str, Meta(max_length=100)] | Real
    name_localizations: dict[Locale, Filled100] | None = None


class Suggestions(Struct):
    """What a bot suggests while somebody types."""

    choices: Annotated[list[_Choice], Meta(max_length=25)] | None = None


class Callback(Struct):
    """A bot's first answer to an interaction, whatever its kind."""

    type: Literal[1, 4, 5, 6, 7, 8, 9]
    data: dict[str, Any] | None = None


class _FilledOption(Struct):
    name: str
    type: int
    value: str | Real | bool | None = None
    options: "list[_FilledOption] | None" = None


class _FilledComponent(Struct):
    type: int
    custom_id: str | None = None
    value: str | None = None
    values: list[str] | None = None
    component: "_FilledComponent | None" = None
    components: "list[_FilledComponent] | None" = None


class _File(Struct):
    id: Id
    filename: str | None = None


class _Used(Struct):
    id: Id | None = None
    version: Id | None = None
    target_id: Id | None = None
    custom_id: str | None = None
    options: list[_FilledOption] | None = None
    values: list[str] | None = None
    components: list[_FilledComponent] | None = None
    attachments: list[_File] | None = None


class Use(Struct):
    """Somebody's use of a command (2), a component (3), autocomplete (4) or a modal (5)."""

    type: Literal[2, 3, 4, 5]
    application_id: Id
    channel_id: Id
    session_id: str
    data: _Used
    message_id: Id | None = None
    nonce: int | str | None = None


class _Option(Struct):
    type: Literal[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    name: Name
    description: Filled100
    name_localizations: dict[Locale, Name] | None = None
    description_localizations: dict[Locale, Filled100] | None = None
    required: bool | None = None
    options: "Options | None" = None
    choices: Annotated[list[_Choice], Meta(max_length=25)] | None = None
    autocomplete: bool | None = None
    min_value: Real | None = None
    max_value: Real | None = None
    min_length: Length | None = None
    max_length: Length | None = None
    channel_types: list[Annotated[int, Meta(ge=0, le=16)]] | None = None

    def __post_init__(self) -> None:
        """Check the name, what can be chosen, and what is nested together."""
        must(_is_slash_name(self.name), *_INVALID_NAME)
        sentence = "Autocomplete cannot be set to true if choices are present"
        code = "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES_EXCLUSIVE"
        must(not (self.autocomplete and self.choices), "autocomplete", code, sentence)
        for index, choice in enumerate(self.choices or []):
            sentence = f'Value "{choice.value}" does not fit the type of the option.'
            fits = isinstance(choice.value, _CHOSEN.get(self.type, ()))
            must(fits, f"choices.{index}.value", "NUMBER_TYPE_COERCE", sentence)
        takes = {SUBCOMMAND: _LEAVES, GROUP: {SUBCOMMAND}}.get(self.type, set())
        _check_options(self.options or [], takes)


Options: TypeAlias = Annotated[list[_Option], Meta(max_length=25)]


class Command(Struct):
    """A command: for the keyboard (1), of a person's menu (2), or of a message's (3)."""

    name: Name
    type: Literal[1, 2, 3] | None = 1
    description: Annotated[str, Meta(max_length=100)] | None = None
    name_localizations: dict[Locale, Name] | None = None
    description_localizations: dict[Locale, Filled100] | None = None
    options: Options | None = None
    default_member_permissions: Permissions | None = None
    dm_permission: bool | None = None
    contexts: list[Literal[0, 1, 2]] | None = None
    integration_types: Annotated[list[Literal[0, 1]], Meta(min_length=1)] | None = None
    nsfw: bool | None = None

    def __post_init__(self) -> None:
        """Check what depends on the type, the permissions, and the options together."""
        if (self.type or 1) == 1:
            must(_is_slash_name(self.name), *_INVALID_NAME)
            must(self.description, "description", *REQUIRED)
        else:
            sentence = "Context menu commands cannot have a {}"
            for field in ("description", "options"):
                code = f"APPLICATION_COMMAND_CONTEXT_MENU_{field.upper()}"
                must(not getattr(self, field), field, code, sentence.format(field))
        held = self.default_member_permissions
        if isinstance(held, str):
            known = held.isdecimal() and int(held) < 1 << 54
            sentence = f'Value "{held}" is not a set of permissions.'
            must(known, "default_member_permissions", "BITFIELD_INVALID", sentence)
        _check_options(self.options or [], _LEAVES | {SUBCOMMAND, GROUP})


def _is_slash_name(name: str) -> bool:
    return bool(_SLASH_NAME.fullmatch(name)) and name == name.lower()


def _check_options(options: list[_Option], takes: Set[int]) -> None:
    """Check options that stand together, each of a type that is in `takes`."""
    for index, option in enumerate(options):
        before, place = options[:index], f"options.{index}"
        alike = all((one.type in _LEAVES) == (option.type in _LEAVES) for one in before)
        sentence = "Sub-command and sub-command group option types are mutually exclusive to others"
        code = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
        must(alike and option.type in takes, f"{place}.type", code, sentence)
        sentence = "Application command option names must be unique"
        code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
        must(all(option.name != one.name for one in before), f"{place}.name", code, sentence)
        in_order = not option.required or all(one.required for one in before)
        sentence = "Required options must be placed before non-required options"
        must(in_order, place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", sentence)
