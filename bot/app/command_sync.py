"""Discord's copy of the commands: what it has, and giving it again where it differs.

Creations are rationed by the day, so nothing is sent that Discord has already. Publishing goes on
beside everything else: whatever Discord has against it, text commands and its old copy work.
"""

import asyncio
import logging
from typing import Any

import discord
from discord.ext import commands
from discord.http import Route

from bot.app.outage import FAILURES, outlast
from bot.core.i18n import later

log = logging.getLogger(__name__)

RATION = 30034
"""Discord's code for 200 new commands within a day."""
RATION_SECONDS = 3600.0
"""After how long it is asked for more."""

PUBLISHING = later("Being published. Discord may take a few minutes.")
PUBLISHED = later("Up to date")
TRYING = later("Discord can't take them right now. I keep trying.")
RATIONED = later("Discord takes only 200 new ones a day. I try again every hour.")
REFUSED = later("Discord rejects them. The bot owner can find the reason in the log.")

_COMPARED = (
    *("name", "type", "description", "options", "contexts", "integration_types"),
    *("default_member_permissions", "name_localizations", "description_localizations"),
)
_COMPARED_OPTION = (
    *("name", "type", "description", "required", "autocomplete", "choices", "options"),
    *("name_localizations", "description_localizations"),
)


async def published(bot: discord.Client) -> list[Any]:
    """Return Discord's copy of the commands, with their names in other languages."""
    # discord.py does not ask for those, and Discord leaves them out then.
    route = Route(
        "GET", "/applications/{application_id}/commands", application_id=bot.application_id
    )
    there: list[Any] = await bot.http.request(route, params={"with_localizations": "true"})
    return there


async def declared(bot: commands.Bot | commands.AutoShardedBot) -> list[Any]:
    """Return the commands that `bot` has, as they are sent to Discord."""
    translator = bot.tree.translator
    assert translator is not None
    return [
        await command.get_translated_payload(bot.tree, translator)
        for command in bot.tree.get_commands()
    ]


async def of_a_server(client: discord.Client, guild_id: int) -> list[str]:
    """Return the names of the commands that the application has in one server alone."""
    assert client.application_id is not None
    found = await client.http.get_guild_commands(client.application_id, guild_id)
    return [one["name"] for one in found]


async def publish(bot: commands.Bot | commands.AutoShardedBot) -> None:
    """Synchronize the command tree of `bot`, only if Discord's copy differs."""
    there, here = await published(bot), await declared(bot)
    if differing(there, here):
        log.info("Publishing %d commands", len(here))
        await bot.tree.sync()


class CommandPublisher:
    """Publishes the commands of `bot`, however long it takes; `state` is a sentence for people.

    `tried` is set once Discord has first taken or refused them.
    """

    def __init__(self, bot: commands.Bot | commands.AutoShardedBot) -> None:
        self._bot = bot
        self.state = PUBLISHING
        self.tried = asyncio.Event()

    async def run(self) -> None:
        """Publish until Discord has taken the commands or says that it never will."""
        while self.state != PUBLISHED:
            try:
                await outlast(self._try, "Can't publish the slash commands")
            except discord.HTTPException as error:
                if error.code != RATION:
                    self.state = REFUSED
                    log.warning(
                        "Discord rejects the slash commands; is there a newer Bobby? %s", error
                    )
                    return
                self.state = RATIONED
                log.warning("Discord takes only 200 new slash commands a day: %s", error)
                await asyncio.sleep(RATION_SECONDS)

    async def _try(self) -> None:
        try:
            await publish(self._bot)
        except FAILURES:
            self.state = TRYING
            raise
        else:
            self.state = PUBLISHED
        finally:
            self.tried.set()

    async def name_strangers(self) -> None:
        """Say in the log which servers have commands of their own: they are none of Bobby's."""
        await self._bot.wait_until_ready()
        for guild in [*self._bot.guilds]:
            try:
                found = await of_a_server(self._bot, guild.id)
            except FAILURES as failure:
                log.debug("The commands of server %d can't be read: %s", guild.id, failure)
                continue
            if found:
                log.warning(
                    "Server %d has commands of an earlier program, which Bobby doesn't answer: %s."
                    " `bobby remove-old-commands` removes them.",
                    *(guild.id, ", ".join(found)),
                )


def differing(there: list[Any], here: list[Any]) -> list[str]:
    """Return the names of the commands that only one side has, or has in another form."""
    ours, theirs = _normal(here), _normal(there)
    odd = [one for one in ours if one not in theirs] + [one for one in theirs if one not in ours]
    return sorted({one[0] for one in odd})


def _normal(command_list: Any) -> list[Any]:  # noqa: ANN401  (plain JSON)
    """Return commands as Discord and as discord.py state them in one comparable form."""
    return sorted(
        ([_plain(command.get(key), key) for key in _COMPARED] for command in command_list),
        key=repr,
    )


def _plain(value: Any, key: str) -> Any:  # noqa: ANN401  (plain JSON)
    if key == "options":
        return [
            [_plain(option.get(part), part) for part in _COMPARED_OPTION] for option in value or ()
        ]
    if key in {"contexts", "integration_types"}:
        return sorted(value or ())
    if key == "default_member_permissions" and value is not None:
        return str(value)  # Discord sends a number of that size as text
    return value or None
