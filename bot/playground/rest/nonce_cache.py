"""The nonces of the last minutes: which message was posted under which.

Lets a client whose answer got lost ask again without posting twice. Posts nothing.
"""

import time

from bot.playground.model.records import Message, Person

REMEMBERED_SECONDS = 300.0

Nonce = int | str | None


class Nonces:
    """Remembers an author's messages by their nonce; the number 7 and the text "7" are the same."""

    def __init__(self) -> None:
        self._posted: dict[tuple[int, str], tuple[float, Message]] = {}

    def remember(self, message: Message) -> None:
        """Keep `message` under its nonce, if it has one, and let go of what is too old."""
        present = time.monotonic()
        if message.nonce is not None:
            key = message.author.id, str(message.nonce)
            self._posted.pop(key, None)  # so that the dictionary's order stays the order of time
            self._posted[key] = present, message
        for key, (posted, _) in list(self._posted.items()):
            if posted >= present - REMEMBERED_SECONDS:
                break
            del self._posted[key]

    def recall(self, author: Person, nonce: Nonce) -> Message | None:
        """Return what `author` last posted under `nonce` in the last `REMEMBERED_SECONDS`.

        What has been deleted since is returned all the same: it was posted. None has no message.
        """
        posted, message = self._posted.get((author.id, str(nonce)), (float("-inf"), None))
        return message if posted >= time.monotonic() - REMEMBERED_SECONDS else None
