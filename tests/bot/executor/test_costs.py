"""What a job costs: guessed from its fields, corrected by what was measured."""

import io

import pytest
from PIL import Image

from bot.executor.costs import FIRST_GUESS, MOST_FRAMES, Costs, frames, units
from models.jobs.requests import Caption, Classify, Cycle, Explain, Job, Shake, Translate

GIF_MARK = b"\x00\x21\xf9\x04"
"""What stands before each frame of a GIF."""


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


def test_of_a_long_animation_only_the_beginning_is_counted() -> None:
    """The rest is taken to be alike, up to the most that are translated; it is no still picture."""
    short = film("GIF", 10)
    assert 27 <= frames(short + bytes(3 * 2**20 - len(short)) + GIF_MARK * 9) <= 33
    assert frames(short * 10) == MOST_FRAMES
    assert frames(b"GIF89a" + bytes(99)) == 1


def test_other_jobs_cost_what_they_take() -> None:
    """Several looks at a picture, more beams of a caption, a larger way there and back."""
    jobs: list[Job] = [
        Classify(picture=b""),
        Explain(picture=b""),
        Shake(picture=b""),
        Cycle(picture=b"", max_bytes=1),
    ]
    costs = [units(job) for job in jobs]
    assert costs == sorted(set(costs))
    assert units(Cycle(picture=b"", max_bytes=1, size=512)) == 4 * costs[-1]
    few, usual, many = (units(Caption(picture=b"", beams=beams)) for beams in (1, None, 9))
    assert costs[0] < few < usual < many


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
    dear = Caption(picture=b"")
    assert costs.seconds("fast", dear) == units(dear) * costs.seconds("fast", job)
    costs.observe("fast", [job], 30.0)
    assert costs.seconds("fast", job) < 0.03
