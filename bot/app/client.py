"""The bot itself: discord.py's client with Bobby's executor and fetcher.

Loads a named list of cogs, keeps Discord's copy of the command tree up to date, and sends every
error to the one handler. What people can ask stands in `cogs/`.
"""

import asyncio
import contextlib
import difflib
import logging
import re
from collections.abc import Coroutine
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import ReconnectWebSocket
from discord.shard import Shard

from bot.app.backfill import MessageBackfill
from bot.app.command_sync import CommandPublisher
from bot.app.discord_clock import DiscordClock
from bot.app.interaction_gate import InteractionGate
from bot.app.message_content import MessageContent
from bot.app.outage import outlast
from bot.app.recovery import Recovery
from bot.conversation import allowed_channels
from bot.conversation.active_commands import ActiveCommands
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.message_responder import MessageResponder
from bot.conversation.progress import Cancel, ProgressNotifier
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core import logs, network
from bot.core.error_text import explain
from bot.core.errors import StoreFailed
from bot.core.i18n import LANGUAGES, CommandTranslator, into, speak_to, tr
from bot.core.loop_lag import LoopLagMonitor
from bot.core.settings import Settings
from bot.executor.executor import Executor
from bot.library.hub.workers import PREFIX as HUB
from bot.library.hub.workers import Hub
from bot.library.on_demand import Library
from bot.pictures.fetch import Fetcher
from bot.pictures.references import Asked
from bot.replies import common
from bot.storage.store import Store

log = logging.getLogger(__name__)

# Bobby has no voice features, so don't warn about missing voice libraries.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


async def _resume(shard: Shard) -> None:
    """Come back to the session there was: a new one would not hear what was said meanwhile."""
    await shard.reidentify(ReconnectWebSocket(shard.id, resume=True))


Shard.reconnect = _resume  # type: ignore[method-assign,assignment]  # as it is without shards

COGS = (
    *("cogs.classify", "cogs.explain.cog", "cogs.zebra", "cogs.caption"),
    *("cogs.models", "cogs.compare", "cogs.hub", "cogs.about"),
    *("cogs.explain.shake", "cogs.samples", "cogs.lessons", "cogs.settings"),
)

PRIVATE = "private"
"""The extra of a command whose answer only the asker sees."""

CLOSE_SECONDS = 1.0
"""What closing grants unfinished replies."""
SLIP_LENGTH = 7
"""A shorter command is no slip of another: `!stats` is no `!status`."""


def _prefixes(bot: "Bobby", message: discord.Message) -> list[str]:
    """Return what a command to `bot` begins with; a mention of it alone is one without words."""
    mentions = commands.when_mentioned(bot, message)
    alone = [one.rstrip() for one in mentions if message.content.strip() == one.rstrip()]
    return [*mentions, *alone, bot.settings.prefix]


class BobbyContext(commands.Context["Bobby"]):
    """A text command's context, which also has the responder that answers it."""

    responder: MessageResponder


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (failure := task.exception()):
        log.error("Something beside answering has failed", exc_info=failure)


def _typed_in(context: BobbyContext) -> str | None:
    """Return the language in which the command was called.

    In a direct message Discord tells nothing else about the language of who asks.
    """
    if context.command is None or context.invoked_with is None:
        return None
    typed, name = context.invoked_with.lower(), context.command.name
    return next((one for one in LANGUAGES if into(one, name) == typed), None)


class BobbyTree(app_commands.CommandTree["Bobby"]):
    """The application commands; their errors go to the one handler."""

    async def interaction_check(self, interaction: Interaction) -> bool:
        """Refuse what is asked where the server wants no answers; closing waits for the rest."""
        logs.question.set(interaction.id)
        self.client.speak_to(interaction)
        self.client.finish_before_closing()
        command = interaction.command.qualified_name if interaction.command else ""
        if interaction.type is discord.InteractionType.autocomplete:
            return True  # there is no way to say anything while somebody types
        if allowed_channels.is_open(self.client.store.servers, interaction.channel, command):
            return await self._take(interaction)
        where = allowed_channels.where(self.client.store.servers.get(interaction.guild_id))
        await InteractionResponder(interaction, private=True).answer(Reply(where))
        return False

    async def _take(self, interaction: Interaction) -> bool:
        """Note that a command is being answered; one that nobody else is to see stays unknown."""
        command = interaction.command
        if command is None or command.extras.get(PRIVATE) or interaction.channel_id is None:
            return True
        return await self.client.take(interaction.id, interaction.channel_id, interaction.user.id)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        """Answer with the sentence for `error`: in private, unless work had begun in public."""
        responder = InteractionResponder(interaction, private=not interaction.response.is_done())
        await responder.answer(common.sentence(explain(error, responder)))
        await self.client.note_answered(interaction.id)


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
        library: Library,
        hub: Hub,
        store: Store,
    ) -> None:
        self.clock = DiscordClock()
        self.content = MessageContent(settings.message_content)
        super().__init__(
            connector=network.Connector(limit=0),  # discord.py has limits of its own
            command_prefix=_prefixes,
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
        self.library = library
        self.hub = hub
        self.store = store
        self.pulse = LoopLagMonitor()
        self.conversations = ActiveCommands()
        self.asked = Asked()
        self.missed = MessageBackfill(self.clock)
        self.recovery = Recovery(self)
        self.waiting = ProgressNotifier(executor)
        self.button_ids: set[re.Pattern[str]] = set()
        self.gate = InteractionGate(self, self._connection)
        self._up: set[int] = set()
        self._turn = asyncio.Lock()
        self._answering: set[asyncio.Task[Any]] = set()
        self.publisher = CommandPublisher(self)
        self._beside: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Load the commands, and begin what goes on beside answering."""
        await self.load()
        await self.recovery.load()
        self._go_on_with(self.pulse.run())
        self._go_on_with(self.recovery.note_life())
        self._go_on_with(self.publisher.run())
        self._go_on_with(self.publisher.name_strangers())

    def _go_on_with(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_log_failure)
        self._beside.append(task)

    async def load(self) -> None:
        """Load every cog (one that fails stops the start), and each command's other names."""
        self.content.settle(self.application_flags)
        for name in COGS:
            await self.load_extension(name)
        for command in self.commands:  # as the slash commands are called in each language
            for language in LANGUAGES:
                self.all_commands.setdefault(into(language, command.name), command)
        self.add_dynamic_items(Cancel)
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

    def speak_to(self, interaction: Interaction) -> None:
        """Speak, for the rest of this task, the server's own language or that of who asks."""
        own = self.store.servers.get(interaction.guild_id).language
        speak_to(own, interaction.locale, interaction.guild_locale)

    @property
    def server_prefix(self) -> str:
        """What people type before a command in a server: a mention where nothing else is read."""
        assert self.user is not None
        return self.settings.prefix if self.content.read else f"@{self.user.name} "

    def reads_all(self, responder: Responder) -> bool:
        """Tell whether Bobby reads more than what mentions it where `responder` answers."""
        return self.content.read or responder.asker.server is None

    def prefix_for(self, responder: Responder) -> str:
        """Return what to name before a command in an answer of `responder`."""
        if self.reads_all(responder):
            return self.settings.prefix
        return "/" if isinstance(responder, InteractionResponder) else self.server_prefix

    def own_classifier(self, server: int | None) -> str | None:
        """Return the classifier that `server` has set, if any; a hub's gives labels and no more."""
        name = self.store.servers.get(server).model
        return None if name and name.startswith(HUB) else name

    def finish_before_closing(self) -> None:
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
            await self._read(message)

    async def answer_again(self, message: discord.Message, earlier: discord.Message | None) -> None:
        """Answer what an earlier process has begun with, in place of its `earlier` reply."""
        self.missed.hear(message.id)
        await self._read(message, again=True, earlier=earlier)

    async def take(self, question: int, channel: int, asker: int | None = None) -> bool:
        """Note that a question is being answered; return whether no process has taken it before."""
        try:
            return await self.store.questions.take(question, channel, asker)
        except StoreFailed:
            return True  # it is in the log; what can't be noted is answered all the same

    async def note_answered(self, question: int) -> None:
        """Note that a question has its answer."""
        with contextlib.suppress(StoreFailed):  # it is in the log
            await self.store.questions.answered(question)

    async def on_app_command_completion(self, interaction: Interaction, _command: object) -> None:
        """Note that a slash command has its answer."""
        await self.note_answered(interaction.id)

    async def _read(
        self,
        message: discord.Message,
        *,
        again: bool = False,
        earlier: discord.Message | None = None,
    ) -> None:
        """Answer `message`; only an edit, or what has no answer yet, is answered `again`."""
        if message.author.bot:
            return
        context = await self.get_context(message, cls=BobbyContext)
        if context.prefix is None:
            return
        if context.command is None and not self._is_worth_a_word(context):
            return
        name = context.command.qualified_name if context.command else ""
        if not allowed_channels.is_open(self.store.servers, message.channel, name):
            return
        self.finish_before_closing()
        logs.question.set(message.id)
        log.debug("Command %s", name or "unknown")
        guild = message.guild
        speak_to(
            self.store.servers.get(guild.id).language, guild.preferred_locale
        ) if guild else speak_to(_typed_in(context))
        context.responder = self.conversations.began(message, earlier)
        context.responder.waiting = self.waiting
        try:
            if again:
                await self._take_again(message)
            elif not await self.take(message.id, message.channel.id):
                return
            await self._wait_for_turn()
            await self._answer(context)
        finally:
            self.conversations.ended(message.id)
        await self.note_answered(message.id)

    async def _take_again(self, message: discord.Message) -> None:
        with contextlib.suppress(StoreFailed):  # it is in the log
            await self.store.questions.take_again(message.id, message.channel.id)

    async def _answer(self, context: BobbyContext) -> None:
        """Run the command, or say why not.

        discord.py would report errors to a task of its own, which an edit could not cancel.
        """
        responder = context.responder
        if context.command is None:
            if responder.may_speak():
                await responder.answer(common.sentence(self._unknown(context)))
            return
        try:
            await context.command.invoke(context)
        except commands.CommandError as error:
            await responder.answer(common.sentence(explain(error, responder)))

    async def _wait_for_turn(self) -> None:
        """Let one command begin in each round of the event loop.

        A crowd that asks at once would otherwise hold the loop until the last of it has begun.
        """
        async with self._turn:
            await asyncio.sleep(0)

    def _is_worth_a_word(self, context: BobbyContext) -> bool:
        """Tell an unknown command meant for Bobby from one meant for another bot."""
        mentioned = context.prefix is not None and context.prefix.startswith("<@")
        return mentioned or self._nearest(context.invoked_with) is not None

    def _nearest(self, name: str | None) -> str | None:
        """Return the command that `name` is a slip of; short names are too often other bots'."""
        long = [command.name for command in self.commands if len(command.name) >= SLIP_LENGTH]
        close = difflib.get_close_matches((name or "").lower(), long, 1, 0.85)
        return close[0] if close else None

    def _unknown(self, context: BobbyContext) -> str:
        prefix = self.prefix_for(context.responder)
        if nearest := self._nearest(context.invoked_with):
            return tr(
                "Did you mean `{prefix}{nearest}`? Edit your message to try again.",
                prefix=prefix,
                nearest=nearest,
            )
        if not context.invoked_with:
            return tr(
                "Hi! Post a picture with `{prefix}classify` to get started. "
                "`{prefix}help` shows everything else.",
                prefix=prefix,
            )
        return tr("I don't know that command. See `{prefix}help` for the full list.", prefix=prefix)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Read an edited message again, within a minute, and stop what it asked for before."""
        if not payload.message.author.bot and await self.conversations.edited(payload.message):
            await self._read(payload.message, again=True)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Stop what the deleted message asked for."""
        await self._stop(payload.message_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Stop what the deleted messages asked for."""
        for message_id in payload.message_ids:
            await self._stop(message_id)

    async def _stop(self, message_id: int) -> None:
        if await self.conversations.deleted(message_id):
            log.info("No reply to message %d: it was deleted, so its job was cancelled", message_id)
