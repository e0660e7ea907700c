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
from bot.conversation.per_picture import PictureResult, ask_each
from bot.conversation.responder import Responder
from bot.pictures import precedence
from bot.pictures.picture import Find, FoundPictures, User
from bot.pictures.references import PictureRef
from bot.pictures.words import parse_text
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
    source: PictureRef
    find: Find

    @classmethod
    def typed(cls, context: BobbyContext, text: str) -> Self:
        """Make it from a text command and what stands behind its name."""
        bot, message = context.bot, context.message
        words = parse_text(text)
        return cls(
            bot,
            context.responder,
            words.rest,
            PictureRef("ask", message.channel.id, message.id),
            lambda: precedence.find(precedence.typed(bot, message, words)),
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
        given = [picture] if picture else []
        return cls(
            interaction.client,
            InteractionResponder(interaction),
            words,
            _called(interaction),
            lambda: precedence.find(precedence.chosen(interaction, given, link, person)),
        )

    @classmethod
    def uploaded(
        cls, interaction: Interaction, attachments: Sequence[discord.Attachment], words: str
    ) -> Self:
        """Make it from the options of a slash command that takes several pictures."""
        return cls(
            interaction.client,
            InteractionResponder(interaction),
            words,
            _called(interaction),
            lambda: precedence.find(precedence.chosen(interaction, attachments)),
        )

    @classmethod
    def inside(
        cls,
        interaction: Interaction,
        message: discord.Message,
        words: str = "",
        *,
        private: bool = False,
    ) -> Self:
        """Make it from the menu of `message`, about its pictures."""
        return cls(
            interaction.client,
            InteractionResponder(interaction, private=private),
            words,
            PictureRef("in", message.channel.id, message.id),
            lambda: precedence.menu(interaction.client, message),
        )

    @classmethod
    async def again(cls, responder: InteractionResponder, source: PictureRef) -> Self:
        """Make the question once more below whose answer a button was pressed.

        Raises:
            NoPicture: Its pictures are gone.
        """
        bot: Bobby = responder.interaction.client
        answer = responder.interaction.message
        found, text = await bot.picture_references.find(bot, source, answer)
        if source.kind != "ask":
            responder.pictures = found.pictures
        return cls(bot, responder, parse_text(text).rest, source, _always(found))

    @property
    def server(self) -> int | None:
        """The id of the server where it is asked, None elsewhere."""
        return self.responder.requester.guild_id

    async def first(self, most: int) -> FoundPictures:
        """Return at most `most` of the pictures, with a note on what was left out.

        Raises:
            MissingPermission, NoPicture: What is asked can't be answered here.
        """
        return (await self.find()).first(most)

    @contextlib.asynccontextmanager
    async def pictures(
        self, most: int, *, task: str | None = None, model: str | None = None
    ) -> AsyncIterator[FoundPictures]:
        """Show that Bobby is at work for as long as the block lasts; enter with the pictures.

        They are at most `most`; where a `model` for `task` is named that is not here, it is
        downloaded first if the person may have that done.

        Raises:
            MissingPermission, NoPicture: What is asked can't be answered here.
        """
        async with self.responder.thinking():
            if not self.responder.private:
                self.responder.require_permissions()
            found = await self.first(most)
            if task:
                found = found.with_note(
                    await self.bot.downloads.ensure(self.responder, task, model)
                )
            self.bot.picture_references.note(self.source, found)
            if self.source.kind != "ask":
                self.responder.pictures = found.pictures
            yield found

    async def each(
        self, found: FoundPictures, ask: Callable[[bytes], Awaitable[A]]
    ) -> list[PictureResult[A]]:
        """Return what became of each picture of `found`, in order; `ask` is given its file."""
        return await ask_each(self.bot.fetcher, self.responder, found, ask)

    async def submit(self, job: Request[A]) -> A:
        """Return the answer to `job`, see `Executor.submit`."""
        return await self.bot.executor.submit(job, self.responder.requester)


def _called(interaction: Interaction) -> PictureRef:
    return PictureRef("at", interaction.channel_id or 0, interaction.id)


def _always(found: FoundPictures) -> Find:
    async def find() -> FoundPictures:
        return found

    return find
