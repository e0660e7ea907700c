"""Tasks for the worker's loop whose pictures a network sees one at a time."""

import numpy as np

from models.captioning.records import captioners
from models.catalog.selection import Choice
from models.jobs.answers import Failure
from models.jobs.control import Ready
from models.jobs.requests import Caption, Job
from models.runtime.cache import NetworkCache
from models.tasks import caption
from models.tasks.base import Prepared
from models.tasks.caption import CaptionTask
from models.weights.store import WeightsStore
from tests.bot.executor.answers import READY


class _Apart(CaptionTask):
    """Captions, each of them alone."""

    def together(self, _item: caption.Prepared) -> None:
        """Return None: each is alone."""


TASK = _Apart(captioners(), NetworkCache(WeightsStore(None), "cpu"))


class OneAtATime:
    """What `models.worker.loop.Answering` asks for, but for `run`."""

    def ready(self) -> Ready:
        """Be ready."""
        return READY

    def recount(self) -> Ready:
        """Be ready still."""
        return READY

    def prepare(self, job: Job) -> Prepared | Failure:
        """Return a picture of nothing for the job's number of beams."""
        assert isinstance(job, Caption)
        choice, seen = Choice(next(iter(captioners().values()))), np.zeros((3, 1, 1), np.float32)
        item = caption.Prepared(choice, seen, job.beams or 1, width=1, height=1, frames=1)
        return Prepared(TASK, item)
