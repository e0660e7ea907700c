"""Discord's error answers: an HTTP status, a JSON error code and a message.

Routes raise `ApiError`; the server's middleware turns it into the answer. The codes and their
wording are those of Discord's documentation, so that a client can't tell the difference.
"""

from functools import partial
from typing import Any


class ApiError(Exception):
    """An answer other than success: `status` is HTTP's, `code` Discord's own (0 when general)."""

    def __init__(
        self, status: int, code: int, message: str, *, extra: dict[str, Any] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"message": self.message, "code": self.code, **self.extra}


unauthorized = partial(ApiError, 401, 0, "401: Unauthorized")
bad_request = partial(ApiError, 400, 50109, "The request body contains invalid JSON.")
missing_access = partial(ApiError, 403, 50001, "Missing Access")
missing_permissions = partial(ApiError, 403, 50013, "Missing Permissions")
not_the_author = partial(ApiError, 403, 50005, "Cannot edit a message authored by another user")
empty_message = partial(ApiError, 400, 50006, "Cannot send an empty message")
cannot_dm = partial(ApiError, 403, 50007, "Cannot send messages to this user")
invalid_webhook_token = partial(ApiError, 401, 50027, "Invalid Webhook Token")
already_acknowledged = partial(ApiError, 400, 40060, "Interaction has already been acknowledged.")
too_large = partial(ApiError, 413, 40005, "Request entity too large")
thread_archived = partial(ApiError, 400, 50083, "Thread is archived")
thread_locked = partial(ApiError, 403, 160005, "Thread is locked")
reply_needs_history = partial(
    ApiError, 400, 160002, "Cannot reply without permission to read message history"
)
blocked_by_automod = partial(ApiError, 400, 200000, "Message was blocked by automatic moderation")
too_many_follow_ups = partial(
    ApiError, 400, 40094, "Interaction followup limit exceeded for user-installed application"
)

_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Emoji": 10014,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


def unknown(what: str) -> ApiError:
    """Nothing of this id; `what` is one of the kinds in the table above."""
    return ApiError(404, _UNKNOWN[what], f"Unknown {what}")


def slow_mode(retry_after: float) -> ApiError:
    """Message too soon: `retry_after` seconds have to pass first."""
    return ApiError(
        429,
        20016,
        "This action cannot be performed due to slowmode rate limit",
        extra={"retry_after": retry_after, "global": False},
    )


def rate_limited(retry_after: float) -> ApiError:
    """Bucket that is empty for `retry_after` more seconds."""
    extra = {"retry_after": retry_after, "global": False}
    return ApiError(429, 0, "You are being rate limited.", extra=extra)


class ValidationErrors:
    """What is wrong with a body, field by field; becomes Discord's tree under 50035."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    def add(self, path: str, code: str, message: str) -> None:
        """Complain about the field at `path`, dotted ("embeds.0.title")."""
        node = self._tree
        for part in path.split("."):
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def longer_than(self, limit: int, path: str, value: object) -> None:
        """Complain if the text `value` has more than `limit` characters."""
        if isinstance(value, str) and len(value) > limit:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def more_than(self, limit: int, path: str, value: object) -> None:
        """Complain if the list `value` has more than `limit` items."""
        if isinstance(value, list) and len(value) > limit:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")

    def close(self) -> None:
        """Raise what has been complained about.

        Raises:
            ApiError: There was at least one complaint.
        """
        if self._tree:
            raise self.error()

    def error(self) -> ApiError:
        """Return all complaints as one answer."""
        return ApiError(400, 50035, "Invalid Form Body", extra={"errors": self._tree})


def invalid(path: str, code: str, message: str) -> ApiError:
    """One field of the body is wrong."""
    complaints = ValidationErrors()
    complaints.add(path, code, message)
    return complaints.error()
