"""How a server's settings look, and what is said once something was deleted."""

import discord

from bot.conversation.reply import Reply
from bot.core.i18n import LANGUAGES, tr, tr_n
from bot.core.settings import Settings
from bot.replies.common import BLUE
from bot.storage.guild_settings import ServerSettings


def settings_reply(server: ServerSettings, operator: Settings) -> Reply:
    """Return the reply that lists what holds in a server."""
    embed = discord.Embed(title=tr("Server settings"), color=BLUE)
    channels = " ".join(f"<#{channel}>" for channel in server.channels)
    if channels:  # a field has no room for so many
        embed.description = tr("Only active in: {channels}", channels=channels)
    own = tr("{model} (default)", model=operator.default_model)
    embed.add_field(name=tr("Classifier"), value=server.model or own)
    embed.add_field(name=tr("Channels"), value=str(len(server.channels) or tr("all")))
    spoken = LANGUAGES[server.language] if server.language else tr("same as each person's Discord")
    embed.add_field(name=tr("Language"), value=spoken)
    limit = min(server.per_person or operator.max_per_person, operator.max_per_person)
    embed.add_field(name=tr("Queue limit per person"), value=str(limit))
    teachers = {"managers": tr("Manage Server only"), "everyone": tr("everyone")}[server.teachers]
    embed.add_field(name=tr("Who can teach labels"), value=teachers)
    return Reply(embeds=(embed,))


def deletion_reply(records: int) -> Reply:
    """Return the reply to a wish to forget: how many `records` were deleted."""
    if not records:
        return Reply(tr("Nothing to delete. I had nothing stored."))
    return Reply(tr_n("Done. I deleted 1 record.", "Done. I deleted {count} records.", records))
