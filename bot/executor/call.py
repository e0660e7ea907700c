"""A job in the queue and the caller who waits for its answer."""

import asyncio
import copy
from dataclasses import dataclass, field

from bot.core.errors import BobbyError
from bot.executor.queue import Ticket
from models.jobs.answers import Answer


@dataclass(eq=False)
class Call(Ticket):
    """A caller that waits; its answer's future is cancelled when the caller leaves."""

    answer: asyncio.Future[Answer] = field(kw_only=True)
    admitted: float = field(kw_only=True)
    started: bool = False
    late: bool = False
    """Left out of its batch, whose end is not its own."""

    def fail(self, error: BobbyError) -> None:
        """Give `error` to the caller, if there still is one; each gets its own traceback."""
        if not self.answer.done():
            self.answer.set_exception(copy.copy(error))
