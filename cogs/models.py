"""`!models` and `!model`, `/models` and `/model`: which models there are, and what is inside one.

The list has pages; their buttons carry the whole question in their ids, so that they work after a
restart as well.
"""

import re
from typing import Any, Literal, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.press import edit_for_owner
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core.errors import UnknownModel
from bot.core.i18n import tr
from bot.library.autocomplete import OFFERED, complete
from bot.library.search import named, search
from bot.replies.help import Guide
from bot.replies.models import inspected, page, pages
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Inspect

QUERY = 60
"""Characters of a search; with the rest of a button's id they have to fit 100."""

Task = Literal["classify", "translate", "caption", "read"]


class PageButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"models:(?P<asker>\d+):(?P<page>\d+):(?P<query>.*)",
):
    """A button that turns to a page of the list of models."""

    def __init__(self, requester: int, number: int, query: str, label: str | None = None) -> None:
        super().__init__(
            discord.ui.Button(label=label, custom_id=f"models:{requester}:{number}:{query}")
        )
        self.requester = requester
        self.number = number
        self.query = query

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        label = getattr(item, "label", None)
        return cls(int(match["asker"]), int(match["page"]), match["query"], label)

    async def callback(self, interaction: Interaction) -> None:
        """Turn the page for the person who asked; others get a list of their own, in private."""
        cog = interaction.client.get_cog("Models")
        assert isinstance(cog, ModelsCog)
        presser = interaction.user.id

        async def listed() -> Reply:
            return listing(await cog.bot.executor.cards(), self.query, self.number, presser)

        await edit_for_owner(interaction, self.requester, listed)


def listing(cards: tuple[ModelInfo, ...], query: str, number: int, requester: int) -> Reply:
    """Return page `number`, or the nearest there is, of the models that `query` finds."""
    query = " ".join(query.split())[:QUERY]
    found = search(cards, query)
    last = pages(found) - 1
    number = min(max(number, 0), last)
    view = discord.ui.View(timeout=None)
    if number > 0:
        view.add_item(PageButton(requester, number - 1, query, tr("◀ Back")))
    if number < last:
        view.add_item(PageButton(requester, number + 1, query, tr("More ▶")))
    return Reply(embeds=(page(found, number, query),), view=view if view.children else None)


class ModelsCog(BobbyCog, name="Models"):
    """Lists the models, and shows what is inside one."""

    items = (PageButton,)

    @commands.command(
        usage="[words] [task:…] [family:…] [ready]",
        extras=Guide("compare", ("", "task:caption ready")).extras(),
    )
    async def models(self, context: BobbyContext, *, text: str = "") -> None:
        """List models with size, year, accuracy and license."""
        await self._list(context.responder, text)

    @app_commands.command(name="models")
    @app_commands.describe(
        search="Part of a name, or `ready` for installed models",
        task="Filter by task",
        family="Filter by family, like resnet",
    )
    async def models_slash(
        self,
        interaction: Interaction,
        search: str = "",
        task: Task | None = None,
        family: str | None = None,
    ) -> None:
        """List models with size, year, accuracy and license."""
        words = [f"task:{task}" if task else "", f"family:{family}" if family else "", search]
        await self._list(InteractionResponder(interaction), " ".join(words))

    @models_slash.autocomplete("family")
    async def complete_family(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the families whose name contains what was typed."""
        families = sorted({card.family for card in self.bot.executor.models if card.family})
        wanted = [name for name in families if typed.lower() in name]
        return [app_commands.Choice(name=name, value=name) for name in wanted[:OFFERED]]

    @commands.command(
        usage="<name>", extras=Guide("compare", ("resnet101", "horse2zebra")).extras()
    )
    async def model(self, context: BobbyContext, *, name: str = "") -> None:
        """Show a model's layers, parameters, preprocessing and paper."""
        await self._inspect(context.responder, name)

    @app_commands.command(name="model")
    @app_commands.describe(name="The model to look into")
    @app_commands.autocomplete(name=complete(None))
    async def model_slash(self, interaction: Interaction, name: str) -> None:
        """Show a model's layers, parameters, preprocessing and paper."""
        await self._inspect(InteractionResponder(interaction), name)

    async def _list(self, responder: Responder, query: str) -> None:
        async with responder.thinking():
            reply = listing(await self.bot.executor.cards(), query, 0, responder.requester.user_id)
        await responder.answer(reply)

    async def _inspect(self, responder: Responder, name: str) -> None:
        async with responder.thinking():
            responder.require_permissions()
            if not name.strip():
                raise UnknownModel(tr("Which model? For example, `/model resnet101`."))
            card = named(await self.bot.executor.cards(), name)
            seen = await self.bot.executor.submit(Inspect(model=card.name), responder.requester)
        await responder.answer(inspected(card, seen))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(ModelsCog(bot))
