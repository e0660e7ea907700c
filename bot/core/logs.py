"""How a log line looks: as text or JSON, with the id of the question that it belongs to.

The id is that of the message or interaction which asked. It goes with a job to the worker, whose
lines begin with it, so that everything about one question can be found by it.
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

from bot.core.settings import Settings

question: ContextVar[int | None] = ContextVar("question", default=None)
"""The question that this task answers; tasks that it starts inherit it."""

_ASKED = re.compile(r"\[([\d ]+)\] ")


class _Asked(logging.Filter):
    """Gives each record the `question` of the task that logs it, and `asked` for text."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields and let everything pass."""
        asked = question.get()
        record.question = None if asked is None else str(asked)
        record.asked = "" if asked is None else f"[{asked}] "
        return True


class JsonLines(logging.Formatter):
    """One JSON object a record; a line of the worker's gives its questions' ids away itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's object: time, level, logger, question, message, and traceback."""
        message, asked = record.getMessage(), getattr(record, "question", None)
        if record.name == "worker" and (found := _ASKED.match(message)):
            asked, message = found[1], message[found.end() :]
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "question": asked,
            "message": message,
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging(settings: Settings) -> None:
    """Log to standard error as `settings` say: standard output is for answers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Asked())
    form = "%(asctime)s %(levelname)-7s %(asked)s%(name)s: %(message)s"
    text = logging.Formatter(form, datefmt="%H:%M:%S")
    handler.setFormatter(JsonLines() if settings.log_format == "json" else text)
    logging.root.addHandler(handler)
    logging.root.setLevel(settings.log_level)
    # At their finest these log whole messages, and what is taught: nobody's business.
    for talkative in ("discord", "aiosqlite"):
        logging.getLogger(talkative).setLevel(max(logging.INFO, logging.root.level))
