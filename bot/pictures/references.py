"""The pictures that an earlier question was about, for the buttons below its answer.

A button's id has room for a few numbers, so it says where the picture is: in the message that
asked, in a message whose menu was used, or with a slash command. The options of a slash command
Discord shows only once, and so it may be with a menu's message; of these the pictures' addresses
are remembered here for a while, and kept with the answer (`kept_links`). Pictures are always
fetched again.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, Self

import discord
from discord.ext import commands

from bot.core.errors import NoPicture
from bot.core.i18n import later
from bot.pictures import kept_links, precedence
from bot.pictures.channel_access import as_by_gateway
from bot.pictures.contents import is_withheld
from bot.pictures.picture import FoundPictures
from bot.pictures.words import parse_text

REMEMBERED = 1000
"""Interactions whose pictures' addresses are remembered, the latest ones."""

Kind = Literal["ask", "in", "at"]

TEMPLATE = r"(?P<kind>ask|in|at):(?P<channel>\d+):(?P<message>\d+)"
"""How a `PictureRef` stands in a button's id."""

_GONE = later("I can't find that picture anymore. Please post it again.")
_UNSEEN = later("I no longer have access to that message. Please post the picture again.")


@dataclass(frozen=True)
class PictureRef:
    """Where pictures were: `kind` tells whether `message` asked, has them itself, or is a command.

    For a slash command (`at`), `message` is the interaction's id.
    """

    kind: Kind
    channel: int
    message: int

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        """Read it from a button's id, see `TEMPLATE`."""
        kind: Kind = match["kind"]  # type: ignore[assignment]  # the template allows no other
        return cls(kind, int(match["channel"]), int(match["message"]))

    def __str__(self) -> str:
        """Return it as it stands in a button's id."""
        return f"{self.kind}:{self.channel}:{self.message}"


class PictureReferences:
    """Finds the pictures of earlier questions."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[int, FoundPictures] = OrderedDict()

    def note(self, source: PictureRef, found: FoundPictures) -> None:
        """Remember the addresses of pictures that `source` alone would not lead to."""
        if source.kind == "ask":
            return
        self._remembered[source.message] = found
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    async def find(
        self,
        bot: commands.AutoShardedBot,
        source: PictureRef,
        answer: discord.Message | None = None,
    ) -> tuple[FoundPictures, str]:
        """Return the pictures that `source` means, and the words behind a text command.

        `answer` is the message whose button was pressed, which may have kept their addresses.

        Raises:
            NoPicture: They are gone.
        """
        remembered = self._remembered.get(source.message)
        if remembered is None and answer:
            remembered = kept_links.found(answer.embeds)
        if source.kind == "at":
            if remembered is None:
                raise NoPicture(_GONE)
            return remembered, ""
        message = await _fetched(bot, source)
        if source.kind == "in":
            if remembered and is_withheld(message):
                return remembered, ""
            return await precedence.menu(bot, message), ""
        context = await bot.get_context(message)
        text = context.view.read_rest().strip()
        words = parse_text(text)
        if words.messages:
            message = await as_by_gateway(message)
        pointing = precedence.typed(bot, message, words)
        return await precedence.find(pointing), text


async def _fetched(bot: commands.AutoShardedBot, source: PictureRef) -> discord.Message:
    channel: object = bot.get_channel(source.channel)  # with it the message knows its server
    if not isinstance(channel, discord.abc.Messageable):
        channel = bot.get_partial_messageable(source.channel)
    try:
        return await channel.fetch_message(source.message)
    except discord.NotFound:
        raise NoPicture(_GONE) from None
    except discord.Forbidden:
        raise NoPicture(_UNSEEN) from None
