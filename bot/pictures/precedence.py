"""Decides which pictures a person means, by one written order, however the question is asked.

1. What the command names: links, people, custom emoji, links to messages.
2. What the requester attached.
3. What the message replied to holds; a menu's message is one.
4. The newest readable picture above.

The first of these that has a picture is meant, and all that it has. What can't be read on the way
is left out and named; where somebody pointed at nothing else, that is said instead of an answer
about somebody else's picture. docs/pictures.md tells people the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import discord

from bot.core.errors import MissingPermission, NoPicture
from bot.core.i18n import tr
from bot.pictures import named
from bot.pictures.contents import (
    Content,
    Contents,
    attached_to,
    held_by,
    is_withheld,
    uploaded,
)
from bot.pictures.history import newest
from bot.pictures.picture import FoundPictures, Picture, User, linked, listed
from bot.pictures.words import Words, parse_text


@dataclass(frozen=True, slots=True)
class Pointing:
    """Everything by which a question can point at pictures.

    `people` are those whom Discord tells of with it; `message` is the text command itself, `above`
    the channel that may be searched and `moment` what it is searched before.
    """

    client: discord.Client
    requester: User
    here: int | None
    words: Words
    people: tuple[User, ...] = ()
    attached: Contents = field(default_factory=Contents)
    message: discord.Message | None = None
    above: discord.abc.Messageable | None = None
    moment: discord.abc.Snowflake | None = None

    @property
    def me(self) -> int:
        """Bobby's own id."""
        return self.client.user.id if self.client.user else 0


def typed(client: discord.Client, message: discord.Message, words: Words) -> Pointing:
    """Return by what a text command points."""
    return Pointing(
        client,
        message.author,
        message.channel.id,
        words,
        tuple(message.mentions),
        attached_to(message),
        message,
        message.channel,
        message,
    )


def chosen(
    interaction: discord.Interaction[Any],
    attachments: Iterable[discord.Attachment],
    link: str | None = None,
    person: User | None = None,
) -> Pointing:
    """Return by what the options of a slash command point."""
    words = parse_text(link or "")
    if link and not (words.links or words.people or words.emoji or words.messages):
        words = replace(words, links=(linked(link.strip("<>")),))
    if person:
        words = replace(words, people=(person.id,))
    member = interaction.is_guild_integration() or interaction.context.dm_channel
    channel = interaction.channel if member else None
    return Pointing(
        interaction.client,
        interaction.user,
        interaction.channel_id,
        words,
        (person,) if person else (),
        uploaded(attachments),
        above=channel if isinstance(channel, discord.abc.Messageable) else None,
        moment=interaction,
    )


async def find(pointing: Pointing) -> FoundPictures:
    """Return the pictures that are meant.

    Raises:
        NoPicture: There is none where the person pointed; the sentence says where it looked.
        MissingPermission: What was pointed at, or the channel's history, may not be read.
    """
    if found := await _named(pointing):
        return found
    left_out = pointing.attached.left_out
    if pointing.attached.pictures:
        return FoundPictures(pointing.attached.pictures, None, left_out)
    message = pointing.message
    if message and message.reference and _is_reply(message.reference):
        return inside(await _replied_to(message), pointing.me, left_out)
    if left_out:
        raise NoPicture(_unreadable(left_out))
    if pointing.above is None or pointing.moment is None:
        raise NoPicture(
            tr("Which picture? Upload one, add a link, or pick a person to use their avatar.")
        )
    return await newest(pointing.above, before=pointing.moment, me=pointing.me)


def inside(message: Content, me: int, left_out: tuple[str, ...] = ()) -> FoundPictures:
    """Return every picture of `message`; `left_out` is what the requester sent and can't be read.

    Raises:
        NoPicture: It has none, or Discord keeps them from Bobby.
    """
    held = held_by(message, me)
    left_out += held.left_out
    if held.pictures:
        return FoundPictures(held.pictures, None, left_out)
    if is_withheld(message):
        raise NoPicture(
            tr(
                "Discord doesn't show me that message because it doesn't mention me. Open its "
                "menu (right-click, or long-press on mobile) and choose **Apps**, or upload "
                "the picture."
            )
        )
    if left_out:
        raise NoPicture(_unreadable(left_out))
    raise NoPicture(tr("That message doesn't have a picture. Try one that does."))


async def menu(client: discord.Client, message: discord.Message) -> FoundPictures:
    """Return every picture of `message`, whose menu was used.

    Raises:
        NoPicture: See `inside`.
    """
    return inside(message, client.user.id if client.user else 0)


async def _named(pointing: Pointing) -> FoundPictures | None:
    """Return the pictures of all that the command names, None where it names nothing."""
    words, client = pointing.words, pointing.client
    pictures: list[Picture] = []
    left_out: tuple[str, ...] = ()
    if words.links:
        pictures += await named.linked_to(client, words.links, pointing.message)
    pictures += named.avatars(words.people, pointing.people)
    pictures += words.emoji
    for where in words.messages:
        message = await named.message_at(client, pointing.requester, pointing.here, where)
        held = inside(message, pointing.me)
        pictures += held.pictures
        left_out += held.left_out
    if not pictures:
        return None
    return FoundPictures(_distinct(pictures), _note(words), left_out)


def _distinct(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    return tuple({one.url: one for one in pictures}.values())


def _note(words: Words) -> str | None:
    if len(words.people) != 1 or words.links or words.emoji or words.messages:
        return None
    mention = f"<@{words.people[0]}>"
    return tr("Using {mention}'s avatar", mention=mention)


def _unreadable(names: tuple[str, ...]) -> str:
    return tr(
        "I can't read {names} as a picture. Try a PNG, JPEG, GIF or WebP file.",
        names=listed(names),
    )


def _is_reply(reference: discord.MessageReference) -> bool:
    return reference.type is discord.MessageReferenceType.reply


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
