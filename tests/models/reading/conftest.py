"""A reader with the networks of the installed package."""

import pytest
from PIL import Image

from models.reading.networks import OnnxNetwork, lacking
from models.reading.reader import Page, Reader
from models.reading.recognize import Recognizer
from models.reading.records import DEFAULT, readers
from models.tasks.read import pixels
from models.weights.store import WeightsStore


@pytest.fixture(scope="session")
def reader() -> Reader:
    """Return the default reader, on two threads."""
    if (reason := lacking()) is not None:
        pytest.skip(f"no picture can be read here: {reason}")
    record, shelf = readers()[DEFAULT], WeightsStore()
    detector = OnnxNetwork.load(shelf.genuine(record.detector).path, 2)
    return Reader(detector, [Recognizer.load(shelf.genuine(record.checkpoint).path, 2)])


def read(reader: Reader, image: Image.Image) -> Page:
    """Return what `reader` reads of `image`."""
    (page,) = reader.read([pixels(image.convert("RGB"))])
    return page
