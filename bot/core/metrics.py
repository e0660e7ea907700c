"""What this process counts and times, in Prometheus' form.

Like the log, the figures belong to the process: the code that does the work notes it here, and
whether anybody reads them is for `bot.app.monitoring` to say. No figure has a person, a server or a
word in it.
"""

import re

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.core.errors import BobbyError, Overloaded

REGISTRY = CollectorRegistry()
"""Ours alone: the library's default one also tells about the process."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64)

STAGES = Histogram(
    "bobby_stage_seconds",
    "Time that a picture or a reply spent in a stage: download, wait, run, reply",
    ["stage"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
BATCHES = Histogram(
    "bobby_batch_jobs", "Jobs in a batch", ["task"], buckets=_SIZES, registry=REGISTRY
)
ERRORS = Counter(
    "bobby_refusals", "Questions that ended with a sentence why not", ["reason"], registry=REGISTRY
)


def error_code(error: BaseException) -> str:
    """Return the name under which `error` is counted, such as `overloaded_person`."""
    if not isinstance(error, BobbyError):
        return "discord" if type(error).__module__.startswith("discord") else "unexpected"
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()
    return f"{name}_{error.limit}" if isinstance(error, Overloaded) else name
