"""The newest picture above a command that points at none."""

import discord

from bot.core.errors import MissingPermission, NoPicture
from bot.core.formatting import escape
from bot.core.i18n import tr, tr_n
from bot.pictures.channel_access import may_search
from bot.pictures.contents import is_withheld, seen_in
from bot.pictures.picture import FoundPictures

HISTORY = 50
"""How many messages back the newest picture is looked for."""


async def newest(
    channel: discord.abc.Messageable, *, before: discord.abc.Snowflake, me: int
) -> FoundPictures:
    """Return the newest picture among the `HISTORY` messages before `before`, saying whose it is.

    Raises:
        NoPicture: None of them has one that can be read.
        MissingPermission: The history may not be read.
    """
    # Without the permission Discord does not refuse: it shows an empty history.
    if not may_search(channel):
        raise MissingPermission(
            tr(
                "Your message has no picture, and without **Read Message History** I "
                "can't look for one here. Upload it instead."
            )
        )
    withheld, passed = 0, list[str]()
    up = 0
    async for message in channel.history(limit=HISTORY, before=before):
        up += 1
        withheld += is_withheld(message)
        seen = seen_in(message, me)
        passed += seen.left_out
        if seen.pictures:
            return FoundPictures(seen.pictures[:1], _whose(message, up), tuple(passed))
    raise NoPicture(_none(withheld))


def _whose(message: discord.Message, up: int) -> str:
    # Behind a webhook's name there is nobody whom Discord could show in a mention.
    author = message.author
    mention = escape(author.display_name) if message.webhook_id else author.mention
    whose = tr(
        "using {mention}'s picture, [{messages} up]",
        mention=mention,
        messages=tr_n("1 message", "{count} messages", up),
    )
    return f"{whose}({message.jump_url})"


def _none(withheld: int) -> str:
    if withheld:
        return tr(
            "Which picture? Discord only shows me messages that mention me. Upload one, add "
            "a link, or open the menu of the picture's message and choose **Apps**."
        )
    return tr(
        "I couldn't find a picture in the last {count} messages. Upload one, reply "
        "to one, add a link, or mention someone to use their avatar.",
        count=HISTORY,
    )
