"""What a job costs: guessed from its fields, corrected by what was measured."""

import io

import pytest
from PIL import Image

from bot.executor.costs import FIRST_GUESS, Costs, frames, units
from models.jobs import Caption, Classify, Cycle, Job, Translate


def film(container: str, count: int) -> bytes:
    """Return an animation of `count` different frames."""
    pictures = [Image.new("RGB", (16, 16), (9 * n, 200 - 9 * n, 50)) for n in range(count)]
    file = io.BytesIO()
    pictures[0].save(file, container, save_all=True, append_images=pictures[1:])
    return file.getvalue()


@pytest.mark.parametrize("container", ["GIF", "PNG", "WEBP"])
def test_frames_are_counted_without_decoding(container: str) -> None:
    """Seven frames are seven, give or take one; a still picture is one."""
    assert abs(frames(film(container, 7)) - 7) <= 1
    assert frames(film(container, 1)) == 1


def test_dear_jobs_cost_more() -> None:
    """A zebra of 1024 pixels, an animation, a way there and back are no classification."""
    zebra = Translate(picture=b"", max_bytes=1)
    large = Translate(picture=b"", max_bytes=1, size=1024)
    moving = Translate(picture=film("GIF", 20), max_bytes=1)
    jobs: list[Job] = [Classify(picture=b""), Caption(picture=b""), zebra]
    jobs += [Cycle(picture=b"", max_bytes=1), large]
    costs = [units(job) for job in jobs]
    assert costs == sorted(costs)
    assert costs[0] == 1
    assert units(large) == 16 * units(zebra)
    assert units(moving) > 15 * units(zebra)


def test_measuring_corrects_the_guess_for_that_model_alone() -> None:
    """The mean nears what is measured; one slow batch that loads a network does not rule it."""
    costs, job = Costs(), Classify(picture=b"")
    for _ in range(20):
        costs.observe("fast", [job] * 8, 0.08)
    assert costs.seconds("fast", job) == pytest.approx(0.01, rel=0.1)
    assert costs.seconds("other", job) == FIRST_GUESS
    costs.observe("fast", [job], 30.0)
    assert costs.seconds("fast", job) < 0.03
