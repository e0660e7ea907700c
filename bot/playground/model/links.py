"""Addresses of files: signed links that run out for attachments, plain ones for the rest.

Signs and checks; serves nothing.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping

from bot.playground.model.records import Attachment


class Links:
    """Makes the CDN's addresses below `origin` ("http://127.0.0.1:P", known once it listens).

    A signed link carries when it was issued (`is`), when it runs out (`ex`) and a signature
    (`hm`); `lifetime` is in seconds.
    """

    def __init__(self) -> None:
        self.origin = ""
        self.lifetime = 24 * 3600.0
        self._key = secrets.token_bytes(32)

    def expire(self) -> None:
        """Make every link given out so far one that has run out."""
        self._key = secrets.token_bytes(32)

    def attachment(self, file: Attachment) -> str:
        """Return a fresh link to `file`."""
        return f"{self.origin}{self._signed(file)}"

    def proxied(self, file: Attachment) -> str:
        """Return a fresh link to `file` by way of the media proxy."""
        return f"{self.origin}/media{self._signed(file)}"

    def _signed(self, file: Attachment) -> str:
        kind = "ephemeral-attachments" if file.ephemeral else "attachments"
        path = f"/{kind}/{file.channel_id}/{file.id}/{file.filename}"
        issued = time.time()
        until = f"{int((issued + self.lifetime) * 1000):x}"
        since = f"{int(issued * 1000):x}"
        return f"{path}?ex={until}&is={since}&hm={self._signature(path, until, since)}&"

    def _signature(self, path: str, until: str, since: str) -> str:
        text = _bytes(f"{path} {until} {since}")
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    def is_valid(self, path: str, query: Mapping[str, str]) -> bool:
        """Whether `query` signs `path` (without the proxy's prefix) and has not run out."""
        until, since = query.get("ex", ""), query.get("is", "")
        expected = self._signature(path, until, since)
        if not hmac.compare_digest(_bytes(expected), _bytes(query.get("hm", ""))):
            return False
        try:
            return int(until, 16) > time.time() * 1000
        except ValueError:
            return False


def _bytes(text: str) -> bytes:
    """Return `text` as bytes, whatever stands in it: people may ask for any address."""
    return text.encode(errors="backslashreplace")
