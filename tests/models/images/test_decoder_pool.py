"""Decoders are processes of their own: a bad file takes one along, and nothing else."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from PIL import Image

from models.images.decode import DecodeError
from models.images.decoder_pool import SLOW, DecoderPool, Lane, in_lane
from models.images.perform import Perform, Slow, perform
from models.images.pixel_jobs import (
    Crop,
    Exactly,
    Look,
    Looked,
    Overlay,
    Paint,
    Painted,
    PixelAnswer,
    PixelJob,
    Pixels,
    Sample,
    Sampled,
)
from models.jobs.answers import Failure
from tests.fuzz import bombs
from tests.models.pictures import animation, encoded, every_kind, scene

VIEW = Crop(resize=256, crop=224, resample=Image.Resampling.BILINEAR)
QUICK = Lane(decoders=2, memory_mib=400, seconds=30, pixels=1_000_000)


@pytest.fixture(scope="module")
def pool() -> Iterator[DecoderPool]:
    """Return decoders that tests share: plenty of time, little memory, few pixels."""
    slow = Lane(decoders=1, memory_mib=700, seconds=3, pixels=64_000_000)
    pool = DecoderPool(QUICK, Lane(1, 400, 30, 1_000_000), slow)
    yield pool
    pool.close()


def look(picture: bytes) -> Look:
    """Return the job that a classifier has."""
    return Look(picture=picture, views=(VIEW,))


def outcome(do: Perform, job: PixelJob) -> PixelAnswer | Failure:
    """Return what becomes of `job`, a refusal too."""
    try:
        return do(job)
    except DecodeError as error:
        return error.failure


def decoders() -> set[int]:
    """Return the numbers of all decoders' processes."""
    return {child.pid for child in psutil.Process().children()}


def test_pixels_are_those_of_this_process(pool: DecoderPool) -> None:
    """To the bit, for every kind of file and of job; what is refused is refused alike."""
    for picture in every_kind():
        for job in (look(picture), Sample(picture=picture, most=3, view=VIEW, short=32)):
            assert outcome(pool, job) == outcome(perform, job)


def test_answers_are_written_there_too(pool: DecoderPool) -> None:
    """A layer over each frame of an animation."""
    picture = animation("GIF", 3)
    blue = Overlay(color=Pixels.of(Image.new("RGB", (8, 8), "blue")), matte=None)
    job = Paint(picture=picture, layers=(blue,) * 3, max_bytes=10_000)
    painted = pool(job)
    assert isinstance(painted, Painted)
    assert painted == perform(job)
    assert painted.image.extension == "gif"


def test_a_large_picture_is_for_the_slow_lane(pool: DecoderPool) -> None:
    """It is told by its header, at once, and the decoder goes on."""
    before, picture = decoders(), encoded(Image.new("L", (1001, 1000)))
    with pytest.raises(Slow):
        pool(look(picture))
    assert decoders() == before
    with in_lane(SLOW):
        seen = pool(look(picture))
    assert isinstance(seen, Looked)
    assert (seen.width, seen.height) == (1001, 1000)


def test_what_unpacks_to_more_than_there_is_is_refused(pool: DecoderPool) -> None:
    """By a sentence, and the next file is answered."""
    wall = Look(
        picture=encoded(scene()),
        views=(Exactly(width=40_000, height=40_000, resample=Image.Resampling.BILINEAR),),
    )
    with pytest.raises(Slow):
        pool(wall)
    with in_lane(SLOW), pytest.raises(DecodeError, match="more than I can hold"):
        pool(wall)
    assert isinstance(pool(look(encoded(scene()))), Looked)


def test_a_file_that_takes_too_long_ends_its_decoder() -> None:
    """In either lane; the time is the processor's, so a busy machine ends nobody sooner."""
    lane = Lane(decoders=1, memory_mib=700, seconds=0.6, pixels=64_000_000)
    pool = DecoderPool(lane, lane, lane)
    slow = look(bombs.many_scans(60))
    try:
        (first,) = decoders_of(pool)
        with pytest.raises(Slow):
            pool(slow)
        with in_lane(SLOW), pytest.raises(DecodeError, match="too long to read"):
            pool(slow)
        assert isinstance(pool(look(encoded(scene()))), Looked)
        assert not psutil.pid_exists(first)
    finally:
        pool.close()


def decoders_of(pool: DecoderPool) -> list[int]:
    """Return the numbers of the processes of a pool's quick lane."""
    return [decoder._process.pid for decoder in pool._quick._all]


def test_a_decoder_that_is_killed_is_replaced(pool: DecoderPool) -> None:
    """As the system does when memory is short, also where it had nothing to do."""
    for pid in decoders_of(pool):
        killed = psutil.Process(pid)
        killed.kill()
        killed.wait()
    results = [pool(look(encoded(scene()))) for _ in range(3)]
    assert all(isinstance(result, Looked) for result in results)


def test_many_threads_get_their_own_pictures() -> None:
    """More of them than decoders."""
    pool = DecoderPool(QUICK)
    try:
        pictures = [encoded(scene((20 + number, 30))) for number in range(30)]
        with ThreadPoolExecutor(8) as threads:
            seen = list(threads.map(lambda picture: pool(look(picture)), pictures))
        assert [one.width for one in seen if isinstance(one, Looked)] == list(range(20, 50))
    finally:
        pool.close()


def test_closing_ends_them_in_the_middle_of_a_file() -> None:
    """Nobody waits for it any more."""
    pool = DecoderPool(QUICK, slow=Lane(1, 1024, 60, 64_000_000))
    picture = bombs.many_scans(60)

    def ask() -> None:
        with in_lane(SLOW), pytest.raises(DecodeError):
            pool(look(picture))

    thread = threading.Thread(target=ask)
    thread.start()
    while not pool._slow._all:
        time.sleep(0.01)
    pool.close()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.skipif(os.name != "posix", reason="Only POSIX bounds a process's address space.")
def test_frames_of_one_size_are_sampled_within_bounds(pool: DecoderPool) -> None:
    """Of many frames as many as a generator takes at once."""
    sampled = pool(Sample(picture=animation("PNG", 9), most=4, view=VIEW, short=16))
    assert isinstance(sampled, Sampled)
    assert sampled.moves
    assert (len(sampled.frames), sampled.frames_in_all) == (4, 9)
