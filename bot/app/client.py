"""The bot itself: discord.py's client with Bobby's executor and fetcher.

Loads a named list of cogs, keeps Discord's copy of the command tree up to date, and sends every
error to the one handler. What people can ask stands in `cogs/`.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Coroutine
from typing import Any
from weakref import WeakValueDictionary

import discord
import yarl
from discord import app_commands
from discord.ext import commands

from bot.app import discord_patches
from bot.app.backfill import MessageBackfill
from bot.app.command_sync import CommandPublisher
from bot.app.command_tree import BobbyTree, CommandTranslator
from bot.app.discord_clock import DiscordClock
from bot.app.interaction_gate import InteractionGate
from bot.app.message_content import MessageContent
from bot.app.outage import outlast
from bot.app.recovery import Recovery
from bot.app.text_commands import TextCommands, prefixes
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.progress import CancelButton, ProgressNotifier
from bot.conversation.responder import Responder
from bot.core import logs, network
from bot.core.contact import turn_to
from bot.core.errors import StoreFailed
from bot.core.formatting import escape
from bot.core.i18n import LANGUAGES, speak_to, translate_to
from bot.core.loop_lag import LoopLagMonitor
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.library.hub.workers import PREFIXES as HUB
from bot.library.hub.workers import HubWorkers
from bot.library.on_demand import ModelDownloads
from bot.pictures.fetch import Fetcher
from bot.pictures.references import PictureReferences
from bot.storage.store import Store

log = logging.getLogger(__name__)

COGS = (
    *("cogs.classify", "cogs.explain.cog", "cogs.zebra", "cogs.caption", "cogs.read"),
    *("cogs.models", "cogs.compare", "cogs.hub", "cogs.about"),
    *("cogs.explain.shake", "cogs.samples", "cogs.lessons", "cogs.settings"),
    "cogs.welcome",
)

CLOSE_SECONDS = 1.0
"""What closing grants unfinished replies."""


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (failure := task.exception()):
        log.error("Something beside answering has failed", exc_info=failure)


class Bobby(commands.AutoShardedBot):
    """The Discord side of Bobby, for all shards of this process, which share all that it is given.

    `bot.app.lifecycle` opens and closes that.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        executor: Executor,
        fetcher: Fetcher,
        downloads: ModelDownloads,
        hub: HubWorkers,
        store: Store,
    ) -> None:
        discord_patches.apply()
        self.clock = DiscordClock()
        self.content = MessageContent(settings.message_content)
        super().__init__(
            connector=network.Connector(limit=0),  # discord.py has limits of its own
            command_prefix=prefixes,
            intents=self.content.intents,
            tree_cls=BobbyTree,
            shard_count=settings.shards or None,
            shard_ids=settings.own_shards,  # type: ignore[arg-type]  # None is its own default
            help_command=None,
            http_trace=self.clock.trace(),
            max_messages=None,  # nothing that people write is kept
            case_insensitive=True,
            strip_after_prefix=True,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        self.settings = settings
        self.executor = executor
        self.fetcher = fetcher
        self.downloads = downloads
        self.hub = hub
        self.store = store
        self.pulse = LoopLagMonitor()
        self.texts = TextCommands(self)
        self.picture_references = PictureReferences()
        self.missed = MessageBackfill(self.clock)
        self.recovery = Recovery(self)
        self.waiting = ProgressNotifier(executor)
        self.button_ids: set[re.Pattern[str]] = set()
        self.forms: WeakValueDictionary[str, discord.ui.Modal] = WeakValueDictionary()
        self.gate = InteractionGate(self, self._connection)
        self._up: set[int] = set()
        self._answering: set[asyncio.Task[Any]] = set()
        self.publisher = CommandPublisher(self)
        self._beside: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Load the commands, and begin what goes on beside answering."""
        self.content.settle(self.application_flags)
        turn_to(self.settings.support or self._owner())
        await self.load()
        await self.recovery.load()
        self._go_on_with(self.pulse.run())
        self._go_on_with(self.recovery.note_life())
        self._go_on_with(self.publisher.run())
        self._go_on_with(self.publisher.name_strangers())

    def _owner(self) -> str:
        """Return the name of the team or the person that the application belongs to."""
        if self.application is None:
            return ""
        return escape(
            self.application.team.name if self.application.team else self.application.owner.name
        )

    def _go_on_with(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_log_failure)
        self._beside.append(task)

    async def load(self) -> None:
        """Load every cog (one that fails stops the start), and each command's other names."""
        for name in COGS:
            await self.load_extension(name)
        for command in self.commands:  # as the slash commands are called in each language
            for language in LANGUAGES:
                self.all_commands.setdefault(translate_to(language, command.name), command)
        self.add_dynamic_items(CancelButton)
        await self.tree.set_translator(CommandTranslator())

    async def launch_shard(
        self, gateway: yarl.URL, shard_id: int, *, initial: bool = False
    ) -> None:
        """See discord.py, which tries every 5 seconds, with a traceback each: wait before that."""
        await outlast(lambda: self._knock(gateway))
        await super().launch_shard(gateway, shard_id, initial=initial)

    async def _knock(self, gateway: yarl.URL) -> None:
        socket = await self.http.ws_connect(str(gateway))
        await socket.close()

    async def close(self) -> None:
        """Let unfinished replies go out, then leave the gateway."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=CLOSE_SECONDS)
        for task in self._beside:
            task.cancel()
        await super().close()

    def add_dynamic_items(self, *items: type[discord.ui.DynamicItem[Any]]) -> None:
        """Add buttons and menus that work after a restart as well, and know their ids."""
        super().add_dynamic_items(*items)
        self.button_ids.update(item.__discord_ui_compiled_template__ for item in items)

    def remove_dynamic_items(self, *items: type[discord.ui.DynamicItem[Any]]) -> None:
        """Take buttons and menus away again."""
        super().remove_dynamic_items(*items)
        self.button_ids.difference_update(item.__discord_ui_compiled_template__ for item in items)

    def begin(self, interaction: Interaction) -> None:
        """Note that the current task answers `interaction`, and in which language."""
        logs.question.set(interaction.id)
        self.speak_to(interaction)
        self.track_current_task()

    def speak_to(self, interaction: Interaction) -> None:
        """Speak, for the rest of this task, the server's own language or that of who asks."""
        own = self.store.servers.get(interaction.guild_id).language
        speak_to(own, interaction.locale, interaction.guild_locale)

    def speak_in(self, guild: discord.Guild) -> None:
        """Speak, for the rest of this task, the language of a server to all who are in it."""
        speak_to(self.store.servers.get(guild.id).language, guild.preferred_locale)

    @property
    def server_prefix(self) -> str:
        """What people type before a command in a server: a mention where nothing else is read."""
        assert self.user is not None
        return self.settings.prefix if self.content.read else f"@{self.user.name} "

    def reads_all(self, responder: Responder) -> bool:
        """Tell whether Bobby reads more than what mentions it where `responder` answers."""
        return self.content.read or responder.requester.guild_id is None

    def prefix_for(self, responder: Responder) -> str:
        """Return what to name before a command in an answer of `responder`."""
        if self.reads_all(responder):
            return self.settings.prefix
        return "/" if isinstance(responder, InteractionResponder) else self.server_prefix

    def server_default_model(self, server: int | None) -> str | None:
        """Return the classifier that `server` has set, if any; a hub's gives labels and no more."""
        name = self.store.servers.get(server).model
        return None if name and name.startswith(HUB) else name

    def track_current_task(self) -> None:
        """Note that the current task is answering somebody."""
        if task := asyncio.current_task():
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    @property
    def connected(self) -> bool:
        """Whether the gateway is there for every shard of this process."""
        mine = self.shard_ids or range(self.shard_count or 0)
        return bool(mine) and self._up.issuperset(mine)

    async def on_shard_connect(self, shard: int) -> None:
        """Note that the gateway has let `shard` in."""
        self._up.add(shard)
        self.missed.let_in()

    async def on_shard_resumed(self, shard: int) -> None:
        """Note that the gateway is back for `shard`."""
        self._up.add(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        """Note that the gateway is gone for `shard`; discord.py is about to come back by itself."""
        self._up.discard(shard)
        self.missed.cut_off()

    async def on_ready(self) -> None:
        """Say in the log that people can ask now."""
        which = f", shards {[*self.shards]} of {self.shard_count}" if self.shard_count != 1 else ""
        log.info("Logged in as %s; servers: %d%s", self.user, len(self.guilds), which)
        await self._forget_servers_left()
        self._go_on_with(self.recovery.take_up())
        async for message in self.missed.catch_up(self.guilds):
            log.info("Message %d came while I was away", message.id)
            self.dispatch("message", message)
        await self.recovery.note()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Delete what a server had set and taught once Bobby is no longer in it."""
        try:
            records = await self.store.forget_server(guild.id)
        except StoreFailed:
            return  # it is in the log, and is tried again at the next start
        log.info("Left server %d and deleted %d records of it", guild.id, records)

    async def _forget_servers_left(self) -> None:
        """Delete what is kept of servers that were left while Bobby was away."""
        assert self.application_id is not None
        here = frozenset(guild.id for guild in self.guilds)
        with contextlib.suppress(StoreFailed):  # it is in the log
            await self.store.forget_left(self._is_ours, here, self.application_id)

    def _is_ours(self, server: int) -> bool:
        """Tell whether `server` is of a shard of this process, by Discord's rule."""
        return (server >> 22) % (self.shard_count or 1) in (self.shard_ids or self.shards)

    async def on_message(self, message: discord.Message) -> None:
        """Answer `message` if it is a person's command that was not read before."""
        if self.missed.hear(message.id):
            await self.texts.read(message)

    async def answer_again(self, message: discord.Message, earlier: discord.Message | None) -> None:
        """Answer what an earlier process has begun with, in place of its `earlier` reply."""
        self.missed.hear(message.id)
        await self.texts.read(message, again=True, earlier=earlier)

    async def take(self, question: int, channel: int, requester: int | None = None) -> bool:
        """Note that a question is being answered; return whether no process has taken it before."""
        try:
            return await self.store.questions.take(question, channel, requester)
        except StoreFailed:
            return True  # it is in the log; what can't be noted is answered all the same

    async def take_again(self, question: int, channel: int) -> None:
        """Note that a question is being answered once more, since it was edited or left open."""
        with contextlib.suppress(StoreFailed):  # it is in the log
            await self.store.questions.take_again(question, channel)

    async def note_answered(self, question: int) -> None:
        """Note that a question has its answer."""
        with contextlib.suppress(StoreFailed):  # it is in the log
            await self.store.questions.answered(question)

    async def on_app_command_completion(self, interaction: Interaction, _command: object) -> None:
        """Note that a slash command has its answer."""
        await self.note_answered(interaction.id)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Read an edited message again."""
        await self.texts.read_edit(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Stop what the deleted message asked for."""
        await self.texts.stop(payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Stop what the deleted messages asked for."""
        for message_id in payload.message_ids:
            await self.texts.stop(message_id)
