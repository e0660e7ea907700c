"""The Message Content Intent: whether Bobby asks for it, and how it goes on when Discord takes it.

Without it, Discord shows Bobby a message only where Bobby is mentioned, in direct messages, and in
interactions. Owns what the gateway is asked for; docs/message-content.md says who may have it.
"""

import logging
from typing import Literal

import discord
from discord.shard import Shard

from bot.core.i18n import later

log = logging.getLogger(__name__)

REFUSED = 4014
"""The gateway's close code for an intent that the application does not have."""

WITHOUT = (
    "In servers, Bobby only reads messages that mention it. Slash commands, menus and direct"
    " messages work as ever. See docs/message-content.md."
)


class MessageContent:
    """`wanted` is the setting; `intents` is what every login asks for, the later ones too."""

    def __init__(self, wanted: Literal["auto", "on", "off"]) -> None:
        self._wanted = wanted
        self._refused: set[int] = set()
        self.intents = discord.Intents(guilds=True, messages=True, message_content=True)

    @property
    def read(self) -> bool:
        """Whether Bobby asks for it."""
        return self.intents.message_content

    @property
    def state(self) -> str:
        """How it is, for people, to be translated."""
        return later("on") if self.read else later("off: mention me, or use `/` commands")

    def settle(self, flags: discord.ApplicationFlags) -> None:
        """Choose by the setting and the application's `flags`, and say in the log what it is."""
        granted = flags.gateway_message_content or flags.gateway_message_content_limited
        self.intents.message_content = self._wanted == "on" or (self._wanted == "auto" and granted)
        log.info("Message Content Intent: %s", "on" if self.read else f"off. {WITHOUT}")

    def do_without(self, shard: int) -> bool:
        """Ask for it no more, since the gateway refused it to `shard`.

        Returns False where that is no way on: the setting insists on it, or it was not that.
        """
        asked = self.read or self._refused
        if self._wanted != "auto" or not asked or shard in self._refused:
            return False
        self._refused.add(shard)
        if self.read:
            log.warning("Discord has withdrawn the Message Content Intent. %s", WITHOUT)
        self.intents.message_content = False
        return True


def goes_on(shard: Shard, error: Exception) -> bool:
    """Tell whether `shard`, which the gateway has closed with `error`, may log in again without."""
    content = getattr(shard._client, "content", None)  # noqa: SLF001
    refused = isinstance(error, discord.ConnectionClosed) and error.code == REFUSED
    return refused and isinstance(content, MessageContent) and content.do_without(shard.id)
