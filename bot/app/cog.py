"""What Bobby's cogs share: the bot, and the registering that discord.py leaves to each of them."""

from typing import Any, ClassVar, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.command_tree import add_menu

DynamicItem: TypeAlias = discord.ui.DynamicItem[Any]


class BobbyCog(commands.Cog):
    """A cog with entries in the message menu, and with items that work after a restart."""

    items: ClassVar[tuple[type[DynamicItem], ...]] = ()
    """The buttons and menus below its answers."""

    def __init__(self, bot: Bobby, *menus: app_commands.ContextMenu) -> None:
        self.bot = bot
        self.menus = menus

    async def cog_load(self) -> None:
        """Register what discord.py does not register by itself."""
        for menu in self.menus:
            add_menu(self.bot.tree, menu)
        self.bot.add_dynamic_items(*self.items)

    async def cog_unload(self) -> None:
        """Take it away again."""
        for menu in self.menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)
        self.bot.remove_dynamic_items(*self.items)
