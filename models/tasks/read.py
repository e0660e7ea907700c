"""The tasks of reading the words in a picture, and of showing where they are.

Owns which recognizers are asked: the one that was named first, then all others that are here. Small
pictures of several people are read together, so that their lines share batches. What is read, and
its bounds, is `models.reading.reader`'s.
"""

import hashlib
import io
import logging
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace
from PIL import Image, ImageDraw, ImageFont

from models.catalog.selection import Choice, Selection
from models.images.perform import Perform, perform
from models.images.pixel_jobs import AtMost, Look, Looked, Within
from models.jobs import answers
from models.jobs.answers import Located, ReadText, TextLine
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Locate, Read
from models.reading.detect import MOST_PIXELS
from models.reading.networks import OnnxNetwork, Picture, lacking
from models.reading.reader import Page, Reader
from models.reading.recognize import Recognizer
from models.reading.records import DEFAULT, Reading, Readings
from models.runtime.cache import NetworkCache
from models.runtime.compiled import threads
from models.runtime.device import device_name
from models.tasks.base import Alone, running
from models.weights.store import WeightsError

_log = logging.getLogger(__name__)

VIEW = Within(most=MOST_PIXELS, least=16)
"""What a reader sees of a picture."""

PAGE = AtMost(longest=960)
"""What a captioner's reader sees of a picture."""
COVERED = 0.02
"""Words that cover a smaller share of the picture are no part of its caption."""

TOGETHER_PIXELS = 1024 * 1024
"""Pictures of more are read alone: they may hold thousands of words, which others needn't await."""

DRAWN = 1600
"""Pixels of the long side of a picture that shows where its words are."""
INK = "#ff2d55"


@dataclass(frozen=True)
class Prepared:
    """A decoded picture as a reader sees it; `width` and `height` are the file's."""

    choice: Choice[Reading]
    picture: Picture
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...] = ()


class Readers:
    """The readers of `records` whose files are here, with their networks."""

    def __init__(self, records: Readings, networks: NetworkCache) -> None:
        self._records = records
        self._networks = networks
        self._selection = Selection(records, networks.shelf, DEFAULT)

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every reader; none is ready where none can run."""
        cards = self._selection.cards()
        if lacking() is None:
            return cards
        return tuple(replace(card, ready=False, location=None) for card in cards)

    def choose(self, name: str | None) -> Choice[Reading]:
        """Return the reader called `name`, or the substitute for it.

        Raises:
            JobError: There is neither, or nothing here can run them.
        """
        if lacking() is not None:
            sentence = say(
                "I can't read words on this machine. The bot owner can run `bobby doctor`."
            )
            raise JobError("no_weights", sentence)
        return self._selection.choose(name)

    def reader(self, first: Reading) -> Reader:
        """Return the reader that asks `first` first, loaded now if it isn't kept.

        Raises:
            WeightsError: A file is not here, or not what was published.
            RuntimeError: OpenVINO can't read one.
        """
        others = [
            record
            for record in self._records.values()
            if record is not first and self._selection.is_here(record)
        ]
        recognizers = [self._recognizer(record) for record in (first, *others)]
        return Reader(self.detector(first), recognizers)

    def detector(self, record: Reading) -> OnnxNetwork:
        """Return what finds the lines for `record`."""
        path = self._networks.shelf.genuine(record.detector).path
        return self._networks.get(record.detector.file, lambda: OnnxNetwork.load(path, threads()))

    def _recognizer(self, record: Reading) -> Recognizer:
        path = self._networks.shelf.genuine(record.checkpoint).path
        return self._networks.get(record.checkpoint.file, lambda: Recognizer.load(path, threads()))

    @property
    def is_here(self) -> bool:
        """Tell whether the default reader can be asked; safe on any thread."""
        return lacking() is None and self._selection.is_here(self._records[DEFAULT])

    def glimpse(self, page: Picture, size: tuple[int, int]) -> tuple[TextLine, ...]:
        """Return the lines in `page`, of a picture of that `size`, if words cover much of it.

        Nothing is told of what goes wrong here: the answer is about something else.
        """
        try:
            reader = self.reader(self._records[DEFAULT])
            if reader.covered(page) < COVERED:
                return ()
            (read,) = reader.read([page])
        except (WeightsError, RuntimeError):
            _log.exception("The words in a picture couldn't be read")
            return ()
        return _lines(read, page, size)

    def prepare(self, data: bytes, model: str | None, do: Perform) -> Prepared:
        """Return the picture in `data` as the reader called `model` sees it.

        Raises:
            JobError: There is no reader, or the file is no usable picture.
        """
        choice = self.choose(model)
        looked = do(Look(picture=data, views=(VIEW,)))
        assert isinstance(looked, Looked)
        return Prepared(
            choice=choice,
            picture=pixels(looked.images[0].image()),
            width=looked.width,
            height=looked.height,
            frames=looked.frames,
            notes=looked.notes,
        )

    def read(self, batch: Sequence[Prepared]) -> list[ReadText]:
        """Return what is written in each of `batch`, all for one reader."""
        record = batch[0].choice.record
        with running(record.name):
            reader = self.reader(record)
            begun = time.perf_counter()
            # People who ask about the same picture at once have it read once.
            distinct = {_key(item.picture): item.picture for item in batch}
            pages = dict(zip(distinct, reader.read(list(distinct.values())), strict=True))
        milliseconds = (time.perf_counter() - begun) * 1000
        return [_text(item, pages[_key(item.picture)], milliseconds) for item in batch]


class ReadTask:
    """Answers `Read`."""

    makes_room = True

    def __init__(self, readers: Readers, do: Perform = perform) -> None:
        self._readers = readers
        self._do = do

    def prepare(self, job: Read) -> Prepared:
        """See `Task`."""
        return self._readers.prepare(job.picture, job.model, self._do)

    def together(self, item: Prepared) -> Hashable:
        """Return the reader; None for a large picture."""
        height, width = item.picture.shape[:2]
        return item.choice.record.name if width * height <= TOGETHER_PIXELS else None

    def run(self, batch: Sequence[Prepared]) -> list[ReadText]:
        """See `Task`."""
        return self._readers.read(batch)


class LocateTask(Alone[Prepared, Callable[[], Located]]):
    """Answers `Locate`."""

    makes_room = True

    def __init__(self, readers: Readers, do: Perform = perform) -> None:
        self._readers = readers
        self._do = do

    def prepare(self, job: Locate) -> Prepared:
        """See `Task`."""
        return self._readers.prepare(job.picture, job.model, self._do)

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return item.choice.record.name

    def answer(self, item: Prepared) -> Callable[[], Located]:
        """See `Alone`; the boxes are drawn once the networks are done."""
        (text,) = self._readers.read([item])

        def present() -> Located:
            return Located(
                image=drawn(item, text),
                text=text,
                model=text.model,
                weights=text.weights,
                device=text.device,
                milliseconds=text.milliseconds,
                substitution=text.substitution,
                notes=text.notes,
            )

        return present


def pixels(image: Image.Image) -> Picture:
    """Return the RGB picture `image` as a reader's networks were trained to see it."""
    return np.ascontiguousarray(np.asarray(image)[:, :, ::-1])


def _key(picture: Picture) -> tuple[int, int, bytes]:
    """Return what tells `picture` from any other."""
    height, width = picture.shape[:2]
    return height, width, hashlib.sha256(picture.tobytes()).digest()


def _lines(page: Page, picture: Picture, size: tuple[int, int]) -> tuple[TextLine, ...]:
    """Return the lines of `page`, read in `picture`, where they are at the file's own `size`."""
    height, width = picture.shape[:2]
    scale = np.array([size[0] / width, size[1] / height])
    return tuple(
        TextLine(
            text=line.text,
            score=line.score,
            corners=tuple(map(int, (line.corners * scale).round().ravel())),
            paragraph=line.paragraph,
            wrapped=line.wrapped,
            unsure=line.unsure,
        )
        for line in page.lines
    )


def _text(item: Prepared, page: Page, milliseconds: float) -> ReadText:
    record = item.choice.record
    return ReadText(
        lines=_lines(page, item.picture, (item.width, item.height)),
        illegible=page.illegible,
        unread=page.unread,
        width=item.width,
        height=item.height,
        frames=item.frames,
        model=record.name,
        weights=record.checkpoint.name,
        device=device_name("cpu", "openvino"),
        milliseconds=milliseconds,
        substitution=item.choice.substitution,
        notes=item.notes,
    )


def drawn(item: Prepared, text: ReadText) -> answers.Image:
    """Return the picture of `item` with a numbered box around each line of `text`."""
    image = Image.fromarray(np.ascontiguousarray(item.picture[:, :, ::-1]))
    image.thumbnail((DRAWN, DRAWN))
    draw = ImageDraw.Draw(image)
    size = max(16, round(max(image.size) / 28))
    font = ImageFont.load_default(size)
    to_image = (image.width / item.width, image.height / item.height)
    for number, line in enumerate(text.lines, start=1):
        corners = [(x * to_image[0], y * to_image[1]) for x, y in _pairs(line.corners)]
        draw.line([*corners, corners[0]], INK, max(3, size // 7), joint="curve")
        _tag(draw, corners[0], str(number), font)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return answers.Image(
        data=file.getvalue(), extension="jpg", width=image.width, height=image.height
    )


def _tag(
    draw: ImageDraw.ImageDraw,
    corner: tuple[float, float],
    number: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    """Write `number` in a filled box at a line's first corner, inside the picture."""
    left, top, right, bottom = draw.textbbox((0, 0), number, font=font)
    wide, high = right - left + 6, bottom - top + 6
    x, y = max(corner[0] - wide, 0), max(corner[1] - high / 2, 0)
    draw.rectangle((x, y, x + wide, y + high), fill=INK)
    draw.text((x + 3 - left, y + 3 - top), number, "white", font)


def _pairs(corners: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(corners[::2], corners[1::2], strict=True))
