"""`!teach`, `!taught` and `!unteach`: labels of a server's own, from a few pictures of each.

Also "Teach…" in the message menu. Pictures become features in the worker and are dropped;
`bot.storage.examples` keeps the features. `!classify custom` asks for these labels.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from weakref import WeakValueDictionary

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.question import Question
from bot.app.teach_form import TeachForm, UploadForm
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.responder import Responder
from bot.core.error_text import explain
from bot.core.errors import BadLesson, BobbyError, NotAllowed
from bot.core.i18n import later, tr
from bot.replies.help import Guide
from bot.replies.lessons import Lesson, labels_reply, teach_reply, unteach_reply
from bot.storage.database import Change
from bot.storage.examples import StoredExample
from bot.storage.labels import MOST_EXAMPLES, MOST_LABELS, NO_SERVER, normalize_label
from models.jobs.answers import CrossValidation, Features
from models.jobs.base import say
from models.jobs.requests import CrossValidate, ExtractFeatures

AT_ONCE = 10
"""Pictures of one message, as many as Discord lets people attach."""

LIMITS = say(
    "On servers only: up to {labels} labels, with up to {examples} pictures each. Server admins "
    "choose who can teach with `/settings teachers`.",
    labels=str(MOST_LABELS),
    examples=str(MOST_EXAMPLES),
)


class LessonsCog(BobbyCog, name="Lessons"):
    """Learns labels from pictures that people show."""

    def __init__(self, bot: Bobby) -> None:
        super().__init__(
            bot,
            app_commands.ContextMenu(
                name="Teach…",
                callback=self.teach_message,
                allowed_contexts=app_commands.AppCommandContext(guild=True),
            ),
        )
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    @commands.command(
        usage="<label>",
        extras=Guide("teach", (later("my cat"), later("my dog")), AT_ONCE, LIMITS).extras(),
    )
    async def teach(self, context: BobbyContext, *, text: str = "") -> None:
        """Teach me a custom label with a few pictures of it."""
        await self._teach(Question.typed(context, text))

    @app_commands.command(name="teach")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.describe(
        label="What the pictures show",
        picture="A picture of it (leave empty to upload up to ten)",
        another="Another picture of it",
        third="A third picture (I need about three to get it right)",
    )
    async def teach_slash(
        self,
        interaction: Interaction,
        label: str,
        picture: discord.Attachment | None = None,
        another: discord.Attachment | None = None,
        third: discord.Attachment | None = None,
    ) -> None:
        """Teach me a custom label with a few pictures of it."""
        if given := [one for one in (picture, another, third) if one]:
            await self._teach_uploaded(interaction, label, given)
            return
        self._require_teacher_of(InteractionResponder(interaction))
        await UploadForm(self._teach_uploaded, label, AT_ONCE).show(interaction)

    async def _teach_uploaded(
        self, interaction: Interaction, label: str, given: Sequence[discord.Attachment]
    ) -> None:
        await self._teach(Question.uploaded(interaction, given, label))

    async def teach_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Ask what the pictures of a message show, and learn it."""

        async def teach(sent: Interaction, label: str, _: Sequence[discord.Attachment]) -> None:
            await self._teach(Question.inside(sent, message, label))

        self._require_teacher_of(InteractionResponder(interaction))
        await TeachForm(teach).show(interaction)

    @commands.command(extras=Guide("teach").extras())
    async def taught(self, context: BobbyContext) -> None:
        """List this server's custom labels and how well I know them."""
        await self._list(context.responder)

    @app_commands.command(name="taught")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def taught_slash(self, interaction: Interaction) -> None:
        """List this server's custom labels and how well I know them."""
        await self._list(InteractionResponder(interaction))

    @commands.command(
        usage="[label]", extras=Guide("teach", ("", later("my cat")), limits=LIMITS).extras()
    )
    async def unteach(self, context: BobbyContext, *, label: str = "") -> None:
        """Undo the last lesson, or remove a custom label."""
        await self._unteach(context.responder, label)

    @app_commands.command(name="unteach")
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.describe(label="Label to remove (leave empty to undo the last lesson)")
    async def unteach_slash(self, interaction: Interaction, label: str = "") -> None:
        """Undo the last lesson, or remove a custom label."""
        await self._unteach(InteractionResponder(interaction), label)

    async def _teach(self, question: Question) -> None:
        responder = question.responder
        if not question.words:
            await self._list(responder)
            return
        async with responder.thinking():
            responder.require_permissions()
            server = self._require_teacher_of(responder)
            async with self._turn(server):
                lesson, note = await self._learn(question, server)
        await responder.answer(teach_reply(lesson, self.bot.prefix_for(responder), note))

    async def _learn(self, question: Question, server: int) -> tuple[Lesson, str | None]:
        """Keep the features of the pictures that are new, and return what is known now."""
        responder = question.responder
        before = await self.bot.store.lessons.of(server)
        label = normalize_label(question.words, [one.label for one in before])
        found = await question.first(min(AT_ONCE, _room(before, label)))
        outcomes = await question.each(found, lambda data: self._look(question, data, before))
        number = responder.requester.request_id or 0
        seen = [one.result for one in outcomes if isinstance(one.result, Features)]
        known = {one.features for one in before if one.label == label}
        # Twice the same picture would vouch for itself when each is judged by the others.
        new = {f.features: f for f in seen if f.features not in known}
        if new:
            examples = [
                StoredExample(
                    0, number, responder.requester.user_id, label, f.model, f.weights, f.features
                )
                for f in new.values()
            ]
            await self.bot.store.lessons.add(server, examples, responder.change)
        after = await self.bot.store.lessons.of(server)
        try:
            assessed = await self._assess(responder, after)
        except BobbyError as error:  # what was learned is kept all the same
            explain(error, responder)
            assessed = None
        return Lesson(label, outcomes, len(new), after, assessed), found.note

    async def _look(self, question: Question, data: bytes, before: list[StoredExample]) -> Features:
        """Return the features of a picture, by the model that those before it have.

        Raises:
            BadLesson: That model can't be asked any more.
        """
        model = before[0].model if before else self.bot.server_default_model(question.server)
        seen = await question.submit(ExtractFeatures(picture=data, model=model))
        if before and (seen.model, seen.weights) != (before[0].model, before[0].weights):
            raise BadLesson(
                tr(
                    "These labels were learned with {model}, which is no longer "
                    "installed. Ask the bot owner to reinstall it, or remove each "
                    "label with `{prefix}unteach LABEL` and start over.",
                    model=before[0].model,
                    prefix=self.bot.prefix_for(question.responder),
                )
            )
        return seen

    async def _assess(
        self, responder: Responder, taught: list[StoredExample]
    ) -> CrossValidation | None:
        """Return how well what was taught can be told apart; None for a single label."""
        if len({one.label for one in taught}) < 2:
            return None
        job = CrossValidate(
            model=taught[0].model, examples=tuple(one.as_example() for one in taught)
        )
        return await self.bot.executor.submit(job, responder.requester)

    async def _list(self, responder: Responder) -> None:
        async with responder.thinking():
            taught = await self.bot.store.lessons.of(self._server(responder))
            assessed = await self._assess(responder, taught)
        await responder.answer(labels_reply(taught, assessed, self.bot.prefix_for(responder)))

    async def _unteach(self, responder: Responder, text: str) -> None:
        async with responder.thinking():
            server = self._require_teacher_of(responder)
            async with self._turn(server):
                label, gone = await self._take_back(server, text, responder.change)
                left = Counter(one.label for one in await self.bot.store.lessons.of(server))
        await responder.answer(unteach_reply(label, gone, left[label]))

    async def _take_back(self, server: int, text: str, change: Change) -> tuple[str, int]:
        """Delete the label that `text` means, or the last lesson; return it and how many went."""
        lessons = self.bot.store.lessons
        taught = await lessons.of(server)
        if not taught:
            raise BadLesson(tr("There are no custom labels here to remove."))
        if text:
            label = normalize_label(text, [one.label for one in taught])
            return label, await lessons.delete_label(server, label, change)
        last = taught[-1]
        return last.label, await lessons.delete_lesson(server, last.lesson, change)

    def _turn(self, server: int) -> asyncio.Lock:
        """Return what keeps a server's lessons one after the other: each counts what is known."""
        return self._turns.setdefault(server, asyncio.Lock())

    def _server(self, responder: Responder) -> int:
        if responder.requester.guild_id is None:
            raise NotAllowed(NO_SERVER)
        return responder.requester.guild_id

    def _require_teacher_of(self, responder: Responder) -> int:
        """Return the id of the server where the requester may teach.

        Raises:
            NotAllowed: The requester may not, or it is no server.
        """
        server = self._server(responder)
        everyone = self.bot.store.servers.get(server).teachers == "everyone"
        if not everyone and not responder.manages_server:
            raise NotAllowed(
                tr(
                    "You need **Manage Server** to teach me here. A server admin can "
                    "open it to everyone with `/settings teachers`."
                )
            )
        return server


def _room(taught: list[StoredExample], label: str) -> int:
    """Return how many more examples of `label` there is room for, at least one.

    Raises:
        BadLesson: There is none; the sentence names the limit.
    """
    counts = Counter(one.label for one in taught)
    if label not in counts and len(counts) >= MOST_LABELS:
        raise BadLesson(
            tr(
                "This server already has {labels} labels, which is the limit. Remove one first "
                "with `/unteach`.",
                labels=MOST_LABELS,
            )
        )
    if (room := MOST_EXAMPLES - counts[label]) <= 0:
        raise BadLesson(
            tr(
                "That label already has {examples} pictures, which is the limit. Remove some "
                "first with `/unteach`.",
                examples=MOST_EXAMPLES,
            )
        )
    return room


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(LessonsCog(bot))
