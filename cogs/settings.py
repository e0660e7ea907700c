"""`/settings` for people who manage a server, and `/forget` for everybody.

What is set lies in `bot.storage`; every answer here is for the requester's eyes alone.
"""

from collections.abc import Callable
from typing import TypeAlias

import discord
import msgspec
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply, Upload
from bot.conversation.responder import Responder
from bot.core.errors import NotAllowed, UnknownModel
from bot.core.i18n import LANGUAGES, speak_to, tr
from bot.library.autocomplete import completions
from bot.library.hub.workers import PREFIXES as HUB
from bot.replies.help import Guide
from bot.replies.settings import deletion_reply, settings_reply
from bot.storage.guild_settings import MOST_CHANNELS, ServerSettings

Channel = discord.TextChannel | discord.VoiceChannel | discord.ForumChannel
Edit: TypeAlias = Callable[[ServerSettings], ServerSettings]


class SettingsCog(BobbyCog, name="Settings"):
    """What a server's managers decide, and what anybody has deleted."""

    settings = app_commands.Group(
        name="settings",
        description="Change how I work on this server",
        guild_only=True,
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=False, private_channel=False
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        default_permissions=discord.Permissions(manage_guild=True),
    )

    @settings.command(name="show")
    async def show(self, interaction: Interaction) -> None:
        """Show this server's settings."""
        responder = InteractionResponder(interaction, private=True)
        _require_manager(responder)
        known = self.bot.store.servers.get(interaction.guild_id)
        await responder.answer(settings_reply(known, self.bot.settings))

    @settings.command(name="model")
    @app_commands.describe(
        name="The classifier to use when nobody picks one (empty: the bot's default)"
    )
    async def model(self, interaction: Interaction, name: str | None = None) -> None:
        """Set this server's default classifier."""
        known = name.strip().lower() if name else None
        if known is not None:
            cards = (*await self.bot.executor.cards(), *self.bot.hub.cards)
            names = {card.name for card in cards if card.task == "classify"}
            full = (known, *(prefix + known for prefix in HUB))
            known = next((one for one in full if one in names), None)
            if known is None:
                raise UnknownModel(tr("I know no such classifier: pick one from the list."))
        await self._set(interaction, _with(model=known))

    @model.autocomplete("name")
    async def complete_model(
        self, _interaction: Interaction, typed: str
    ) -> list[app_commands.Choice[str]]:
        """Offer the classifiers whose name contains what was typed, those that are ready first."""
        cards = (*self.bot.executor.models, *self.bot.hub.cards)
        return completions(cards, "classify", typed)

    @settings.command(name="channels")
    @app_commands.describe(
        add="Allow this channel (once you add one, I'm silent everywhere else)",
        remove="A channel in which I may no longer answer",
        everywhere="Clear the list and allow every channel",
    )
    async def channels(
        self,
        interaction: Interaction,
        add: Channel | None = None,
        remove: Channel | None = None,
        everywhere: bool = False,
    ) -> None:
        """Limit me to certain channels."""

        def edit(now: ServerSettings) -> ServerSettings:
            channels = dict.fromkeys(() if everywhere else now.channels)
            if add:
                channels[add.id] = None
            if remove:
                channels.pop(remove.id, None)
            if len(channels) > MOST_CHANNELS:
                raise NotAllowed(
                    tr(
                        "The limit is {most} channels. Remove one first, or set "
                        "`everywhere` to True.",
                        most=MOST_CHANNELS,
                    )
                )
            return msgspec.structs.replace(now, channels=tuple(channels))

        await self._set(interaction, edit)

    @settings.command(name="language")
    @app_commands.describe(language="Language to use here (empty: each person's own)")
    @app_commands.choices(
        language=[app_commands.Choice(name=name, value=code) for code, name in LANGUAGES.items()]
    )
    async def language(self, interaction: Interaction, language: str | None = None) -> None:
        """Set my language on this server."""
        speak_to(language, interaction.locale)
        await self._set(interaction, _with(language=language))

    @settings.command(name="limit")
    @app_commands.describe(pictures="Pictures per person (empty: the bot's default)")
    async def limit(
        self, interaction: Interaction, pictures: app_commands.Range[int, 1, 1000] | None = None
    ) -> None:
        """Limit how many pictures one person can queue."""
        await self._set(interaction, _with(per_person=pictures))

    @settings.command(name="teachers")
    @app_commands.describe(everyone="True: everyone. False: only people with Manage Server")
    async def teachers(self, interaction: Interaction, everyone: bool) -> None:
        """Choose who can teach me custom labels."""
        await self._set(interaction, _with(teachers="everyone" if everyone else "managers"))

    @settings.command(name="export")
    async def export(self, interaction: Interaction) -> None:
        """Download everything I store for this server."""
        responder = InteractionResponder(interaction, private=True)
        _require_manager(responder)
        assert interaction.guild_id is not None
        data = await self.bot.store.export(interaction.guild_id)
        file = Upload("bobby-settings.json", data, tr("Data stored for this server, as JSON"))
        await responder.answer(Reply(tr("Everything I store for this server:"), uploads=(file,)))

    @settings.command(name="reset")
    async def reset(self, interaction: Interaction) -> None:
        """Delete all settings and custom labels of this server."""
        responder = InteractionResponder(interaction, private=True)
        _require_manager(responder)
        assert interaction.guild_id is not None
        records = await self.bot.store.forget_server(interaction.guild_id)
        await responder.answer(deletion_reply(records))

    @commands.command(extras=Guide("teach").extras())
    async def forget(self, context: BobbyContext) -> None:
        """Delete everything you taught me."""
        await self._forget(context.responder)

    @app_commands.command(name="forget")
    async def forget_slash(self, interaction: Interaction) -> None:
        """Delete everything you taught me."""
        await self._forget(InteractionResponder(interaction, private=True))

    async def _forget(self, responder: Responder) -> None:
        records = await self.bot.store.forget_teacher(responder.requester.user_id)
        await responder.answer(deletion_reply(records))

    async def _set(self, interaction: Interaction, edit: Edit) -> None:
        """Let hold in the interaction's server what `edit` makes of its settings, and show all."""
        responder = InteractionResponder(interaction, private=True)
        _require_manager(responder)
        assert interaction.guild_id is not None
        settings = await self.bot.store.servers.change(interaction.guild_id, edit)
        await responder.answer(settings_reply(settings, self.bot.settings))


def _with(**changes: object) -> Edit:
    return lambda now: msgspec.structs.replace(now, **changes)


def _require_manager(responder: Responder) -> None:
    """Check that who asks may manage the server.

    Raises:
        NotAllowed: They may not, whatever Discord shows them.
    """
    if not responder.manages_server:
        raise NotAllowed(tr("You need the **Manage Server** permission to do that."))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(SettingsCog(bot))
