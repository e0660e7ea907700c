"""What Discord refuses in a message's form: texts too long, too many files, bad components.

Collects every complaint about a body and raises them together, as the tree that Discord sends.
"""

from collections.abc import Iterator

from bot.playground.messages import urls
from bot.playground.messages.bodies import Form
from bot.playground.model.errors import Complaints
from bot.playground.model.records import COMPONENTS_V2, Json

MAX_CONTENT, MAX_ALT_TEXT, MAX_EMBEDS, MAX_FILES = 2000, 1024, 10, 10
MAX_EMBED_CHARACTERS = 6000
ROW, BUTTON, SELECT = 1, 2, 3
_REQUIRED = "This field is required"


def check(form: Form) -> None:
    """Check a message's body.

    Raises:
        ApiError: 50035 with every complaint.
    """
    complaints = Complaints()
    payload = form.payload
    complaints.longer_than(MAX_CONTENT, "content", payload.get("content"))
    complaints.longer_than(25, "nonce", payload.get("nonce"))
    complaints.more_than(3, "sticker_ids", payload.get("sticker_ids"))
    complaints.more_than(MAX_EMBEDS, "embeds", payload.get("embeds"))
    complaints.more_than(MAX_FILES, "attachments", payload.get("attachments"))
    if len(form.files) > MAX_FILES:
        limit = f"Must be {MAX_FILES} or fewer in length."
        complaints.add("attachments", "BASE_TYPE_MAX_LENGTH", limit)
    for index, file in enumerate(payload.get("attachments") or []):
        path = f"attachments.{index}.description"
        complaints.longer_than(MAX_ALT_TEXT, path, file.get("description"))
    _embeds(complaints, payload.get("embeds") or [])
    second = bool((payload.get("flags") or 0) & COMPONENTS_V2)
    _components(complaints, payload.get("components") or [], second=second)
    if second and (payload.get("content") or payload.get("embeds")):
        field = "content" if payload.get("content") else "embeds"
        sentence = "The 'content' and 'embeds' fields cannot be used with components v2"
        complaints.add(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", sentence)
    complaints.close()


def _embeds(complaints: Complaints, embeds: list[Json]) -> None:
    total = 0
    for index, embed in enumerate(embeds):
        path = f"embeds.{index}"
        fields = embed.get("fields") or []
        footer, author = embed.get("footer") or {}, embed.get("author") or {}
        complaints.longer_than(256, f"{path}.title", embed.get("title"))
        complaints.longer_than(4096, f"{path}.description", embed.get("description"))
        complaints.longer_than(2048, f"{path}.footer.text", footer.get("text"))
        complaints.longer_than(256, f"{path}.author.name", author.get("name"))
        complaints.more_than(25, f"{path}.fields", fields)
        _fields(complaints, path, fields)
        urls.check(complaints, path, embed)
        texts = [embed.get("title"), embed.get("description"), footer.get("text")]
        texts += [author.get("name")]
        texts += [text for field in fields for text in (field.get("name"), field.get("value"))]
        total += sum(len(text) for text in texts if isinstance(text, str))
    if total > MAX_EMBED_CHARACTERS:
        sentence = f"Embed size exceeds maximum size of {MAX_EMBED_CHARACTERS}"
        complaints.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", sentence)


def _fields(complaints: Complaints, path: str, fields: list[Json]) -> None:
    for number, field in enumerate(fields):
        for name, limit in (("name", 256), ("value", 1024)):
            place = f"{path}.fields.{number}.{name}"
            complaints.longer_than(limit, place, field.get(name))
            if not field.get(name):
                complaints.add(place, "BASE_TYPE_REQUIRED", _REQUIRED)


def _components(complaints: Complaints, components: list[Json], *, second: bool) -> None:
    complaints.more_than(40 if second else 5, "components", components)
    seen: set[str] = set()
    for path, component in walk(components, "components"):
        kind = component.get("type")
        if kind == ROW:
            complaints.more_than(5, f"{path}.components", component.get("components"))
        if kind == BUTTON:
            complaints.longer_than(80, f"{path}.label", component.get("label"))
        if kind == SELECT:
            complaints.longer_than(150, f"{path}.placeholder", component.get("placeholder"))
            _options(complaints, path, component.get("options") or [])
        linked = kind == BUTTON and component.get("style") in {5, 6}
        if (kind == BUTTON and not linked) or kind == SELECT:
            _custom_id(complaints, path, component.get("custom_id"), seen)


def _custom_id(complaints: Complaints, path: str, value: object, seen: set[str]) -> None:
    place = f"{path}.custom_id"
    if not isinstance(value, str) or not value:
        complaints.add(place, "BASE_TYPE_REQUIRED", _REQUIRED)
        return
    if len(value) > 100:
        complaints.add(place, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if value in seen:
        sentence = "Component custom id cannot be duplicated"
        complaints.add(place, "COMPONENT_CUSTOM_ID_DUPLICATED", sentence)
    seen.add(value)


def _options(complaints: Complaints, path: str, options: list[Json]) -> None:
    if not 1 <= len(options) <= 25:
        sentence = "Must be between 1 and 25 in length."
        complaints.add(f"{path}.options", "BASE_TYPE_BAD_LENGTH", sentence)
    for number, option in enumerate(options):
        for name in ("label", "value", "description"):
            complaints.longer_than(100, f"{path}.options.{number}.{name}", option.get(name))


def walk(components: list[Json], path: str) -> Iterator[tuple[str, Json]]:
    """Yield every component below `components` with its dotted path, outermost first."""
    for index, component in enumerate(components):
        here = f"{path}.{index}"
        yield here, component
        yield from walk(component.get("components") or [], f"{here}.components")
        if accessory := component.get("accessory"):
            yield f"{here}.accessory", accessory
