"""What somebody asks about pictures, the same whether by text, slash command, menu or button.

A cog's commands make a `Question` and hand it to the one function that answers it: enter
`pictures`, ask the executor about `each`, and reply.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import discord

from bot.app.client import Bobby
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.per_picture import Outcome, ask_each
from bot.conversation.responder import Responder
from bot.pictures import lookup
from bot.pictures.lookup import Find, Found, User
from bot.pictures.references import Source
from models.jobs.answers import Answer
from models.jobs.requests import Request

A = TypeVar("A", bound=Answer)

PICTURE_OPTIONS = {
    "picture": "The picture to use (leave empty for the latest one here)",
    "link": "A link to a picture",
    "person": "Use this person's avatar",
}
"""How the options that point at a picture are described, by their names."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks, about which pictures, and what else was said: a model's name, a label, options.

    `find` finds the pictures once the person has been shown that Bobby is at work; `source` is
    where they are found again when a button below the answer is pressed.
    """

    bot: Bobby
    responder: Responder
    words: str
    source: Source
    find: Find

    @classmethod
    def typed(cls, context: BobbyContext, text: str) -> Self:
        """Make it from a text command and what stands behind its name."""
        bot, message = context.bot, context.message
        words = lookup.parse_text(text)
        return cls(
            bot,
            context.responder,
            words.rest,
            Source("ask", message.channel.id, message.id),
            lambda: lookup.find(bot, message, words),
        )

    @classmethod
    def slash(
        cls,
        interaction: Interaction,
        picture: discord.Attachment | None,
        link: str | None,
        person: User | None,
        words: str = "",
    ) -> Self:
        """Make it from the options of a slash command."""
        return cls(
            interaction.client,
            InteractionResponder(interaction),
            words,
            _called(interaction),
            lambda: lookup.from_options(interaction, picture, link, person),
        )

    @classmethod
    def uploaded(
        cls, interaction: Interaction, attachments: Sequence[discord.Attachment], words: str
    ) -> Self:
        """Make it from the options of a slash command that takes several pictures."""
        found = Found(tuple(map(lookup.attached, attachments)))
        responder = InteractionResponder(interaction)
        return cls(interaction.client, responder, words, _called(interaction), _always(found))

    @classmethod
    def inside(
        cls, interaction: Interaction, message: discord.Message, *, private: bool = False
    ) -> Self:
        """Make it from the menu of `message`, about its pictures."""
        return cls(
            interaction.client,
            InteractionResponder(interaction, private=private),
            "",
            Source("in", message.channel.id, message.id),
            lambda: lookup.inside(message),
        )

    @classmethod
    async def again(cls, responder: InteractionResponder, source: Source) -> Self:
        """Make the question once more below whose answer a button was pressed.

        Raises:
            NoPicture: Its pictures are gone.
        """
        bot: Bobby = responder.interaction.client
        found, text = await bot.asked.find(bot, source, responder.interaction.message)
        if source.kind != "ask":
            responder.pictures = found.pictures
        return cls(bot, responder, lookup.parse_text(text).rest, source, _always(found))

    @property
    def server(self) -> int | None:
        """The id of the server where it is asked, None elsewhere."""
        return self.responder.asker.server

    @contextlib.asynccontextmanager
    async def pictures(
        self, most: int, *, task: str | None = None, model: str | None = None
    ) -> AsyncIterator[Found]:
        """Show that Bobby is at work for as long as the block lasts; enter with the pictures.

        They are at most `most`; where a `model` for `task` is named that is not here, it is
        downloaded first if the person may have that done.

        Raises:
            MissingPermission, NoPicture: What is asked can't be answered here.
        """
        async with self.responder.thinking():
            if not self.responder.private:
                self.responder.require_permissions()
            found = (await self.find()).first(most)
            if task:
                found = found.with_note(await self.bot.library.provide(self.responder, task, model))
            self.bot.asked.note(self.source, found)
            if self.source.kind != "ask":
                self.responder.pictures = found.pictures
            yield found

    async def each(self, found: Found, ask: Callable[[bytes], Awaitable[A]]) -> list[Outcome[A]]:
        """Return what became of each picture of `found`, in order; `ask` is given its file."""
        return await ask_each(self.bot.fetcher, self.responder, found, ask)

    async def submit(self, job: Request[A]) -> A:
        """Return the answer to `job`, see `Executor.submit`."""
        return await self.bot.executor.submit(job, self.responder.asker)


def _called(interaction: Interaction) -> Source:
    return Source("at", interaction.channel_id or 0, interaction.id)


def _always(found: Found) -> Find:
    async def find() -> Found:
        return found

    return find
