"""What every button that answers in private shares: show that work is done, answer, explain.

discord.py has no error handler for buttons, so each press is looked after here.
"""

from collections.abc import Awaitable, Callable

from bot import replies
from bot.exchange import Interaction, InteractionExchange, Reply
from bot.failures import explain


async def answer_press(
    interaction: Interaction, make: Callable[[InteractionExchange], Awaitable[Reply]]
) -> None:
    """Answer whoever pressed, and nobody else, with what `make` returns or why it can't."""
    exchange = InteractionExchange(interaction, private=True)
    try:
        async with exchange.thinking():
            reply = await make(exchange)
    except Exception as error:  # noqa: BLE001  (nothing above would answer the person)
        reply = replies.sentence(explain(error, exchange))
    await exchange.answer(reply)
