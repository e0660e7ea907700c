"""Discord's error answers: an HTTP status, a JSON error code and a message.

Routes raise `ApiError`; the server's middleware turns it into the answer. The codes and their
wording are those of Discord's documentation, so that a client can't tell the difference.
"""

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


def unauthorized() -> ApiError:
    """No token, or one that nobody has."""
    return ApiError(401, 0, "401: Unauthorized")


def bad_request() -> ApiError:
    """Body that is no JSON, or not of the form that it claims to have."""
    return ApiError(400, 50109, "The request body contains invalid JSON.")


_UNKNOWN = {
    "application": 10002,
    "channel": 10003,
    "guild": 10004,
    "member": 10007,
    "message": 10008,
    "emoji": 10014,
    "webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


def unknown(what: str) -> ApiError:
    """Nothing of this id; `what` is one of the kinds in the table above."""
    return ApiError(404, _UNKNOWN[what], f"Unknown {what}")


def missing_access() -> ApiError:
    """Channel or guild that the caller can't see."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """Place that the caller sees but may not do this in."""
    return ApiError(403, 50013, "Missing Permissions")


def not_the_author() -> ApiError:
    """Only its author edits a message."""
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    """Neither text, embed, file, sticker nor component."""
    return ApiError(400, 50006, "Cannot send an empty message")


def cannot_dm() -> ApiError:
    """Person who takes no direct messages from this user."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def invalid_webhook_token() -> ApiError:
    """Token of an interaction that is unknown or past its life."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def already_acknowledged() -> ApiError:
    """Interaction that has had its first answer."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def too_large() -> ApiError:
    """File over the upload limit."""
    return ApiError(413, 40005, "Request entity too large")


def thread_archived() -> ApiError:
    """Thread that is archived, where this would not bring it back."""
    return ApiError(400, 50083, "Thread is archived")


def thread_locked() -> ApiError:
    """Thread that is locked, for a caller who does not manage threads."""
    return ApiError(403, 160005, "Thread is locked")


def reply_needs_history() -> ApiError:
    """Reply without Read Message History."""
    return ApiError(400, 160002, "Cannot reply without permission to read message history")


def blocked_by_automod() -> ApiError:
    """Text with one of the guild's blocked words."""
    return ApiError(400, 200000, "Message was blocked by automatic moderation")


def too_many_follow_ups() -> ApiError:
    """Sixth follow-up of an app that only the user has installed."""
    return ApiError(
        400, 40094, "Interaction followup limit exceeded for user-installed application"
    )


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


class Complaints:
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
            raise ApiError(400, 50035, "Invalid Form Body", extra={"errors": self._tree})


def invalid(path: str, code: str, message: str) -> ApiError:
    """One field of the body is wrong."""
    complaints = Complaints()
    complaints.add(path, code, message)
    try:
        complaints.close()
    except ApiError as error:
        return error
    raise AssertionError("a complaint always closes with an error")
