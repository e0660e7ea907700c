"""How far a download is: bytes, speed and the time that is left, in numbers and in words."""

from dataclasses import dataclass

from bot.core.i18n import tr

BAR_CELLS = 16


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the file `name` is.

    `done` of `total` bytes are here, `total` None where the server does not tell. `speed` is in
    bytes a second since this download began, None until that means anything.
    """

    name: str
    done: int
    total: int | None
    speed: float | None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this speed, None where nobody can tell."""
        if self.total is None or not self.speed:
            return None
        return (self.total - self.done) / self.speed


def size(number: float) -> str:
    """Return a number of bytes as people read it: `233 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if number < 999.5:
            return f"{number:.0f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def duration(seconds: float) -> str:
    """Return a time as people read it: `40 s`, `3 min`, `2 h`."""
    if seconds < 90:
        return tr("{seconds} s", seconds=max(1, round(seconds)))
    if seconds < 5400:
        return tr("{minutes} min", minutes=round(seconds / 60))
    return tr("{hours} h", hours=round(seconds / 3600))


def words(progress: Progress) -> str:
    """Return `progress` on one line, with a bar where the end is known."""
    if progress.total is None:
        parts = [size(progress.done)]
    else:
        full = round(min(progress.done / max(progress.total, 1), 1) * BAR_CELLS)
        bar = f"`{'█' * full}{'░' * (BAR_CELLS - full)}`"
        done, total = size(progress.done), size(progress.total)
        far = tr("{done} of {total}", done=done, total=total)
        parts = [f"{bar} {far}"]
    if progress.speed:
        parts.append(tr("{size}/s", size=size(progress.speed)))
    if (left := progress.seconds_left) is not None:
        parts.append(tr("{duration} left", duration=duration(left)))
    return " · ".join(parts)
