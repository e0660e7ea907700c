"""Rate limits: one bucket per caller, route and place, with Discord's headers.

Generous, so that only a client that really floods feels it.
"""

import hashlib
import time
from dataclasses import dataclass, field

_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")


@dataclass(slots=True)
class _Bucket:
    left: int
    ends: float


@dataclass(slots=True)
class Rates:
    """`limit` requests per `window` seconds to one route at one place."""

    limit: int = 50
    window: float = 1.0
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def spend(
        self, who: str, method: str, route: str, path: dict[str, str]
    ) -> tuple[dict[str, str], float | None]:
        """Count one request.

        Returns the headers that tell what is left, and the seconds to wait if nothing was.
        """
        present = time.time()
        key = (who, method, route, *(path.get(name, "") for name in _MAJOR))
        bucket = self._buckets.get(key)
        if bucket is None or bucket.ends <= present:
            self._tidy(present)
            bucket = self._buckets[key] = _Bucket(self.limit, present + self.window)
        wait = round(bucket.ends - present, 3)
        empty = bucket.left == 0
        bucket.left -= 0 if empty else 1
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(bucket.left),
            "X-RateLimit-Reset": f"{bucket.ends:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32],
        }
        return headers, wait if empty else None

    def _tidy(self, present: float) -> None:
        if len(self._buckets) > 1000:
            self._buckets = {k: b for k, b in self._buckets.items() if b.ends > present}
