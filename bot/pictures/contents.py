"""What one message holds: every place in it where a picture can be, each picture once.

In this order: attachments, components from top to bottom, embeds, stickers; the same of what is
forwarded. Only a message that shows none of these is asked what its text and its poll name. Looks
at what Discord says of a file; reads none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import partial
from pathlib import PurePosixPath
from typing import TypeAlias

import discord
from discord.components import FileComponent, ThumbnailComponent, UnfurledMediaItem

from bot.core.formatting import escape
from bot.core.i18n import tr
from bot.pictures.discord_files import attachment_id, emoji_url
from bot.pictures.picture import Picture, linked, name_in
from bot.pictures.words import in_spoiler, parse_text

CROP_NAME = "crop-"
"""Our own crops' names begin so; they are never taken for somebody's picture."""

_WRITTEN = {discord.MessageType.default, discord.MessageType.reply}
_ENDING = re.compile(r"\.(jpe?g|jfif|a?png|gif|webp|bmp|tiff?|avif|hei[cf])$", re.IGNORECASE)
_MEASURED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_UNTOLD = frozenset({None, "", "application/octet-stream"})

Content: TypeAlias = discord.Message | discord.MessageSnapshot


class Kind(Enum):
    """What a file is by all that Discord says of it."""

    PICTURE = auto()
    DOUBTFUL = auto()
    """Has a picture's type, and yet Discord could not measure it."""
    UNTOLD = auto()
    """Nothing is said of it: only reading it shows."""
    DRAWN = auto()
    """Made of shapes: people see a picture in it, Bobby can't."""
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a message shows. `key` is the same wherever the same picture stands."""

    key: str
    kind: Kind
    picture: Picture

    @property
    def shown(self) -> str:
        """Its name as it is to stand in a reply."""
        name = escape(self.picture.name)
        return f"||{name}||" if self.picture.spoiler else name


@dataclass(frozen=True, slots=True)
class Contents:
    """The pictures of one place, and the names of what stands beside them and can't be read."""

    pictures: tuple[Picture, ...] = ()
    left_out: tuple[str, ...] = ()


def held_by(message: Content, me: int) -> Contents:
    """Return what somebody means who points at `message`; `me` is Bobby's own id."""
    items = _once(_shown(message, me))
    pictures = _readable(items) or _of_kind(_once(_named(message)), Kind.PICTURE)
    return Contents(pictures, _rest(items, pictures))


def attached_to(message: discord.Message) -> Contents:
    """Return what a message that asks brings along: its attachments and stickers."""
    return uploaded(message.attachments, message)


def uploaded(
    attachments: Iterable[discord.Attachment], message: discord.Message | None = None
) -> Contents:
    """Return what stands in `attachments`, which are those of `message` if there is one."""
    items = [_attachment(one, message) for one in attachments]
    if message:
        items += _stickers(message)
    pictures = _readable(items)
    return Contents(pictures, _rest(items, pictures))


def seen_in(message: discord.Message, me: int) -> Contents:
    """Return what a search sees in `message`, at which nobody has pointed.

    Files that show nothing are no matter; what is drawn or damaged is passed over, and named.
    """
    items = _once(_shown(message, me))
    passed = [one for one in items if one.kind in {Kind.DRAWN, Kind.DOUBTFUL}]
    return Contents(_of_kind(items, Kind.PICTURE), tuple(one.shown for one in passed))


def is_withheld(message: Content) -> bool:
    """Tell whether Discord keeps from Bobby what a person wrote: nobody can post nothing at all."""
    parts = (message.content, message.attachments, message.embeds, message.components)
    if any(parts) or message.stickers or message.type not in _WRITTEN:
        return False
    forwarded = isinstance(message, discord.Message) and message.message_snapshots
    return all(map(is_withheld, forwarded)) if forwarded else not getattr(message, "poll", None)


def of_embed(embed: discord.Embed) -> Picture | None:
    """Return the picture that `embed` shows, by Discord's proxy where it has been there."""
    for media in (embed.image, embed.thumbnail):
        if media.proxy_url:
            return Picture(media.proxy_url, name_in(media.url or media.proxy_url), True)
        if media.url and media.url.startswith(("http://", "https://")):
            return linked(media.url)
    return None


def _once(items: Iterable[Item]) -> list[Item]:
    first: dict[str, Item] = {}
    for one in items:
        first.setdefault(one.key, one)
    return list(first.values())


def _readable(items: Sequence[Item]) -> tuple[Picture, ...]:
    """Return what is to be read: pictures before refusals, the unknown where there is no other."""
    sure = _of_kind(items, Kind.PICTURE) + _of_kind(items, Kind.DOUBTFUL)
    return sure or _of_kind(items, Kind.UNTOLD)


def _of_kind(items: Iterable[Item], kind: Kind) -> tuple[Picture, ...]:
    return tuple(one.picture for one in items if one.kind is kind)


def _rest(items: Iterable[Item], pictures: Sequence[Picture]) -> tuple[str, ...]:
    return tuple(one.shown for one in items if one.picture not in pictures)


def _layers(message: Content) -> Iterator[Content]:
    """Yield `message`, what it forwards, and what a thread has begun with."""
    yield message
    if isinstance(message, discord.Message):
        yield from message.message_snapshots
        if message.type is discord.MessageType.thread_starter_message and message.reference:
            starter = message.reference.resolved
            if isinstance(starter, discord.Message):
                yield from _layers(starter)


def _shown(message: Content, me: int) -> Iterator[Item]:
    for layer in _layers(message):
        ours = isinstance(layer, discord.Message) and layer.author.id == me
        for item in _of_layer(layer):
            if not (ours and item.picture.name.removeprefix("SPOILER_").startswith(CROP_NAME)):
                yield item


def _of_layer(layer: Content) -> Iterator[Item]:
    files = {one.id: _attachment(one, layer) for one in layer.attachments}
    media = tuple(_media(layer.components))
    placed = {one.attachment_id for one, _ in media}
    yield from (item for key, item in files.items() if key not in placed)
    for one, spoiler in media:
        item = files.get(one.attachment_id or 0) or _unfurled(one)
        hidden = spoiler or item.picture.spoiler
        yield replace(item, picture=replace(item.picture, spoiler=hidden))
    for embed in layer.embeds:
        if picture := of_embed(embed):
            place = layer.content.find(embed.url) if embed.url else -1
            hidden = in_spoiler(layer.content, place)
            key = _key(embed.image.url or embed.thumbnail.url or picture.url)
            yield Item(key, Kind.PICTURE, replace(picture, spoiler=hidden))
    yield from _stickers(layer)


def _attachment(attachment: discord.Attachment, of: Content | None) -> Item:
    renew = None
    if isinstance(of, discord.Message):
        renew = partial(_fresh_link, of.channel, of.id, attachment.id)
    picture = Picture(
        attachment.url,
        attachment.filename,
        from_discord=True,
        spoiler=attachment.is_spoiler(),
        renew=renew,
    )
    kind = _kind(attachment.content_type, attachment.filename, attachment.width)
    return Item(f"attachment {attachment.id}", kind, picture)


def _kind(content_type: str | None, name: str, width: int | None) -> Kind:
    told = (content_type or "").partition(";")[0].strip().lower()
    if told.startswith(("video/", "audio/")):
        return Kind.OTHER
    if told == "image/svg+xml" or name.lower().endswith(".svg"):
        return Kind.DRAWN
    if width:
        return Kind.PICTURE
    if told.startswith("image/"):
        return Kind.DOUBTFUL if told in _MEASURED else Kind.PICTURE
    if told not in _UNTOLD:
        return Kind.OTHER
    if _ENDING.search(name):
        return Kind.PICTURE
    return Kind.OTHER if PurePosixPath(name).suffix else Kind.UNTOLD


async def _fresh_link(
    channel: discord.abc.Messageable, message_id: int, attachment: int
) -> str | None:
    """Fetch a message again and return its attachment's address; None where either is gone."""
    try:
        message = await channel.fetch_message(message_id)
    except discord.HTTPException:
        return None
    return next((one.url for one in message.attachments if one.id == attachment), None)


def _media(components: Iterable[object]) -> Iterator[tuple[UnfurledMediaItem, bool]]:
    """Yield what components show, with its spoiler, from top to bottom."""
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent):
            yield from ((item.media, item.spoiler) for item in component.items)
        elif isinstance(component, ThumbnailComponent | FileComponent):
            yield component.media, component.spoiler
        yield from _media(getattr(component, "children", ()))
        if accessory := getattr(component, "accessory", None):
            yield from _media((accessory,))


def _unfurled(media: UnfurledMediaItem) -> Item:
    name = name_in(media.url)
    kind = Kind.OTHER if _kind(media.content_type, name, media.width) is Kind.OTHER else None
    if media.proxy_url:
        picture = Picture(media.proxy_url, name, from_discord=True)
    else:
        picture = linked(media.url)
    return Item(_key(media.url), kind or Kind.PICTURE, picture)


def _stickers(message: Content) -> Iterator[Item]:
    for sticker in message.stickers:
        drawn = sticker.format is discord.StickerFormatType.lottie
        name = tr("sticker {name}", name=sticker.name)
        picture = Picture(sticker.url, name, from_discord=True)
        yield Item(sticker.url, Kind.DRAWN if drawn else Kind.PICTURE, picture)


def _named(message: Content) -> Iterator[Item]:
    """Yield the emoji and links of the text, and the emoji of a poll's answers."""
    for layer in _layers(message):
        words = parse_text("\n".join([layer.content, *_texts(layer.components)]))
        for picture in (*words.emoji, *_voted_for(layer), *words.links):
            yield Item(picture.url, Kind.PICTURE, picture)


def _texts(components: Iterable[object]) -> Iterator[str]:
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        yield from _texts(getattr(component, "children", ()))


def _voted_for(message: Content) -> Iterator[Picture]:
    poll = message.poll if isinstance(message, discord.Message) else None
    for answer in poll.answers if poll else ():
        if answer.emoji and answer.emoji.id:
            yield Picture(emoji_url(answer.emoji.id), answer.emoji.name, from_discord=True)


def _key(url: str) -> str:
    attachment = attachment_id(url)
    return f"attachment {attachment}" if attachment else url
