"""What goes wrong with one job: raised where it is found, and told as the job's `Failure`."""

from models.jobs.answers import Failure, FailureCode
from models.jobs.base import Said


class JobError(Exception):
    """A job can't be done; `failure` has its code and tells the person what to do."""

    def __init__(self, code: FailureCode, sentence: Said) -> None:
        super().__init__(str(sentence))
        self.failure = Failure(code=code, sentence=sentence)
