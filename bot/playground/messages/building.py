"""From a message's body to the parts of a record: embeds, components, files, mentions.

Normalizes what clients send to what Discord sends back. Decides nothing about who may do it.
"""

import re
from dataclasses import dataclass

from bot.playground.messages.bodies import Form
from bot.playground.messages.limits import walk
from bot.playground.model import errors, media
from bot.playground.model.records import Attachment, Channel, Json, Message, Person
from bot.playground.model.state import World

_MENTION = re.compile(r"<@(!?|&)(\d+)>")
_EMBED_PARTS = ("title", "description", "url", "timestamp", "color", "author", "footer", "video")


def embeds(sent: list[Json]) -> list[Json]:
    """Return rich embeds as Discord stores them; empty parts fall away."""
    return [_embed(embed) for embed in sent]


def _embed(sent: Json) -> Json:
    embed: Json = {"type": "rich"}
    embed |= {part: sent[part] for part in _EMBED_PARTS if sent.get(part) is not None}
    for part in ("image", "thumbnail"):
        if url := (sent.get(part) or {}).get("url"):
            embed[part] = {"url": url}
    if fields := sent.get("fields"):
        embed["fields"] = [
            {"name": field["name"], "value": field["value"], "inline": bool(field.get("inline"))}
            for field in fields
        ]
    return embed


def poll(sent: Json, expiry: str) -> Json:
    """Return a poll as Discord stores it, its answers counted."""
    answers = [
        {"answer_id": number, "poll_media": answer["poll_media"]}
        for number, answer in enumerate(sent["answers"], start=1)
    ]
    return {
        "question": sent["question"],
        "answers": answers,
        "expiry": expiry,
        "allow_multiselect": False,
        "layout_type": 1,
        "results": {"answer_counts": [], "is_finalized": False},
    }


_COMPONENT_DEFAULTS: dict[int, Json] = {
    **{kind: {"min_values": 1, "max_values": 1} for kind in (3, 5, 6, 7, 8)},
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False, "name": None, "size": None},
    14: {"divider": True, "spacing": 1},
    17: {"accent_color": None, "spoiler": False},
}


def components(sent: list[Json]) -> list[Json]:
    """Return components with their numbers (`id`) and defaults filled in."""
    copied = [_component(component) for component in sent]
    used = {component.get("id") for _, component in walk(copied, "components")}
    number = 1
    for _, component in walk(copied, "components"):
        if not component.get("id"):
            while number in used:
                number += 1
            component["id"] = number
            used.add(number)
    return copied


def _component(sent: Json) -> Json:
    component = _COMPONENT_DEFAULTS.get(sent.get("type", 0), {}) | _known(sent)
    if "emoji" in component:
        component["emoji"] = _known(component["emoji"])
    if "options" in component:
        component["options"] = [
            one | ({"emoji": _known(one["emoji"])} if one.get("emoji") else {})
            for one in map(_known, component["options"])
        ]
    if "components" in component:
        component["components"] = [_component(child) for child in component["components"]]
    if "items" in component:
        blank = {"description": None, "spoiler": False}
        component["items"] = [blank | _with_media(item) for item in component["items"]]
    for inner in ("accessory", "component"):
        if inner in component:
            component[inner] = _component(component[inner])
    return _with_media(component)


def _known(sent: Json) -> Json:
    return {key: value for key, value in sent.items() if value is not None}


def _with_media(sent: Json) -> Json:
    """Return what shows a picture with what Discord adds to it; a file's own comes later."""
    media = sent.get("media")
    added = media and {"id": "0", "proxy_url": media["url"], **media}
    return {**sent, "media": added} if added else sent


def attachments(form: Form, channel_id: int, world: World) -> list[Attachment]:
    """Return the files of `form` as attachments, described by its `attachments` entries."""
    described = {str(entry.get("id", "")): entry for entry in form.payload.get("attachments") or []}
    made = []
    for number, upload in sorted(form.files.items()):
        entry = described.get(str(number), {})
        original = str(entry.get("filename") or upload.filename)
        name = media.safe_name(original)
        if entry.get("is_spoiler") and not name.startswith("SPOILER_"):
            name = f"SPOILER_{name}"
        size = media.dimensions(upload.data)
        made.append(
            Attachment(
                id=world.new_id(),
                channel_id=channel_id,
                filename=name,
                data=upload.data,
                content_type=media.content_type(name),
                width=size[0] if size else None,
                height=size[1] if size else None,
                description=entry.get("description"),
                title=None if name == original else original.rsplit(".", 1)[0],
                spoiler=name.startswith("SPOILER_"),
            )
        )
    return made


def settle_files(message: Message) -> None:
    """Hide the attachments that an embed or a component shows in their stead."""
    text = repr(message.embeds)
    for file in message.attachments:
        file.shown = f"'attachment://{file.filename}'" not in text


@dataclass(slots=True)
class Mentions:
    """Whom a text mentions, as far as the author let it."""

    people: list[Person]
    roles: list[int]
    everyone: bool


def mentions(
    content: str, allowed: Json | None, channel: Channel, world: World, *, replied_to: Person | None
) -> Mentions:
    """Return whom `content` mentions under `allowed` (the body's `allowed_mentions`)."""
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or [])
    users, roles = _allowed_ids(allowed, "users"), _allowed_ids(allowed, "roles")
    found = Mentions([], [], everyone=False)
    for kind, digits in _MENTION.findall(content):
        identifier = int(digits)
        person = world.people.get(identifier)
        if kind == "&":
            known = channel.guild is not None and identifier in channel.guild.roles
            wanted = "roles" in parse or identifier in roles
            if known and wanted and identifier not in found.roles:
                found.roles.append(identifier)
        elif person is not None and ("users" in parse or identifier in users):
            _once(found.people, person)
    pings = True if allowed is None else bool(allowed.get("replied_user"))
    if replied_to is not None and pings:
        _once(found.people, replied_to)
    found.everyone = "everyone" in parse and ("@everyone" in content or "@here" in content)
    return found


def _allowed_ids(allowed: Json | None, kind: str) -> set[int]:
    ids = (allowed or {}).get(kind) or []
    return {snowflake(one, f"allowed_mentions.{kind}.{at}") for at, one in enumerate(ids)}


def _once(people: list[Person], person: Person) -> None:
    if person not in people:
        people.append(person)


def snowflake(value: object, path: str) -> int:
    """Return an id out of a body.

    Raises:
        ApiError: 50035 when it is none.
    """
    if isinstance(value, int | str) and str(value).isdecimal():
        return int(value)
    raise errors.invalid(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
