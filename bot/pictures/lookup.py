"""Finds the picture that a command means.

The order is fixed: the asker's own attachments (all of them), else the message replied to, else a
link or a mentioned person's avatar, else the newest picture among the channel's last messages.
Owns the finding; hands addresses to `bot.pictures.fetch`, which gets the bytes.
"""

import contextlib
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeAlias

import discord
from yarl import URL

from bot.core.errors import MissingPermission, NoPicture
from bot.core.i18n import tr, tr_n

HISTORY = 50
"""How many messages back the newest picture is looked for."""
CROP_NAME = "crop-"
"""Our own crops' names begin so; they are never taken for somebody's picture."""
UNFURL_SECONDS = 1.0
"""How long Discord's proxy may take to show a link that has just been posted."""

_WRITTEN = {discord.MessageType.default, discord.MessageType.reply}
_LINK = re.compile(r"<?(https?://[^\s<>|]+)>?", re.IGNORECASE)
_MENTION = re.compile(r"<@!?(\d{15,20})>")
_SPOILER = re.compile(r"\|\|.*?\|\|", re.DOTALL)
_EXTENSION = re.compile(r"\.(jpe?g|jfif|a?png|gif|webp|bmp|tiff?|avif|hei[cf])$", re.IGNORECASE)

Content: TypeAlias = discord.Message | discord.MessageSnapshot
User: TypeAlias = discord.User | discord.Member


@dataclass(frozen=True, slots=True)
class Picture:
    """Where a picture's bytes are. `from_discord` tells that Discord itself gave the address.

    Such an address runs out; `renew` gives a fresh one where there is a message to ask for it.
    """

    url: str
    name: str
    from_discord: bool
    spoiler: bool = False
    renew: Callable[[], Awaitable[str | None]] | None = field(
        default=None, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class FoundPictures:
    """The pictures a command means, at least one, and a note on how they were found, if needed."""

    pictures: tuple[Picture, ...]
    note: str | None = None

    def with_note(self, more: str | None) -> "FoundPictures":
        """Return the same pictures with one more line, if there is one, below the note."""
        return replace(self, note="\n-# ".join(filter(None, [self.note, more])) or None)

    def first(self, most: int) -> "FoundPictures":
        """Return it with at most `most` pictures; the note says so where there are more."""
        count = len(self.pictures)
        if count <= most:
            return self
        some = tr_n("the first of {all}", "First {count} of {all} pictures", most, all=count)
        return FoundPictures(self.pictures[:most], some)


Find: TypeAlias = Callable[[], Awaitable[FoundPictures]]
"""Finds what a command means; called once the person has been shown that Bobby is at work."""


@dataclass(frozen=True, slots=True)
class Words:
    """What stands behind a text command: a link, a mentioned person's id, and the rest."""

    link: Picture | None
    person: int | None
    rest: str


def parse_text(text: str) -> Words:
    """Split `text` into the first link, the first mention and whatever else stands there."""
    link = _LINK.search(text)
    person = _MENTION.search(text)
    rest = _MENTION.sub(" ", _LINK.sub(" ", text)).replace("||", " ")
    return Words(
        link=linked(link[1], spoiler=_in_spoiler(text, link.start())) if link else None,
        person=int(person[1]) if person else None,
        rest=" ".join(rest.split()),
    )


def linked(link: str, *, spoiler: bool = False) -> Picture:
    """Return the picture behind a link that a person typed."""
    return Picture(link.strip("<>"), _name_in(link), from_discord=False, spoiler=spoiler)


def avatar(person: User) -> Picture:
    """Return a person's avatar, of the server where it has one, as a picture of 512 pixels."""
    asset = person.display_avatar.with_size(512).with_static_format("png")
    return Picture(
        asset.url,
        tr("{display_name}'s avatar", display_name=person.display_name),
        from_discord=True,
    )


def attached(attachment: discord.Attachment, of: Content | None = None) -> Picture:
    """Return an attachment `of` a message as a picture, whatever its file turns out to be."""
    renew = None
    if isinstance(of, discord.Message):
        renew = partial(_fresh_link, of.channel, of.id, attachment.id)
    return Picture(
        attachment.url,
        attachment.filename,
        from_discord=True,
        spoiler=attachment.is_spoiler(),
        renew=renew,
    )


async def _fresh_link(
    channel: discord.abc.Messageable, message_id: int, attachment_id: int
) -> str | None:
    """Fetch a message again and return its attachment's address; None where either is gone."""
    try:
        message = await channel.fetch_message(message_id)
    except discord.HTTPException:
        return None
    return next((one.url for one in message.attachments if one.id == attachment_id), None)


async def find(client: discord.Client, message: discord.Message, words: Words) -> FoundPictures:
    """Return the pictures that a text command in `message` means.

    Raises:
        NoPicture: There is none where the person pointed; the sentence says where it looked.
        MissingPermission: The channel's history would have to be read and may not be.
    """
    own = tuple(attached(attachment, message) for attachment in message.attachments)
    if own := own or tuple(_stickers(message)):
        return FoundPictures(own)
    if message.reference and message.reference.type is discord.MessageReferenceType.reply:
        return await inside(await _replied_to(message))
    if words.link:
        return FoundPictures((await _through_proxy(client, message, words.link),))
    if words.person:
        people = [person for person in message.mentions if person.id == words.person]
        if not people:
            raise NoPicture(tr("I can't see that person's avatar. Post the picture itself."))
        return FoundPictures(
            (avatar(people[0]),), tr("Using {mention}'s avatar", mention=people[0].mention)
        )
    return await newest(message.channel, before=message)


async def inside(message: Content) -> FoundPictures:
    """Return every picture of `message`: attachments, stickers, embeds, galleries, forwards.

    Raises:
        NoPicture: It has none, or Discord keeps them from Bobby.
    """
    pictures = tuple(_pictures(message))
    if not pictures and is_withheld(message):
        raise NoPicture(
            tr(
                "Discord doesn't show me that message because it doesn't mention me. Open its "
                "menu (right-click, or long-press on mobile) and choose **Apps**, or upload "
                "the picture."
            )
        )
    if not pictures:
        raise NoPicture(tr("That message doesn't have a picture. Try one that does."))
    return FoundPictures(pictures)


def is_withheld(message: Content) -> bool:
    """Tell whether Discord keeps from Bobby what a person wrote: nobody can post nothing at all."""
    parts = (message.content, message.attachments, message.embeds, message.components)
    if any(parts) or message.stickers or message.type not in _WRITTEN:
        return False
    forwarded = isinstance(message, discord.Message) and message.message_snapshots
    return all(map(is_withheld, forwarded)) if forwarded else not getattr(message, "poll", None)


async def from_options(
    interaction: discord.Interaction[Any],
    picture: discord.Attachment | None,
    link: str | None,
    person: User | None,
) -> FoundPictures:
    """Return the picture that a slash command's options mean, the newest here if none is given.

    Raises:
        NoPicture, MissingPermission: See `newest_here`.
    """
    if picture:
        return FoundPictures((attached(picture),))
    if link:
        return FoundPictures((linked(link),))
    if person:
        return FoundPictures((avatar(person),))
    return await newest_here(interaction)


async def newest_here(interaction: discord.Interaction[Any]) -> FoundPictures:
    """Return the newest picture of the channel in which a slash command named none.

    Raises:
        NoPicture: There is none, or Bobby is no member there and can't look.
        MissingPermission: The history may not be read.
    """
    channel = interaction.channel
    member = interaction.is_guild_integration() or interaction.context.dm_channel
    if member and isinstance(channel, discord.abc.Messageable):
        return await newest(channel, before=interaction)
    raise NoPicture(
        tr("Which picture? Upload one, add a link, or pick a person to use their avatar.")
    )


async def newest(
    channel: discord.abc.Messageable, *, before: discord.abc.Snowflake
) -> FoundPictures:
    """Return the newest picture among the `HISTORY` messages before `before`, saying whose it is.

    Raises:
        NoPicture: None of them has one.
        MissingPermission: The history may not be read.
    """
    # Without the permission Discord does not refuse: it shows an empty history.
    if isinstance(channel, discord.abc.GuildChannel | discord.Thread) and not (
        channel.permissions_for(channel.guild.me).read_message_history
    ):
        raise MissingPermission(
            tr(
                "Your message has no picture, and without **Read Message History** I "
                "can't look for one here. Upload it instead."
            )
        )
    up = withheld = 0
    async for message in channel.history(limit=HISTORY, before=before):
        up += 1
        withheld += is_withheld(message)
        if picture := next(_pictures(message), None):
            messages = tr_n("1 message", "{count} messages", up)
            whose = tr(
                "using {mention}'s picture, [{messages} up]",
                mention=message.author.mention,
                messages=messages,
            )
            return FoundPictures((picture,), f"{whose}({message.jump_url})")
    if withheld:
        raise NoPicture(
            tr(
                "Which picture? Discord only shows me messages that mention me. Upload one, add "
                "a link, or open the menu of the picture's message and choose **Apps**."
            )
        )
    raise NoPicture(
        tr(
            "I couldn't find a picture in the last {count} messages. Upload one, reply "
            "to one, add a link, or mention someone to use their avatar.",
            count=HISTORY,
        )
    )


async def _replied_to(message: discord.Message) -> discord.Message:
    reference = message.reference
    assert reference is not None
    if isinstance(reference.resolved, discord.Message):
        return reference.resolved
    if reference.resolved is None and reference.message_id is not None:
        try:
            return await message.channel.fetch_message(reference.message_id)
        except discord.NotFound:
            pass
        except discord.Forbidden:
            raise MissingPermission(
                tr(
                    "I can't see the message you replied to without **Read Message "
                    "History**. Upload the picture instead."
                )
            ) from None
    raise NoPicture(tr("The message you replied to is gone. Post the picture again."))


async def _through_proxy(
    client: discord.Client, message: discord.Message, link: Picture
) -> Picture:
    """Prefer the copy of a linked picture that Discord's proxy has already fetched."""
    for attempt in range(2):
        for embed in message.embeds:
            if embed.url == link.url and (picture := _of_embed(embed)) and picture.from_discord:
                return replace(picture, name=link.name, spoiler=link.spoiler)
        if attempt == 0:
            message = await _unfurled(client, message)
    return link


async def _unfurled(client: discord.Client, message: discord.Message) -> discord.Message:
    """Give Discord a moment to add the embed of a link that has just been posted."""
    try:
        payload: discord.RawMessageUpdateEvent = await client.wait_for(
            "raw_message_edit",
            check=lambda payload: payload.message_id == message.id,
            timeout=UNFURL_SECONDS,
        )
    except TimeoutError:
        # The edit may have come before anybody listened.
        with contextlib.suppress(discord.HTTPException):
            return await message.channel.fetch_message(message.id)
        return message
    return payload.message


def _pictures(message: Content) -> Iterator[Picture]:
    for attachment in message.attachments:
        if _looks_like_picture(attachment) and not _is_our_crop(message, attachment.filename):
            yield attached(attachment, message)
    yield from _stickers(message)
    for embed in message.embeds:
        if (picture := _of_embed(embed)) and not _is_our_crop(message, picture.name):
            yield replace(picture, spoiler=_in_spoiler(message.content, text=embed.url))
    yield from _galleries(message.components)
    if isinstance(message, discord.Message):
        for snapshot in message.message_snapshots:
            yield from _pictures(snapshot)
        if message.type is discord.MessageType.thread_starter_message and message.reference:
            starter = message.reference.resolved
            if isinstance(starter, discord.Message):
                yield from _pictures(starter)


def _looks_like_picture(attachment: discord.Attachment) -> bool:
    if attachment.content_type:
        return attachment.content_type.startswith("image/")
    return _EXTENSION.search(attachment.filename) is not None


def _is_our_crop(message: Content, name: str) -> bool:
    by_bot = isinstance(message, discord.Message) and message.author.bot
    return by_bot and name.removeprefix("SPOILER_").startswith(CROP_NAME)


def _stickers(message: Content) -> Iterator[Picture]:
    for sticker in message.stickers:
        if sticker.format is not discord.StickerFormatType.lottie:
            yield Picture(sticker.url, tr("sticker {name}", name=sticker.name), from_discord=True)


def _of_embed(embed: discord.Embed) -> Picture | None:
    for media in (embed.image, embed.thumbnail):
        if media.proxy_url:
            return Picture(media.proxy_url, _name_in(media.url or media.proxy_url), True)
        if media.url and media.url.startswith(("http://", "https://")):
            return linked(media.url)
    return None


def _galleries(components: Sequence[object]) -> Iterator[Picture]:
    for component in components:
        if isinstance(component, discord.MediaGalleryComponent):
            for item in component.items:
                media = item.media
                if media.proxy_url:
                    yield Picture(media.proxy_url, _name_in(media.url), True, item.spoiler)
                else:
                    yield linked(media.url, spoiler=item.spoiler)
        children: Iterable[object] = getattr(component, "children", ())
        yield from _galleries(tuple(children))


def _name_in(url: str) -> str:
    try:
        return PurePosixPath(URL(url).path).name or tr("picture")
    except ValueError:  # anyone can post an address that is none; fetching it says so
        return tr("picture")


def _in_spoiler(content: str, position: int | None = None, *, text: str | None = None) -> bool:
    """Tell whether the character at `position`, or else `text`, stands between two `||`."""
    if position is None:
        position = content.find(text) if text else -1
    return any(span.start() <= position < span.end() for span in _SPOILER.finditer(content))
