"""How `help` looks: all commands by what they are for, the commands of a group, and one command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversation.reply import Reply
from bot.core.i18n import later, tr
from bot.core.settings import Settings
from bot.replies.common import BLUE
from models.jobs.base import Said

Command: TypeAlias = commands.Command[Any, ..., Any]
Slash: TypeAlias = app_commands.Command[Any, ..., Any] | app_commands.Group

GROUPS = {
    "look": later("Look"),
    "make": later("Make"),
    "compare": later("Compare"),
    "teach": later("Teach"),
    "about": later("About me"),
}
"""What commands are for, in the order in which they are shown."""

_KEY = "guide"


@dataclass(frozen=True, slots=True)
class Guide:
    """What `help` tells of a text command besides its description and options.

    `examples` are what may stand behind its name, up to two; `most` is how many pictures it takes,
    `limits` what else holds.
    """

    group: str
    examples: tuple[str, ...] = ("",)
    most: int = 0
    limits: Said | None = None

    def extras(self) -> dict[str, "Guide"]:
        """Return it as `commands.command` takes it along."""
        return {_KEY: self}


def guide(command: Command) -> Guide:
    """Return what `command` has taken along."""
    known: Guide = command.extras[_KEY]
    return known


def overview(
    known: Sequence[Command], prefix: str, how: str, contact: str, view: discord.ui.View
) -> Reply:
    """Return the first screen: `how` pictures are shown to Bobby, the groups, whom to turn to."""
    embed = discord.Embed(title=tr("What I can do"), description=tr(how, prefix=prefix), color=BLUE)
    for group, name in GROUPS.items():
        called = (f"`{prefix}{tr(one.name)}`" for one in _of(known, group))
        embed.add_field(name=tr(name), value=" ".join(called), inline=False)
    embed.add_field(
        name=tr("Other ways"),
        value=tr(
            "Type `/` to browse my commands, or right-click a message (long-press on mobile) and "
            "choose **Apps**. Server admins change how I work with `/settings`."
        ),
        inline=False,
    )
    embed.add_field(
        name=tr("More"),
        value=tr(
            "`{prefix}{help} {classify}` explains one command. Questions or trouble? {contact}",
            prefix=prefix,
            help=tr("help"),
            classify=tr("classify"),
            contact=contact,
        ),
        inline=False,
    )
    return Reply(embeds=(embed,), view=view)


def group_shown(known: Sequence[Command], group: str, prefix: str, view: discord.ui.View) -> Reply:
    """Return the commands of `group`, a line each."""
    lines = (f"`{prefix}{tr(one.name)}` {tr(one.short_doc)}" for one in _of(known, group))
    embed = discord.Embed(title=tr(GROUPS[group]), description="\n".join(lines), color=BLUE)
    return Reply(embeds=(embed,), view=view)


def _of(known: Sequence[Command], group: str) -> list[Command]:
    """Return the commands of `group` in the order in which their cogs are loaded."""
    return [one for one in known if guide(one).group == group]


def explained(command: Command, slash: Slash | None, prefix: str, settings: Settings) -> Reply:
    """Return all that there is to say of a text command; `slash` is the same for `/`."""
    called = f"{prefix}{tr(command.name)}"
    usage = f" {tr(command.usage)}" if command.usage else ""
    embed = discord.Embed(title=f"`{called}{usage}`", description=tr(command.short_doc), color=BLUE)
    if isinstance(slash, app_commands.Command) and slash.parameters:
        options = (f"`{tr(one.name)}` {tr(str(one.description))}" for one in slash.parameters)
        embed.add_field(name=tr("Options"), value="\n".join(options), inline=False)
    known = guide(command)
    examples = [f"`{called} {tr(one)}`" if one else f"`{called}`" for one in known.examples]
    if len(examples) == 1:
        examples.append(f"`/{tr(command.name)}`")
    embed.add_field(name=tr("Examples"), value="\n".join(examples), inline=False)
    if limits := _limits(known, settings):
        embed.add_field(name=tr("Limits"), value="\n".join(limits), inline=False)
    if command.aliases:
        also = " ".join(f"`{prefix}{one}`" for one in command.aliases)
        embed.add_field(name=tr("Also called"), value=also, inline=False)
    return Reply(embeds=(embed,))


def _limits(known: Guide, settings: Settings) -> list[str]:
    limits = [tr(known.limits)] if known.limits else []
    mib = settings.max_file_mib
    if known.most == 1:
        limits.append(tr("One picture at a time, up to {mib} MiB.", mib=mib))
    elif known.most:
        most = known.most
        limits.append(tr("Up to {most} pictures at a time, {mib} MiB each.", most=most, mib=mib))
    return limits


def slash_explained(slash: Slash) -> Reply:
    """Return what there is to say of a command that is not typed as text."""
    parts = slash.commands if isinstance(slash, app_commands.Group) else [slash]
    lines = (
        f"`/{' '.join(tr(name) for name in one.qualified_name.split())}` {tr(one.description)}"
        for one in parts
    )
    embed = discord.Embed(
        title=f"`/{tr(slash.name)}`",
        description="\n".join([tr(slash.description), "", *lines]),
        color=BLUE,
    )
    managers = slash.default_permissions
    if managers and managers.manage_guild:
        embed.add_field(
            name=tr("Limits"), value=tr("For people with **Manage Server**."), inline=False
        )
    return Reply(embeds=(embed,))
