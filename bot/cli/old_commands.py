"""`bobby remove-old-commands`: slash commands that an earlier program left in servers.

They are the application's own, so people see them beside Bobby's, and nothing answers them.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import discord

from bot.app.command_sync import of_a_server
from bot.app.discord_patches import point_at
from bot.app.lifecycle import HOW_TO_GET_IN, HOW_TO_RENEW, invitation
from bot.app.outage import FAILURES, reason
from bot.core import network
from bot.core.errors import SetupError, WrongSetting
from bot.core.settings import Settings


@dataclass(frozen=True)
class OldCommands:
    """The names of the commands of one server."""

    guild_id: int
    guild: str
    names: Sequence[str]


async def old_commands(settings: Settings) -> list[OldCommands]:
    """Return what there is, server by server.

    Raises:
        SetupError: Discord can't be asked, or doesn't let Bobby in.
    """
    async with _client(settings) as client:
        there = [
            OldCommands(guild.id, guild.name, await of_a_server(client, guild.id))
            async for guild in client.fetch_guilds(limit=None)
        ]
        return [one for one in there if one.names]


async def remove(settings: Settings, found: Sequence[OldCommands]) -> None:
    """Delete `found`.

    Raises:
        SetupError: Discord can't be asked, or doesn't let Bobby in.
    """
    async with _client(settings) as client:
        assert client.application_id is not None
        for one in found:
            await client.http.bulk_upsert_guild_commands(client.application_id, one.guild_id, [])


@contextlib.asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[discord.Client]:
    """Log in to the REST API alone; what fails within the block is said in one sentence."""
    if (token := settings.bot_token) is None:
        raise WrongSetting(HOW_TO_GET_IN.format(invite=invitation()))
    try:
        if settings.api_url is not None:
            await point_at(settings.api_url)
        intents, connector = discord.Intents.none(), network.Connector(limit=0)
        async with discord.Client(intents=intents, connector=connector) as client:
            await client.login(token)
            yield client
    except discord.LoginFailure:
        raise WrongSetting(HOW_TO_RENEW) from None
    except FAILURES as failure:
        raise SetupError(f"Discord can't be asked: {reason(failure)}.") from None
