"""How far a download is, in words: bytes, a bar, speed and what is left."""

import pytest

from bot.library.downloads.progress import Progress, duration, size, words


def test_sizes_are_as_people_read_them() -> None:
    """Three digits at most, and the next unit from where they would be four."""
    read = {
        0: "0 bytes",
        999: "999 bytes",
        1000: "1 kB",
        999_400: "999 kB",
        999_500: "1 MB",
        233_000_000: "233 MB",
        999_600_000: "1.0 GB",
        2_560_000_000: "2.6 GB",
    }
    assert {number: size(number) for number in read} == read


def test_times_are_as_people_read_them() -> None:
    """Never nothing; minutes from a minute and a half on, hours from an hour and a half on."""
    read = {0.1: "1 s", 40.4: "40 s", 89: "89 s", 90: "2 min", 5399: "90 min", 5400: "2 h"}
    assert {seconds: duration(seconds) for seconds in read} == read


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (Progress("n", 0, 160, None), "`░░░░░░░░░░░░░░░░` 0 bytes of 160 bytes"),
        (
            Progress("n", 40, 160, 2.0),
            "`████░░░░░░░░░░░░` 40 bytes of 160 bytes · 2 bytes/s · 60 s left",
        ),
        (Progress("n", 320, 160, None), "`████████████████` 320 bytes of 160 bytes"),
        (Progress("n", 0, 0, None), "`░░░░░░░░░░░░░░░░` 0 bytes of 0 bytes"),
        (Progress("n", 40, None, 2000.0), "40 bytes · 2 kB/s"),
        (Progress("n", 40, 160, 0.0), "`████░░░░░░░░░░░░` 40 bytes of 160 bytes"),
    ],
    ids=["begun", "on its way", "too much", "empty", "without end", "standing still"],
)
def test_progress_is_one_line(progress: Progress, said: str) -> None:
    """What isn't known is left out."""
    assert words(progress) == said
