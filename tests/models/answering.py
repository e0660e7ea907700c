"""A task asked in this process."""

from typing import Any

from models.jobs.answers import Answer, Failure
from models.jobs.requests import Job
from models.tasks.base import Task, TaskTable


def answered(task: Task[Any, Any], *jobs: Job) -> list[Answer | Failure]:
    """Return the answers of `task` to `jobs`, as one batch."""
    return TaskTable({type(job): task for job in jobs}).answer(*jobs)
