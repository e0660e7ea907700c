"""`!caption`, `/caption` and two entries of the message menu: what a picture shows, in English.

"Caption" answers in the channel, "Describe for alt text" in private. A button gives other ways to
say it; it carries what it needs in its id, so that it works after a restart as well.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.app.alt_text import described
from bot.app.client import Bobby
from bot.app.cog import BobbyCog
from bot.app.command_tree import PRIVATE
from bot.app.details_button import Details
from bot.app.press import answer_press_about
from bot.app.question import PICTURE_OPTIONS, Question
from bot.app.text_commands import BobbyContext
from bot.conversation.interaction_responder import Interaction
from bot.conversation.reply import Reply
from bot.core.i18n import tr
from bot.library.autocomplete import complete
from bot.pictures.picture import FoundPictures
from bot.pictures.references import TEMPLATE, PictureRef
from bot.replies.caption import Described, captioned, other_ways
from bot.replies.help import Guide
from models.jobs.answers import Captioned
from models.jobs.requests import Caption

MAX_PICTURES = 10
"""Discord shows at most ten embeds in a message."""
FEWEST_BEAMS = 4
"""Of a search for three other ways to say it: fewer beams would not find as many."""

Beams = app_commands.Range[int, 1, 10]

_MODEL = re.compile(r"\bmodel[:=] ?(\S+)", re.IGNORECASE)
_BEAMS = re.compile(r"\b(?:beams[:=] ?)?(10|[1-9])\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CaptionOptions:
    """What is wanted: the captioner and the number of beams; None leaves either to Bobby."""

    model: str | None = None
    beams: int | None = None


def parse_options(words: str) -> CaptionOptions:
    """Read a model and a number of beams from what stands behind the command.

    Whatever is neither is taken for the model's name, so that it is refused rather than ignored.
    """
    model = _MODEL.search(words)
    rest = _MODEL.sub(" ", words)
    beams = _BEAMS.search(rest)
    name = " ".join(_BEAMS.sub(" ", rest).split())
    return CaptionOptions(
        model=model[1] if model else name or None, beams=int(beams[1]) if beams else None
    )


class MoreCaptionsButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=rf"alternatives:{TEMPLATE}",
):
    """The button "Other ways to say it"."""

    def __init__(self, source: PictureRef) -> None:
        super().__init__(
            discord.ui.Button(label=tr("More captions"), custom_id=f"alternatives:{source}")
        )
        self.source = source

    @classmethod
    async def from_custom_id(
        cls, _interaction: Interaction, _item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """Make the button again from its id; discord.py calls it."""
        return cls(PictureRef.of(match))

    async def callback(self, interaction: Interaction) -> None:
        """Answer the person who pressed, in private."""
        await answer_press_about(interaction, self.source, _say_otherwise)


class CaptionCog(BobbyCog, name="Caption"):
    """Says in English what a picture shows."""

    items = (MoreCaptionsButton,)

    def __init__(self, bot: Bobby) -> None:
        super().__init__(
            bot,
            app_commands.ContextMenu(name="Caption", callback=self.caption_message),
            app_commands.ContextMenu(
                name="Describe for alt text",
                callback=self.describe_message,
                extras={PRIVATE: True},
            ),
        )

    @commands.command(
        usage="[model:name] [beams] [link or @person]",
        extras=Guide("look", ("", "5"), MAX_PICTURES).extras(),
    )
    async def caption(self, context: BobbyContext, *, text: str = "") -> None:
        """Describe a picture in one English sentence."""
        question = Question.typed(context, text)
        await self._answer(question, parse_options(question.words))

    @app_commands.command(name="caption")
    @app_commands.describe(
        **PICTURE_OPTIONS,
        model="The captioner to ask; the default one otherwise",
        beams="Search width, 1 to 10 (higher is slower and sometimes better)",
    )
    @app_commands.autocomplete(model=complete("caption"))
    async def caption_slash(  # noqa: PLR0917  (discord.py passes the options by name)
        self,
        interaction: Interaction,
        picture: discord.Attachment | None = None,
        link: str | None = None,
        person: discord.User | None = None,
        model: str | None = None,
        beams: Beams | None = None,
    ) -> None:
        """Describe a picture in one English sentence."""
        question = Question.slash(interaction, picture, link, person)
        await self._answer(question, CaptionOptions(model, beams))

    async def caption_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Say in English what every picture in a message shows."""
        await self._answer(Question.inside(interaction, message), CaptionOptions())

    async def describe_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer in private with a sentence that is ready to paste as alt text."""
        question = Question.inside(interaction, message, private=True)
        async with question.pictures(MAX_PICTURES) as found:
            reply = await described(question, found)
        await question.responder.answer(reply)

    async def _answer(self, question: Question, wish: CaptionOptions) -> None:
        async with question.pictures(MAX_PICTURES, task="caption", model=wish.model) as found:
            answers = await _describe(question, found, wish)
        view = None
        if any(not isinstance(one.result, str) for one in answers):
            view = discord.ui.View(timeout=None).add_item(MoreCaptionsButton(question.source))
            view = Details.below(answers, view)
        await question.responder.answer(captioned(answers, found.note, view))


async def _describe(
    question: Question, found: FoundPictures, wish: CaptionOptions
) -> list[Described]:
    async def ask(data: bytes) -> Captioned:
        return await question.submit(Caption(picture=data, model=wish.model, beams=wish.beams))

    return await question.each(found, ask)


async def _say_otherwise(question: Question) -> Reply:
    wish = parse_options(question.words)
    if wish.beams:
        wish = replace(wish, beams=max(wish.beams, FEWEST_BEAMS))
    found = await question.first(MAX_PICTURES)
    return other_ways(await _describe(question, found, wish))


async def setup(bot: Bobby) -> None:
    """Add this cog to `bot`; discord.py calls it."""
    await bot.add_cog(CaptionCog(bot))
