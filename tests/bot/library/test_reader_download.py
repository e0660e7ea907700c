"""A reader of other letters comes from a server on this machine, and then reads."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from bot.library.downloads.downloader import Downloader
from bot.library.downloads.folder import WeightsFolder
from models.jobs.answers import ReadText
from models.jobs.base import say
from models.jobs.requests import Read
from models.reading.networks import lacking
from models.reading.records import DEFAULT, KOREAN, readers
from models.runtime.cache import NetworkCache
from models.tasks.base import TaskTable
from models.tasks.read import Readers, ReadTask
from models.weights.checkpoint import Sha256
from models.weights.store import WeightsStore
from tests.bot.library.conftest import ignore
from tests.bot.library.publisher import Publisher
from tests.models.pictures import encoded

pytestmark = pytest.mark.skipif(lacking() is not None, reason="no picture can be read here")


def other_letters() -> bytes:
    """Return a recognizer of the published form that takes a 1 for a 3."""
    packaged = WeightsStore().genuine(readers()[DEFAULT].checkpoint).path.read_bytes()
    assert packaged.count(b"\n1\n2\n3\n") == 1
    return packaged.replace(b"\n1\n2\n3\n", b"\n3\n2\n1\n")


def number() -> bytes:
    """Return a picture with a number in it."""
    image = Image.new("RGB", (400, 120), "white")
    ImageDraw.Draw(image).text((30, 30), "Room 1221", "black", ImageFont.load_default(40))
    return encoded(image)


def read(task: TaskTable, model: str | None) -> ReadText:
    """Return what `model` reads of the number."""
    (answer,) = task.answer(Read(picture=number(), model=model))
    assert isinstance(answer, ReadText)
    return answer


async def test_a_fetched_recognizer_spells_with_its_own_letters(
    publisher: Publisher, downloader: Downloader, store: WeightsFolder, tmp_path: Path
) -> None:
    """By name; before, the default stands in and says so."""
    content = other_letters()
    publisher.files[KOREAN.file] = content
    published = replace(
        KOREAN,
        source=f"{publisher.url}/{KOREAN.file}",
        proof=Sha256(hashlib.sha256(content).hexdigest()),
    )
    networks = NetworkCache(WeightsStore(store.folder), "cpu")
    known = Readers(readers(published), networks)
    task = TaskTable({Read: ReadTask(known)})
    before = read(task, "read-korean")
    assert before.lines[0].text == "Room 1221"
    assert before.substitution == say(
        "{model} isn't installed here, so {other} answered.", model="read-korean", other=DEFAULT
    )
    (card,) = [one for one in known.cards() if not one.ready]
    for file in card.files:
        if file.url:
            await downloader.fetch(file, ignore)
    after = read(task, "read-korean")
    assert (after.lines[0].text, after.substitution) == ("Room 3223", None)
    assert read(task, None).lines[0].text == "Room 1221"
