"""What becomes of a press: an answer in private, or the button's message made again.

discord.py has no error handler for buttons, so each press is looked after here. It is acknowledged
first: a worker that is just starting may take longer than Discord waits.
"""

from collections.abc import Awaitable, Callable

from bot.app.question import Question
from bot.conversation.interaction_responder import Interaction, InteractionResponder
from bot.conversation.reply import Reply
from bot.core.error_text import explain
from bot.pictures.references import PictureRef
from bot.replies import common


async def answer_press(
    interaction: Interaction, make: Callable[[InteractionResponder], Awaitable[Reply]]
) -> None:
    """Answer the person who pressed, and nobody else, with what `make` returns or why it can't."""
    interaction.client.speak_to(interaction)
    responder = InteractionResponder(interaction, private=True)
    try:
        async with responder.thinking():
            reply = await make(responder)
    except Exception as error:  # noqa: BLE001  (nothing above would answer the person)
        reply = common.error_reply(explain(error, responder))
    await responder.answer(reply)


async def answer_press_about(
    interaction: Interaction, source: PictureRef, make: Callable[[Question], Awaitable[Reply]]
) -> None:
    """Do so where `make` needs the question once more below whose answer the button is."""

    async def answer(responder: InteractionResponder) -> Reply:
        return await make(await Question.again(responder, source))

    await answer_press(interaction, answer)


async def edit_on_press(interaction: Interaction, make: Callable[[], Awaitable[Reply]]) -> None:
    """Make the button's message say what `make` returns, or tell in private why it can't."""
    interaction.client.speak_to(interaction)
    responder = InteractionResponder(interaction)
    with responder.refusals_logged():
        await interaction.response.defer()
        try:
            reply = await make()
        except Exception as error:  # noqa: BLE001  (nothing above would answer the person)
            why = common.error_reply(explain(error, responder))
            await interaction.followup.send(embeds=why.embeds, ephemeral=True)
            return
        await interaction.edit_original_response(
            embeds=reply.embeds,
            view=reply.view,
            attachments=[upload.to_file() for upload in reply.uploads],
        )


async def edit_on_press_about(
    interaction: Interaction, source: PictureRef, make: Callable[[Question], Awaitable[Reply]]
) -> None:
    """Do so where `make` needs the question once more below whose answer the menu is."""
    responder = InteractionResponder(interaction)

    async def answer() -> Reply:
        return responder.keeping(await make(await Question.again(responder, source)))

    await edit_on_press(interaction, answer)


async def edit_for_owner(
    interaction: Interaction, owner: int, make: Callable[[], Awaitable[Reply]]
) -> None:
    """Make the message of a menu or button say what `make` returns; tell it others in private."""
    if interaction.user.id == owner:
        await edit_on_press(interaction, make)
    else:
        await answer_press(interaction, lambda _: make())
