"""For which questions a thread works, so that each line it logs begins with their ids.

An id comes with a job from the bot and means nothing here: it joins the two processes' logs.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

FORMAT = "%(asked)s%(name)s: %(message)s"
"""How the worker logs, once `Asked` is a filter of its handler."""

_questions: ContextVar[str] = ContextVar("questions", default="")


@contextlib.contextmanager
def working_for(questions: Iterable[int | None]) -> Iterator[None]:
    """Note that this thread works for `questions` while the block lasts."""
    known = dict.fromkeys(str(one) for one in questions if one is not None)
    token = _questions.set(" ".join(known))
    try:
        yield
    finally:
        _questions.reset(token)


class Asked(logging.Filter):
    """Gives each record the field `asked`: the ids in brackets, or nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the field and let everything pass."""
        questions = _questions.get()
        record.asked = f"[{questions}] " if questions else ""
        return True
