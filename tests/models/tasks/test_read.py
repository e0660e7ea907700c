"""The task of reading: one answer for each picture, whoever else asks."""

import pytest
from PIL import Image, ImageDraw, ImageFont

from models.jobs.answers import Located, ReadText
from models.jobs.requests import Locate, Read
from models.reading.networks import lacking
from models.reading.records import readers
from models.runtime.cache import NetworkCache
from models.tasks.base import TaskTable
from models.tasks.read import LocateTask, Prepared, Readers, ReadTask
from models.weights.store import WeightsStore
from tests.models.pictures import encoded

pytestmark = pytest.mark.skipif(lacking() is not None, reason="no picture can be read here")


@pytest.fixture(scope="module")
def tasks() -> TaskTable:
    """Return both tasks."""
    known = Readers(readers(), NetworkCache(WeightsStore(), "cpu"))
    return TaskTable({Read: ReadTask(known), Locate: LocateTask(known)})


def sign(text: str, width: int = 400) -> bytes:
    """Return a picture with `text` in it."""
    image = Image.new("RGB", (width, width // 3), "white")
    draw = ImageDraw.Draw(image)
    draw.text((width / 12, width / 12), text, "black", ImageFont.load_default(width / 10))
    return encoded(image)


def test_each_has_its_own_words(tasks: TaskTable) -> None:
    """Those who ask about the same picture, too."""
    signs = ("One way", "No entry", "One way")
    answers = tasks.answer(*(Read(picture=sign(text)) for text in signs))
    assert [answer.lines[0].text for answer in answers if isinstance(answer, ReadText)] == [*signs]


def test_corners_are_in_the_pictures_own_pixels(tasks: TaskTable) -> None:
    """Of one that a reader sees smaller, too."""
    (answer,) = tasks.answer(Read(picture=sign("Wide", 3000)))
    assert isinstance(answer, ReadText)
    (line,) = answer.lines
    assert 2 * 150 < line.corners[2] < 1500
    assert (answer.width, answer.height) == (3000, 1000)


def test_large_pictures_are_read_alone(tasks: TaskTable) -> None:
    """Small ones together."""

    def together(width: int) -> object:
        prepared = tasks.prepare(Read(picture=sign("A", width)))
        assert not hasattr(prepared, "code")
        item = prepared.item
        assert isinstance(item, Prepared)
        return prepared.task.together(item)

    assert together(400) == "read"
    assert together(3000) is None


def test_boxes_are_drawn(tasks: TaskTable) -> None:
    """In a picture as large as is good to look at, with the words."""
    (answer,) = tasks.answer(Locate(picture=sign("Wide", 3000)))
    assert isinstance(answer, Located)
    assert answer.text.lines[0].text == "Wide"
    assert (answer.image.width, answer.image.extension) == (1600, "jpg")
