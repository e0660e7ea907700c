"""What somebody filled into a modal, held against what the modal asked for."""

from collections.abc import Callable

from bot.playground.messages.limits import SELECT, TEXT, walk
from bot.playground.model import errors
from bot.playground.model.records import Json

ROW, TEXT_INPUT, LABEL, UPLOAD = 1, 4, 18, 19


def filled(
    asked: list[Json], sent: list[Json], resolve: Callable[[int, object], str]
) -> list[Json]:
    """Return the components of a modal as its bot gets them, filled in from what was `sent`.

    `resolve` is given the kind of a component and one of its values (a number of a file, an id)
    and returns the id that the bot learns.

    Raises:
        ApiError: 50035, when something does not fit what was asked for.
    """
    entries = {entry.get("custom_id"): entry for _, entry in walk(sent, "components")}

    def answered(one: Json) -> Json:
        shown: Json = {"type": one["type"], "id": one["id"]}
        if one["type"] == LABEL:
            return shown | {"component": answered(one["component"])}
        if one["type"] == ROW:
            return shown | {"components": [answered(child) for child in one["components"]]}
        if one["type"] == TEXT:
            return shown
        entry = entries.get(one["custom_id"], {})
        shown["custom_id"] = one["custom_id"]
        if one["type"] == TEXT_INPUT:
            return shown | {"value": _text(one, entry.get("value") or "")}
        values = entry.get("values") or []
        _check_count(one, len(values), one.get("min_values", 1), one.get("max_values", 1))
        if one["type"] != SELECT:
            values = [resolve(one["type"], value) for value in values]
        elif not set(values) <= {option["value"] for option in one["options"]}:
            raise _unfit(one, "BASE_TYPE_CHOICES", "Value must be one of the options.")
        return shown | {"values": values}

    return [answered(one) for one in asked]


def _text(asked: Json, text: str) -> str:
    _check_count(asked, len(text), asked.get("min_length", 0), asked.get("max_length", 4000))
    return text


def _check_count(asked: Json, count: int, least: int, most: int) -> None:
    if not count and asked.get("required", True):
        raise _unfit(asked, "BASE_TYPE_REQUIRED", "This field is required")
    if count and not least <= count <= most:
        sentence = f"Must be between {least} and {most} in length."
        raise _unfit(asked, "BASE_TYPE_BAD_LENGTH", sentence)


def _unfit(asked: Json, code: str, sentence: str) -> errors.ApiError:
    return errors.invalid(f"data.components.{asked['custom_id']}", code, sentence)
