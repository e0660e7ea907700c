"""Messages as JSON, and what is left of them without the message content intent."""

from typing import Any

from bot.playground.model import payloads
from bot.playground.model.links import Links
from bot.playground.model.records import (
    REPLY,
    SUPPRESS_EMBEDS,
    THREAD_STARTER,
    Attachment,
    Json,
    Message,
    Person,
    Sticker,
)

SPOILER_ATTACHMENT = 1 << 3


def attachment(file: Attachment, links: Links) -> Json:
    """Return an attachment with fresh links."""
    data: Json = {
        "id": str(file.id),
        "filename": file.filename,
        "size": len(file.data),
        "url": links.attachment(file),
        "proxy_url": links.proxied(file),
        "flags": SPOILER_ATTACHMENT if file.spoiler else 0,
    }
    optional = {
        "content_type": file.content_type,
        "width": file.width,
        "height": file.height,
        "description": file.description,
        "title": file.title,
    }
    data |= {key: value for key, value in optional.items() if value is not None}
    return {**data, "ephemeral": True} if file.ephemeral else data


def sticker_item(sticker: Sticker) -> Json:
    """Return a sticker as it stands in a message."""
    return {"id": str(sticker.id), "name": sticker.name, "format_type": sticker.format}


def _filled(value: Any, files: dict[str, Attachment], links: Links, *, named: bool) -> Any:  # noqa: ANN401
    """Return `value` with every `attachment://name` turned into links that work now.

    With `named`, what shows a file says which attachment it is, too, as components do.
    """
    if isinstance(value, list):
        return [_filled(item, files, links, named=named) for item in value]
    if not isinstance(value, dict):
        return value
    if (file := _named(value, files)) is not None:
        key = str(file.id)
        identity = {"id": key, "attachment_id": key} if named else {}
        return value | _media(file, links) | identity
    return {key: _filled(item, files, links, named=named) for key, item in value.items()}


def _named(value: Json, files: dict[str, Attachment]) -> Attachment | None:
    url = value.get("url")
    if not isinstance(url, str) or not url.startswith("attachment://"):
        return None
    return files.get(url.removeprefix("attachment://"))


def _media(file: Attachment, links: Links) -> Json:
    data: Json = {"url": links.attachment(file), "proxy_url": links.proxied(file)}
    if file.width is not None and file.height is not None:
        data |= {"width": file.width, "height": file.height}
    if file.content_type is not None:
        data["content_type"] = file.content_type
    if file.description is not None:
        data["description"] = file.description
    return data


def body(message: Message, links: Links) -> Json:
    """Return what the message says, as forwarded snapshots carry it too."""
    files = {file.filename: file for file in message.attachments}
    embeds = [] if message.flags & SUPPRESS_EMBEDS else message.embeds + message.unfurled
    data: Json = {
        "type": message.kind,
        "content": message.content,
        "mentions": [payloads.user(person) for person in message.mentions],
        "mention_roles": [str(role) for role in message.mention_roles],
        "attachments": [attachment(file, links) for file in message.attachments if file.shown],
        "embeds": _filled(embeds, files, links, named=False),
        "components": _filled(message.components, files, links, named=True),
        "timestamp": payloads.stamp(message.sent_at),
        "edited_timestamp": payloads.stamp(message.edited_at),
        "flags": message.flags,
    }
    if message.stickers:
        data["sticker_items"] = [sticker_item(sticker) for sticker in message.stickers]
    return data if message.poll is None else {**data, "poll": message.poll}


def message(
    of: Message, links: Links, *, viewer: Person | None = None, nested: bool = False
) -> Json:
    """Return a message as REST sends it to `viewer`; `nested` leaves out what it replies to."""
    data = {
        **body(of, links),
        "id": str(of.id),
        "channel_id": str(of.channel.id),
        "author": payloads.user(of.author),
        "pinned": False,
        "mention_everyone": of.mention_everyone,
        "tts": of.tts,
    }
    if of.application_id is not None:
        data["application_id"] = data["webhook_id"] = str(of.application_id)
    if of.interaction is not None:
        data["interaction_metadata"] = of.interaction
    if of.command is not None:
        data["interaction"] = of.command
    if of.nonce is not None:
        data["nonce"] = of.nonce
    if of.snapshots:
        data["message_snapshots"] = [{"message": snapshot} for snapshot in of.snapshots]
    if of.reactions:
        data["reactions"] = [_reaction(key, who, viewer) for key, who in of.reactions.items()]
    if of.thread is not None:
        data["thread"] = payloads.channel(of.thread)
    if of.reference is not None:
        data |= _reference(of, links, nested=nested)
    return data


def _reaction(key: str, who: list[int], viewer: Person | None) -> Json:
    return {
        "emoji": {"id": None, "name": key},
        "count": len(who),
        "count_details": {"burst": 0, "normal": len(who)},
        "burst_colors": [],
        "me_burst": False,
        "me": viewer is not None and viewer.id in who,
    }


def _reference(of: Message, links: Links, *, nested: bool) -> Json:
    assert of.reference is not None
    target = of.reference
    reference: Json = {
        "type": target.kind,
        "channel_id": str(target.channel.id),
        "message_id": str(target.message_id),
    }
    if target.channel.guild is not None:
        reference["guild_id"] = str(target.channel.guild.id)
    if nested or of.kind not in {REPLY, THREAD_STARTER}:
        return {"message_reference": reference}
    found = target.channel.messages.get(target.message_id)
    shown = None if found is None else message(found, links, nested=True)
    return {"message_reference": reference, "referenced_message": shown}


def event(of: Message, links: Links) -> Json:
    """Return a message as the gateway tells of it: with the guild and its author's membership."""
    data = message(of, links)
    data["channel_type"] = of.channel.kind
    guild = of.channel.guild
    if guild is None:
        return data
    data["guild_id"] = str(guild.id)
    if member := guild.members.get(of.author.id):
        data["member"] = payloads.partial_member(member)
    for person, mentioned in zip(of.mentions, data["mentions"], strict=True):
        if member := guild.members.get(person.id):
            mentioned["member"] = payloads.partial_member(member)
    return data


def without_content(data: Json, reader: Person, *, direct: bool) -> Json:
    """Return the message `data` as `reader`, who lacks the content intent, gets it.

    Emptied, except in direct messages (`direct`), in messages that mention the reader, and in the
    reader's own. A message that is replied to is judged on its own.
    """
    data = dict(data)
    if data.get("referenced_message"):
        replied_to = data["referenced_message"]
        data["referenced_message"] = without_content(replied_to, reader, direct=direct)
    mentioned = any(person["id"] == str(reader.id) for person in data["mentions"])
    if direct or mentioned or data["author"]["id"] == str(reader.id):
        return data
    nothing: Json = {"content": "", "embeds": [], "attachments": [], "components": []}
    if "message_snapshots" in data:
        data["message_snapshots"] = [
            {"message": snapshot["message"] | nothing} for snapshot in data["message_snapshots"]
        ]
    return data | nothing
