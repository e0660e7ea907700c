"""The form of a message's body, field by field, before anyone looks at what it says as a whole."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from bot.playground.messages.components import Color, Container, Emoji, Inner
from bot.playground.model.errors import ValidationErrors
from bot.playground.model.fields import REQUIRED, Id, check_each, must

Text256: TypeAlias = Annotated[str, Meta(max_length=256)]
Text2048: TypeAlias = Annotated[str, Meta(max_length=2048)]
Ids: TypeAlias = Annotated[list[Id], Meta(max_length=100)]


class _Text(Struct):
    text: Text2048 | None = None
    name: Text256 | None = None
    url: str | None = None
    icon_url: str | None = None


class _Field(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=256)]
    value: Annotated[str, Meta(min_length=1, max_length=1024)]
    inline: bool | None = None


class _Embed(Struct):
    title: Text256 | None = None
    description: Annotated[str, Meta(max_length=4096)] | None = None
    url: str | None = None
    timestamp: datetime | None = None
    color: Color | None = None
    footer: _Text | None = None
    author: _Text | None = None
    image: _Text | None = None
    thumbnail: _Text | None = None
    fields: Annotated[list[_Field], Meta(max_length=25)] | None = None

    def __post_init__(self) -> None:
        """Check that there is anything to see."""
        shown = self.title or self.description or self.fields
        media = self.image or self.thumbnail or self.author or self.footer
        must(shown or media, "description", *REQUIRED)


class _File(Struct):
    id: Id
    filename: str | None = None
    description: Annotated[str, Meta(max_length=1024)] | None = None
    is_spoiler: bool | None = None


class _Mentions(Struct):
    parse: list[Literal["users", "roles", "everyone"]] | None = None
    users: Ids | None = None
    roles: Ids | None = None
    replied_user: bool | None = None

    def __post_init__(self) -> None:
        """Check that a kind is allowed altogether or one by one, not both."""
        for kind, ids in (("users", self.users), ("roles", self.roles)):
            sentence = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            both = ids and kind in (self.parse or [])
            must(not both, "", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", sentence)


class _PollMedia(Struct):
    text: Annotated[str, Meta(max_length=300)] | None = None
    emoji: Emoji | None = None


class _Answer(Struct):
    poll_media: _PollMedia


class _Poll(Struct):
    question: _PollMedia
    answers: Annotated[list[_Answer], Meta(min_length=1, max_length=10)]


class _Reference(Struct):
    message_id: Id | None = None
    channel_id: Id | None = None
    guild_id: Id | None = None
    type: Literal[0, 1] | None = None
    fail_if_not_exists: bool | None = None


class _Message(Struct):
    content: Annotated[str, Meta(max_length=2000)] | None = None
    nonce: int | Annotated[str, Meta(max_length=25)] | None = None
    enforce_nonce: bool | None = None
    tts: bool | None = None
    flags: Annotated[int, Meta(ge=0)] | None = None
    embeds: Annotated[list[_Embed], Meta(max_length=10)] | None = None
    components: Annotated[list[Container | Inner], Meta(max_length=40)] | None = None
    attachments: Annotated[list[_File], Meta(max_length=10)] | None = None
    sticker_ids: Annotated[list[Id], Meta(max_length=3)] | None = None
    poll: _Poll | None = None
    allowed_mentions: _Mentions | None = None
    message_reference: _Reference | None = None


def check(payload: dict[str, Any]) -> None:
    """Check that every field of a message's body has its form.

    Raises:
        ApiError: 50035, with the first complaint about each field.
    """
    complaints = ValidationErrors()
    check_each(complaints, payload, _Message)
    complaints.close()
