"""Every failure that Bobby knows by name, each with the sentence people read.

    BobbyError
    ├── AskerError              what the person can mend
    │   ├── NoPicture           there is no picture where they pointed
    │   ├── BadPicture          the worker could not use the file
    │   ├── PictureTooLarge     more bytes than we take
    │   ├── LinkRefused         a link that leads where we don't go
    │   ├── FetchFailed         the picture could not be fetched
    │   │   └── LinkExpired     Discord's own link to it has run out, or it is gone
    │   ├── UnknownModel        no model of that name
    │   ├── MissingPermission   Bobby may not answer here
    │   ├── NotAllowed          the person may not do that here
    │   ├── BadLesson           what was to be taught or asked of it makes no sense
    │   ├── AlreadyDone         what was to be changed has been, by the same question
    │   ├── BadSetting          a server's setting can't have that value
    │   ├── Outdated            a command or button that Bobby doesn't have like this
    │   └── Cancelled           the person who asked has cancelled it
    ├── Overloaded              a limit is reached; the sentence names it
    ├── TimedOut                the answer took too long
    ├── WorkerLost              the worker died over the job
    ├── WorkerUnavailable       there is no worker and none is coming
    ├── ModelFailed             the worker lived, the model did not
    ├── DownloadFailed          weights could not be had from their publisher
    ├── StoreFailed             what servers set or taught can't be read or kept
    ├── TooLate                 Discord takes no answer to this any more
    ├── Closing                 Bobby is shutting down
    └── SetupError              for the operator: Bobby can't start
        └── WrongSetting        starting again can't mend it

`str(error)` is safe to show. Whatever is not a `BobbyError` is unexpected: people see a reference
code, the log has the traceback under it.
"""

from typing import ClassVar

from bot.core.i18n import tr
from models.jobs.answers import Failure


class BobbyError(Exception):
    """Base: an expected failure whose `str()` is one friendly sentence that says what to do.

    It is in the language of the person being answered where `str()` is called, unless the sentence
    was translated before.
    """

    def __str__(self) -> str:
        """Return the sentence."""
        return tr(self.args[0]) if self.args else ""

    @property
    def english(self) -> str:
        """The sentence for the log, unless it was translated before."""
        return str(self.args[0]) if self.args else ""


class AskerError(BobbyError):
    """Something the person who asked can mend."""


class NoPicture(AskerError):
    """No picture was found where the person pointed."""


class BadPicture(AskerError):
    """The file is empty, damaged, no picture, or has too many pixels."""


class PictureTooLarge(AskerError):
    """The file has more bytes than the operator's limit."""


class LinkRefused(AskerError):
    """The link does not lead to a public address over http or https."""


class FetchFailed(AskerError):
    """The server that has the picture did not deliver it."""


class LinkExpired(FetchFailed):
    """Discord no longer delivers from that link; a fresh one may be had."""


class UnknownCommand(AskerError):
    """There is no command of that name to explain."""


class UnknownModel(AskerError):
    """There is no model of that name, or none of its task is ready."""


class MissingPermission(AskerError):
    """Bobby lacks a permission that the answer needs; the sentence names it."""


class NotAllowed(AskerError):
    """Only somebody else may do that here; the sentence says who."""


class BadLesson(AskerError):
    """A label can't be taught so, or there is nothing taught that could answer."""


class AlreadyDone(AskerError):
    """The same question has made this change before, maybe of an earlier process."""


class BadSetting(AskerError):
    """No server can have set that value."""


class Outdated(AskerError):
    """Nothing that Bobby shows today can have sent this command or press."""


class Cancelled(AskerError):
    """The person who asked pressed the button that cancels."""


class Overloaded(BobbyError):
    """A limit is reached; the sentence names it and its number, `limit` is its name for figures."""

    def __init__(self, sentence: str, *, limit: str = "other") -> None:
        super().__init__(sentence)
        self.limit = limit


class TimedOut(BobbyError):
    """The job's deadline passed before its answer came."""


class WorkerLost(BobbyError):
    """The worker process died while it had the job."""


class WorkerUnavailable(BobbyError):
    """The worker can't be started; the operator has to look."""


class ModelFailed(BobbyError):
    """The model raised, or ran out of memory, on a picture that was in order."""


class DownloadFailed(BobbyError):
    """Weights could not be downloaded; the sentence says why and what can be done."""


class StoreFailed(BobbyError):
    """What servers have set or taught can't be read or written; the log has the reason."""


class TooLate(BobbyError):
    """Discord takes no answer any more: nobody will read the sentence, but the log has a line."""


class Closing(BobbyError):
    """Bobby is shutting down and takes no more work."""


class SetupError(BobbyError):
    """For the operator: what Bobby needs to start is wrong or missing; `status` is how it ends."""

    status: ClassVar[int] = 1


class WrongSetting(SetupError):
    """A setting, the token or an intent is wrong, and stays so until somebody changes it."""

    status = 78  # EX_CONFIG: docs/bobby.service does not start Bobby again after it


_BY_CODE: dict[str, type[BobbyError]] = {
    "empty_file": BadPicture,
    "not_a_picture": BadPicture,
    "damaged_picture": BadPicture,
    "too_many_pixels": BadPicture,
    "unknown_model": UnknownModel,
    "no_weights": UnknownModel,
    "out_of_memory": ModelFailed,
    "model_failed": ModelFailed,
}


def from_failure(failure: Failure) -> BobbyError:
    """Return the exception that stands for a worker's `failure`, carrying its sentence."""
    return _BY_CODE[failure.code](failure.sentence)
