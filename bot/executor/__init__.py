"""The executor: takes jobs from cogs, orders them fairly, has them run, and answers.

`open_executor(settings)` gives the one that Bobby uses; cogs call `submit` and see the errors of
`bot.core.errors`.
"""

from bot.executor.executor import Executor, Outlook, Snapshot
from bot.executor.factory import open_executor
from bot.executor.queue import Asker, Limits

__all__ = ["Asker", "Executor", "Limits", "Outlook", "Snapshot", "open_executor"]
