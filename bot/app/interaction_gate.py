"""The one way in for interactions: each passes once, and what Bobby doesn't have is refused here.

Everything else goes on to discord.py, which would leave the refused without an answer, or end in a
traceback over them.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import discord
from discord import InteractionType, app_commands

from bot.app.interaction_shape import fits_a_command, fits_a_component, fits_a_form
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.core.error_text import explain
from bot.core.errors import Outdated
from bot.core.i18n import later
from bot.replies import common

if TYPE_CHECKING:
    from bot.app.client import Bobby

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Interactions whose second delivery is noticed."""

_COMMAND = later("That command was just updated. Reload Discord, or try again in a minute.")
_BUTTON = later("That button is from an earlier version of me. Please ask again.")
_FORM = later("I no longer have that form. Please open it again.")
_OUTDATED = {
    InteractionType.application_command: _COMMAND,
    InteractionType.autocomplete: _COMMAND,
    InteractionType.modal_submit: _FORM,
}


class InteractionGate:
    """Takes in what the gateway sends to `bot`, in place of discord.py's own parser."""

    def __init__(self, bot: "Bobby", state: Any) -> None:  # noqa: ANN401 - it has no public type
        self._bot = bot
        self._state = state
        self._pass_on = state.parsers["INTERACTION_CREATE"]
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._refusing: set[asyncio.Task[None]] = set()
        state.parsers["INTERACTION_CREATE"] = self.take_in

    def take_in(self, sent: dict[str, Any]) -> None:
        """Pass on what `sent` tells of, or refuse it; an exception would end the connection."""
        try:
            if self._is_repeated(sent["id"]):
                return
            interaction: Interaction = discord.Interaction(data=sent, state=self._state)  # type: ignore[arg-type]
            if self._fits(interaction, sent):
                self._pass_on(sent)
                return
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            log.warning("Discord sent an interaction that can't be read: %r", error)
            return
        task = asyncio.create_task(self._refuse(interaction), name="refuse")
        self._refusing.add(task)
        task.add_done_callback(self._refusing.discard)

    def _is_repeated(self, number: str) -> bool:
        if number in self._seen:
            log.debug("Interaction %s came once more", number)
            return True
        self._seen[number] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return False

    def _fits(self, interaction: Interaction, sent: dict[str, Any]) -> bool:
        data, kind = sent.get("data"), interaction.type
        if kind is InteractionType.component:
            return fits_a_component(self._bot.button_ids, data, sent.get("message"))
        if kind is InteractionType.modal_submit:
            return fits_a_form(self._bot.forms, data) and _resolves(interaction)
        if kind not in {InteractionType.application_command, InteractionType.autocomplete}:
            return False
        typing = kind is InteractionType.autocomplete
        return fits_a_command(self._bot.tree, data, typing=typing) and _resolves(interaction)

    async def _refuse(self, interaction: Interaction) -> None:
        """Answer with a sentence in private; while somebody types there is nothing to offer."""
        self._bot.begin(interaction)
        responder = InteractionResponder(interaction, private=True)
        sentence = explain(Outdated(_OUTDATED.get(interaction.type, _BUTTON)), responder)
        if interaction.type is InteractionType.autocomplete:
            with responder.refusals_logged():
                await interaction.response.autocomplete([])
        else:
            await responder.answer(common.error_reply(sentence))


def _resolves(interaction: Interaction) -> bool:
    """Tell whether discord.py can make its objects of the records that came along."""
    assert interaction.data is not None
    resolved: Any = interaction.data.get("resolved", {})
    try:
        app_commands.Namespace(interaction, resolved, [])
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        log.warning("Interaction %s comes with a record that can't be read: %r",
                    interaction.id, error)  # fmt: skip
        return False
    return True
