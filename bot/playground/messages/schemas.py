"""The JSON types that a message's body must have, before anyone looks at what it says."""

import re
from typing import Any, TypeAlias

import msgspec

from bot.playground.model import errors
from bot.playground.model.records import Json

Id: TypeAlias = int | str
_STEP = re.compile(r"\[(\d+)\]|\.?([A-Za-z_]\w*)")


class _Text(msgspec.Struct):
    text: str | None = None
    name: str | None = None
    url: str | None = None
    icon_url: str | None = None


class _Field(msgspec.Struct):
    name: str | None = None
    value: str | None = None
    inline: bool | None = None


class _Embed(msgspec.Struct):
    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: str | None = None
    color: int | None = None
    footer: _Text | None = None
    author: _Text | None = None
    image: _Text | None = None
    thumbnail: _Text | None = None
    fields: list[_Field] | None = None


class _Option(msgspec.Struct):
    label: str
    value: str
    description: str | None = None


class _Component(msgspec.Struct):
    type: int
    id: int | None = None
    custom_id: str | None = None
    label: str | None = None
    placeholder: str | None = None
    options: list[_Option] | None = None
    components: "list[_Component] | None" = None
    accessory: "_Component | None" = None
    items: list[Json] | None = None


class _File(msgspec.Struct):
    id: Id
    filename: str | None = None
    description: str | None = None
    is_spoiler: bool | None = None


class _Mentions(msgspec.Struct):
    parse: list[str] | None = None
    users: list[Id] | None = None
    roles: list[Id] | None = None
    replied_user: bool | None = None


class _PollEmoji(msgspec.Struct):
    id: Id | None = None
    name: str | None = None


class _PollMedia(msgspec.Struct):
    text: str | None = None
    emoji: _PollEmoji | None = None


class _Answer(msgspec.Struct):
    poll_media: _PollMedia


class _Poll(msgspec.Struct):
    question: _PollMedia
    answers: list[_Answer]


class _Reference(msgspec.Struct):
    message_id: Id | None = None
    channel_id: Id | None = None
    guild_id: Id | None = None
    type: int | None = None
    fail_if_not_exists: bool | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    nonce: Id | None = None
    enforce_nonce: bool | None = None
    tts: bool | None = None
    flags: int | None = None
    embeds: list[_Embed] | None = None
    components: list[_Component] | None = None
    attachments: list[_File] | None = None
    sticker_ids: list[Id] | None = None
    poll: _Poll | None = None
    allowed_mentions: _Mentions | None = None
    message_reference: _Reference | None = None


def check(payload: dict[str, Any]) -> None:
    """Check that every field of a message's body is of its JSON type.

    Raises:
        ApiError: 50035, at the first field that is not.
    """
    try:
        msgspec.convert(payload, _Message)
    except msgspec.ValidationError as error:
        sentence, _, place = str(error).partition(" - at `$")
        steps = ["".join(step) for step in _STEP.findall(place.rstrip("`"))]
        raise errors.invalid(".".join(steps) or "_body", "BASE_TYPE_INVALID", sentence) from None
