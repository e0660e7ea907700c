"""The form for a lesson: what a message's pictures show, or a label and the pictures for it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import discord

from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.core.error_text import explain
from bot.core.i18n import tr
from bot.replies import common
from bot.storage.labels import LONGEST

OPEN_SECONDS = 3600.0
"""How long a form that somebody has opened, and may have closed again, is waited for."""

Teach: TypeAlias = Callable[[Interaction, str, Sequence[discord.Attachment]], Awaitable[None]]
"""Answers the interaction that sent the form, with its label and its pictures."""


class TeachForm(discord.ui.Modal):
    """Asks for a label; `label` is what stands there already."""

    def __init__(self, teach: Teach, label: str = "") -> None:
        super().__init__(title=tr("Teach me a custom label"), timeout=OPEN_SECONDS)
        self._teach = teach
        self._label: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="label",
            placeholder=tr("my cat"),
            default=label[:LONGEST] or None,
            min_length=1,
            max_length=LONGEST,
        )
        self.add_item(
            discord.ui.Label(text=tr("What do the pictures show?"), component=self._label)
        )

    async def show(self, interaction: Interaction) -> None:
        """Open it for the person who used a command or a menu."""
        interaction.client.forms[self.custom_id] = self
        await interaction.response.send_modal(self)

    @property
    def pictures(self) -> Sequence[discord.Attachment]:
        """What was uploaded with it."""
        return ()

    async def on_submit(self, interaction: Interaction) -> None:
        """Teach it, and answer as the command does; discord.py calls this."""
        bot = interaction.client
        bot.begin(interaction)
        await bot.take(interaction.id, interaction.channel_id or 0, interaction.user.id)
        try:
            await self._teach(interaction, self._label.value, self.pictures)
        except Exception as error:  # noqa: BLE001  (nothing above would answer the person)
            done = interaction.response.is_done()
            responder = InteractionResponder(interaction, private=not done)
            await responder.answer(common.error_reply(explain(error, responder)))
        await bot.note_answered(interaction.id)


class UploadForm(TeachForm):
    """Asks for up to `most` pictures as well."""

    def __init__(self, teach: Teach, label: str, most: int) -> None:
        super().__init__(teach, label)
        self._upload: discord.ui.FileUpload[Any] = discord.ui.FileUpload(
            custom_id="pictures", min_values=1, max_values=most
        )
        self.add_item(
            discord.ui.Label(
                text=tr("Pictures of it"),
                description=tr("I need about three to get it right."),
                component=self._upload,
            )
        )

    @property
    def pictures(self) -> Sequence[discord.Attachment]:
        """What was uploaded with it."""
        return self._upload.values
