"""The kinds of field that bodies are made of, and what Discord says where one does not fit.

A body's form is a msgspec struct of these. What no constraint can say, a struct says with `must`
in its `__post_init__`; either becomes a complaint under 50035 at the place where it stands.
"""

import re
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from bot.playground.model.errors import ValidationErrors

Id: TypeAlias = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern=r"^\d{1,20}$")]
CustomId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]
Filled45: TypeAlias = Annotated[str, Meta(min_length=1, max_length=45)]
Filled100: TypeAlias = CustomId
Text100: TypeAlias = Annotated[str, Meta(max_length=100)]
Text150: TypeAlias = Annotated[str, Meta(max_length=150)]
Text4000: TypeAlias = Annotated[str, Meta(max_length=4000)]
Locale: TypeAlias = Literal[
    "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he",
    "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru",
    "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
]  # fmt: skip

REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")
_STEP = re.compile(r"\[(\d+)\]|\.?([A-Za-z_]\w*)")
_OWN = re.compile(r"(.*?)\|(\w+)\|(.+)", re.DOTALL)
_SAID = [
    (r"of length >= 1", *REQUIRED),
    (r"of length >= (\d+)", "BASE_TYPE_BAD_LENGTH", "Must be {0} or more in length."),
    (r"of length <= (\d+)", "BASE_TYPE_MAX_LENGTH", "Must be {0} or fewer in length."),
    (r"`\w+` >= (.+)", "NUMBER_TYPE_MIN", "int value should be greater than or equal to {0}."),
    (r"`\w+` <= (.+)", "NUMBER_TYPE_MAX", "int value should be less than or equal to {0}."),
    (r"matching regex", "NUMBER_TYPE_COERCE", 'Value "{value}" is not snowflake.'),
    (r"RFC3339|datetime", "DATE_TIME_TYPE_PARSE", "Could not parse {value}. Should be ISO8601."),
    (r"Invalid value", "BASE_TYPE_CHOICES", 'Value "{value}" is not one of the choices.'),
    (r"Expected `(int|float)", "NUMBER_TYPE_COERCE", 'Value "{value}" is not {0}.'),
    (r"Expected `str", "STRING_TYPE_CONVERT", 'Could not interpret "{value}" as string.'),
    (r"Expected `bool", "BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
    (r"Expected `array", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"),
    (r"", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"),
]
"""What msgspec says, and Discord's code and sentence for it; the first that fits."""


def must(holds: object, field: str, code: str, sentence: str) -> None:
    """Complain, from within a struct, about `field` of it ("" for itself) unless `holds`.

    Raises:
        ValueError: In the form that `check` understands.
    """
    if not holds:
        raise ValueError(f"{field}|{code}|{sentence}")


def check(complaints: ValidationErrors, value: object, form: Any, at: str = "") -> None:  # noqa: ANN401
    """Complain about the first thing in `value`, which stands at `at`, that is not of `form`."""
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at ")
        steps = ["".join(step) for step in _STEP.findall(place.partition("$")[2])]
        if missing := re.search(r"missing required field `(\w+)`", sentence):
            complaints.add(_joined(at, *steps, missing[1]), *REQUIRED)
        elif own := _OWN.fullmatch(sentence):
            complaints.add(_joined(at, *steps, own[1]), own[2], own[3])
        else:
            complaints.add(_joined(at, *steps), *_said(sentence, _at(value, steps)))


def require_form(value: object, form: Any, at: str = "") -> None:  # noqa: ANN401 - any type
    """Check that `value`, which stands at `at`, is of `form`.

    Raises:
        ApiError: 50035.
    """
    complaints = ValidationErrors()
    check(complaints, value, form, at)
    complaints.close()


def check_each(complaints: ValidationErrors, body: dict[str, Any], form: Any) -> None:  # noqa: ANN401
    """Complain about each field of `body` that is not as `form`, all optional, has it."""
    for name, value in body.items():
        check(complaints, {name: value}, form)


def _joined(*steps: str) -> str:
    return ".".join(step for step in steps if step) or "_body"


def _said(sentence: str, value: object) -> tuple[str, str]:
    for pattern, code, words in _SAID:
        if found := re.search(pattern, sentence):
            return code, words.format(*found.groups(), value=value)
    raise AssertionError("the last one fits all")


def _at(value: Any, steps: list[str]) -> object:  # noqa: ANN401 - whatever a client sends
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value.get(step)
    return value
