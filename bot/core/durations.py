"""Estimates of time, in words that are no more precise than the estimate."""

from bot.core.i18n import tr


def duration(seconds: float) -> str:
    """Return an estimate such as "3 s", "25 s" or "4 min"."""
    if seconds < 10:
        return tr("{seconds} s", seconds=max(1, round(seconds)))
    if seconds < 90:
        return tr("{seconds} s", seconds=5 * round(seconds / 5))
    return tr("{minutes} min", minutes=round(seconds / 60))
