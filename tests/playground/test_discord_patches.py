"""Pointing discord.py elsewhere, and back."""

import aiohttp
import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app.discord_patches import DISCORD, point_at, point_discord_at
from bot.playground.server import Playground


async def test_the_gateway_is_asked_for(playground: Playground) -> None:
    """The API itself says where its gateway is; files are asked of the same host."""
    await point_at(playground.api + "/")
    assert playground.api == Route.BASE
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == playground.gateway
    assert playground.api.startswith(discord.Asset.BASE)


def test_discord_itself_needs_no_asking() -> None:
    """Discord's own address restores what the library came with."""
    point_discord_at("https://proxy.example/api/v10")
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "wss://proxy.example/gateway"
    point_discord_at(DISCORD)
    assert Route.BASE == "https://discord.com/api/v10"
    assert str(DiscordWebSocket.DEFAULT_GATEWAY) == "wss://gateway.discord.gg/"
    assert discord.Asset.BASE == "https://cdn.discordapp.com"


async def test_nobody_there_is_an_error() -> None:
    """An API that does not answer is reported at once."""
    with pytest.raises(aiohttp.ClientError):
        await point_at("http://127.0.0.1:9/api/v10")
