"""The pictures behind what a command names: links, people, custom emoji and messages.

Each that leads nowhere has a sentence of its own; nobody else's picture takes its place.
"""

import contextlib
from dataclasses import replace
from functools import partial

import discord

from bot.core.errors import MissingPermission, NoPicture
from bot.core.i18n import tr
from bot.pictures.channel_access import may_look
from bot.pictures.contents import of_embed
from bot.pictures.discord_files import attachment_id, renewed
from bot.pictures.picture import Picture, User, avatar

UNFURL_SECONDS = 1.0
"""How long Discord's proxy may take to show a link that has just been posted."""


async def linked_to(
    client: discord.Client, links: tuple[Picture, ...], message: discord.Message | None
) -> tuple[Picture, ...]:
    """Return the pictures behind `links`, by the copies that Discord has shown below `message`."""
    previews = _previews(message)
    if message and not all(link.url in previews for link in links):
        previews = _previews(await _unfurled(client, message))
    return tuple(_best(client, link, previews.get(link.url)) for link in links)


def _best(client: discord.Client, link: Picture, preview: Picture | None) -> Picture:
    """Prefer the copy of a linked picture that Discord's proxy has already fetched."""
    own = attachment_id(link.url) is not None
    renew = partial(renewed, client, link.url) if own else None
    if preview:
        return replace(preview, name=link.name, spoiler=link.spoiler, renew=renew)
    return replace(link, from_discord=own, renew=renew)


def _previews(message: discord.Message | None) -> dict[str, Picture]:
    shown = [(embed.url, of_embed(embed)) for embed in message.embeds] if message else []
    return {url: picture for url, picture in shown if url and picture and picture.from_discord}


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


def avatars(wanted: tuple[int, ...], people: tuple[User, ...]) -> tuple[Picture, ...]:
    """Return the avatars of the people with the ids `wanted`, who are among `people`.

    Raises:
        NoPicture: Discord doesn't say who one of them is.
    """
    known = {person.id: person for person in people}
    if not known.keys() >= set(wanted):
        raise NoPicture(tr("I can't see that person's avatar. Post the picture itself."))
    return tuple(avatar(known[person]) for person in wanted)


async def message_at(
    client: discord.Client, requester: User, here: int | None, where: tuple[int, int]
) -> discord.Message:
    """Return the message to which a link leads: `where` is its channel and its id.

    Raises:
        NoPicture: It is gone, or where the requester, who asks `here`, may not look.
        MissingPermission: Bobby may not look there.
    """
    channel, message = where
    if channel != here and not may_look(client.get_channel(channel), requester):
        raise NoPicture(
            tr("I only follow message links to channels of this server that you can read.")
        )
    try:
        return await client.get_partial_messageable(channel).fetch_message(message)
    except discord.NotFound:
        raise NoPicture(tr("The message behind that link is gone.")) from None
    except discord.Forbidden:
        raise MissingPermission(
            tr(
                "I can't see the message behind that link without **Read Message History**. "
                "Upload the picture instead."
            )
        ) from None
