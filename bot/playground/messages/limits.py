"""What Discord refuses in a message as a whole, each part of it being as `schemas` has it.

Collects every complaint about a body and raises them together, as the tree that Discord sends.
"""

from collections.abc import Iterator

from bot.playground.messages import urls
from bot.playground.messages.bodies import Form
from bot.playground.model.errors import ValidationErrors
from bot.playground.model.records import COMPONENTS_V2, Json

MAX_FILES = 10
MAX_EMBED_CHARACTERS, MAX_TEXT, MAX_COMPONENTS, MAX_ROWS = 6000, 4000, 40, 5
ROW, SELECT, TEXT = 1, 3, 10


def check(form: Form, *, second: bool = False) -> None:
    """Check a message's body; `second` if the message has components of the second kind.

    Raises:
        ApiError: 50035 with every complaint.
    """
    complaints = ValidationErrors()
    payload = form.payload
    if len(form.files) > MAX_FILES:
        limit = f"Must be {MAX_FILES} or fewer in length."
        complaints.add("attachments", "BASE_TYPE_MAX_LENGTH", limit)
    _embeds(complaints, payload.get("embeds") or [])
    second = second or bool((payload.get("flags") or 0) & COMPONENTS_V2)
    check_components(complaints, payload.get("components") or [], second=second)
    for field in ("content", "embeds"):
        if second and payload.get(field):
            sentence = "The 'content' and 'embeds' fields cannot be used with components v2"
            complaints.add(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", sentence)
    complaints.close()


def _embeds(complaints: ValidationErrors, embeds: list[Json]) -> None:
    total = 0
    for index, embed in enumerate(embeds):
        urls.check(complaints, f"embeds.{index}", embed)
        parts = [embed, embed.get("footer") or {}, embed.get("author") or {}]
        parts += embed.get("fields") or []
        names = ("title", "description", "text", "name", "value")
        total += sum(len(part.get(name) or "") for part in parts for name in names)
    if total > MAX_EMBED_CHARACTERS:
        sentence = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        complaints.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", sentence)


def check_components(complaints: ValidationErrors, components: list[Json], *, second: bool) -> None:
    """Complain about what is wrong with `components` together."""
    seen: set[str] = set()
    every = list(walk(components, "components"))
    for path, component in every:
        custom_id = component.get("custom_id")
        if custom_id in seen:
            sentence = "Component custom id cannot be duplicated"
            complaints.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", sentence)
        if custom_id is not None:
            seen.add(custom_id)
    if not second:
        complaints.more_than(MAX_ROWS, "components", components)
        for index, component in enumerate(components):
            if component["type"] != ROW:
                sentence = 'Value of field "type" must be one of (1,).'
                complaints.add(f"components.{index}.type", "UNION_TYPE_CHOICES", sentence)
    elif len(every) > MAX_COMPONENTS:
        sentence = f"The maximum number of components was exceeded ({MAX_COMPONENTS})"
        complaints.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", sentence)
    texts = [one["content"] for _, one in every if one["type"] == TEXT]
    if sum(map(len, texts)) > MAX_TEXT:
        sentence = f"The total of displayable text exceeds the maximum size of {MAX_TEXT}"
        complaints.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", sentence)


def walk(components: list[Json], path: str) -> Iterator[tuple[str, Json]]:
    """Yield every component below `components` with its dotted path, outermost first."""
    for index, component in enumerate(components):
        here = f"{path}.{index}"
        yield here, component
        yield from walk(component.get("components") or [], f"{here}.components")
        for inner in ("accessory", "component"):
            if child := component.get(inner):
                yield f"{here}.{inner}", child
