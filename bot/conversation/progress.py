"""The person who waits is told for how long, in the message that becomes the answer, and may leave.

Owns that message's words, its pace and its button. How long it takes is the executor's estimate;
the cancelling itself is asyncio's, so everything that an answered question holds is given back.
"""

import asyncio
import collections
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import discord

from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.conversation.responder import Responder
from bot.core import logs
from bot.core.durations import duration
from bot.core.errors import Cancelled
from bot.core.i18n import tr
from bot.executor.estimates import QueueEstimate
from bot.executor.executor import Executor
from bot.executor.queue import Requester

SILENT_SECONDS = 2.0
"""What is answered sooner is not announced."""
EDIT_SECONDS = 5.0
REMEMBERED = 1000
"""Questions whose message is not to be made the one of a question that got lost."""

log = logging.getLogger(__name__)


class CancelButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"cancel:(?P<person>\d+):(?P<question>\d+)",
):
    """The button "Cancel", for the person who asked."""

    def __init__(self, person: int, question: int) -> None:
        super().__init__(
            discord.ui.Button(label=tr("Cancel"), custom_id=f"cancel:{person}:{question}")
        )
        self.person = person
        self.question = question

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(int(match["person"]), int(match["question"]))

    async def callback(self, interaction: Interaction) -> None:
        """Cancel the question; tell anybody else in private why not."""
        interaction.client.speak_to(interaction)
        waiting: ProgressNotifier = interaction.client.waiting
        with InteractionResponder(interaction, private=True).refusals_logged():
            if interaction.user.id != self.person:
                await interaction.response.send_message(
                    tr("Only the person who asked can cancel this."), ephemeral=True
                )
            elif waiting.cancel(self.question) or waiting.is_over(self.question):
                await interaction.response.defer()  # the message says so in a moment
            else:
                await interaction.response.edit_message(
                    content=tr("This request is no longer running. Please try again."),
                    embeds=[],
                    view=None,
                )


@dataclass(eq=False)
class _Wait:
    """A question that is being answered by `task`."""

    task: asyncio.Task[Any]
    cancelled: bool = False


class ProgressNotifier:
    """Everybody who waits for `executor`.

    `silent` and `edit` are the seconds until the message is posted and between its edits.
    """

    def __init__(
        self, executor: Executor, *, silent: float = SILENT_SECONDS, edit: float = EDIT_SECONDS
    ) -> None:
        self._executor = executor
        self.silent = silent
        self.edit = edit
        self._waits: dict[int, _Wait] = {}
        self._posting: set[int] = set()
        self._over: collections.deque[int] = collections.deque(maxlen=REMEMBERED)

    @contextlib.asynccontextmanager
    async def shown(self, responder: Responder) -> AsyncIterator[None]:
        """Tell how long `responder` waits while the block lasts, and let its requester cancel it.

        Raises:
            Cancelled: The requester did.
        """
        task, question = asyncio.current_task(), responder.requester.request_id
        if task is None or question is None:
            yield
            return
        logs.question.set(question)
        wait = self._waits[question] = _Wait(task)
        over = asyncio.Event()
        telling = asyncio.create_task(self._tell(responder, question, over), name="tell")
        try:
            try:
                yield
            finally:
                if self._waits.get(question) is wait:
                    del self._waits[question]
                    self._over.append(question)
                over.set()
                # What is being posted must stand there before the answer can take its place.
                await asyncio.wait({telling})
        except asyncio.CancelledError:
            if not wait.cancelled or task.uncancel():
                raise
            await asyncio.wait({telling})
            raise Cancelled(tr("Canceled.")) from None

    def cancel(self, question: int) -> bool:
        """Cancel the question of id `question`, and say whether it was being answered."""
        wait = self._waits.get(question)
        if wait is None:
            return False
        if not wait.cancelled:
            wait.cancelled = True
            wait.task.cancel()
        return True

    def is_over(self, question: int) -> bool:
        """Say whether the question of id `question` has lately been answered or cancelled."""
        return question in self._over

    async def _tell(self, responder: Responder, question: int, over: asyncio.Event) -> None:
        """Post how long it takes, and edit it, until it is over."""
        pause = self.silent
        try:
            while not await _within(over, pause):
                pause = self.edit
                estimate = self._executor.estimate(question)
                # One at a time in a channel: Discord rations posts, and answers go before.
                if estimate is None or responder.bucket in self._posting:
                    continue
                self._posting.add(responder.bucket)
                try:
                    await responder.progress(_shown(estimate, responder.requester))
                finally:
                    self._posting.discard(responder.bucket)
        except Exception:
            log.exception("%s could not be told how long it takes", responder)


async def _within(over: asyncio.Event, seconds: float) -> bool:
    """Wait at most so long for `over`, and say whether it is."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await over.wait()
    return over.is_set()


def _shown(estimate: QueueEstimate, requester: Requester) -> Reply:
    return Reply(f"-# {words(estimate)}", view=cancelling(requester))


def cancelling(requester: Requester) -> discord.ui.View:
    """Return the button with which `requester` cancels, for below what is no answer yet."""
    return discord.ui.View(timeout=None).add_item(
        CancelButton(requester.user_id, requester.request_id or 0)
    )


def is_cancelling(view: discord.ui.View | None) -> bool:
    """Tell whether `view` is that of a reply that is no answer yet."""
    return view is not None and any(isinstance(item, CancelButton) for item in view.children)


def has_cancel(message: discord.Message) -> bool:
    """Tell whether a reply of Bobby's says only that the answer is on its way."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    ids = [getattr(item, "custom_id", None) or "" for row in rows for item in row.children]
    return any(one.startswith("cancel:") for one in ids)


def words(estimate: QueueEstimate) -> str:
    """Return `estimate` as a sentence, such as "4th in line, about 20 s to go"."""
    where = (
        tr("Working on it")
        if estimate.place is None
        else tr("{ordinal} in line", ordinal=_ordinal(estimate.place), place=estimate.place)
    )
    return tr("{where}, about {seconds} to go.", where=where, seconds=duration(estimate.seconds))


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 < number % 100 < 20 else ending}"
