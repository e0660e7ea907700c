"""The task of saying what a picture shows: prepare, run, present.

Owns the way from an encoded picture to a sentence and its alternatives. Pictures for one captioner
share its passes. Who answers is decided in `models.catalog.selection`, and what is said in
`models.captioning`.
"""

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial

from models.captioning.own import CaptionBackend
from models.captioning.records import DEFAULT, Captioning, Captionings
from models.captioning.small import MAX_BEAMS
from models.captioning.small import Caption as Spoken
from models.catalog.selection import Choice, Selection
from models.images.arrays import Array
from models.images.perform import Perform, perform
from models.images.pixel_jobs import Look, Looked
from models.jobs.answers import Answer, Captioned, TextLine
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Caption
from models.reading.networks import Picture
from models.runtime.cache import NetworkCache
from models.runtime.device import device_name
from models.tasks.base import Present, running
from models.tasks.read import PAGE, Readers, pixels


@dataclass(frozen=True)
class Prepared:
    """A decoded picture: `pixels` (3, H, W) is what the chosen captioner sees of it.

    `page` is what a reader sees, where there is one.
    """

    choice: Choice[Captioning]
    pixels: Array
    beams: int
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...] = ()
    page: Picture | None = None


class CaptionTask:
    """Answers `Caption` jobs with those of `records` whose files are here.

    `readers` read what is written in the picture, if it is seen at a glance.
    """

    makes_room = False

    def __init__(
        self,
        records: Captionings,
        networks: NetworkCache,
        do: Perform = perform,
        readers: Readers | None = None,
    ) -> None:
        self._networks = networks
        self._do = do
        self._readers = readers
        self._selection = Selection(records, networks.shelf, DEFAULT)

    def cards(self) -> tuple[ModelInfo, ...]:
        """Return what there is to know of every captioner."""
        return self._selection.cards()

    def prepare(self, job: Caption) -> Prepared:
        """See `Task`."""
        choice = self._selection.choose(job.model)
        reads = self._readers is not None and self._readers.is_here
        views = (choice.record.view, *((PAGE,) if reads else ()))
        picture = self._do(Look(picture=job.picture, views=views))
        assert isinstance(picture, Looked)
        return Prepared(
            choice=choice,
            pixels=choice.record.see(picture.images[0].image()),
            beams=min(max(job.beams or choice.record.beams, 1), MAX_BEAMS),
            width=picture.width,
            height=picture.height,
            frames=picture.frames,
            notes=picture.notes,
            page=pixels(picture.images[1].image()) if reads else None,
        )

    def together(self, item: Prepared) -> Hashable:
        """Return the captioner: it looks at all its pictures at once."""
        return item.choice.record.name

    def run(self, batch: Sequence[Prepared]) -> Sequence[Answer | Present]:
        """See `Task`; all of `batch` are for one captioner."""
        record = batch[0].choice.record
        with running(record.name):
            begun = time.perf_counter()
            voice = self._voice(record)
            pictures, beams = [item.pixels for item in batch], [item.beams for item in batch]
            captions = voice.say(pictures, beams)
            words = [self._words(item) for item in batch]
            milliseconds = (time.perf_counter() - begun) * 1000
        device = device_name(self._networks.device, voice.runtime)
        return [
            partial(_present, *one, device, milliseconds)
            for one in zip(batch, captions, words, strict=True)
        ]

    def _words(self, item: Prepared) -> tuple[TextLine, ...]:
        if self._readers is None or item.page is None:
            return ()
        return self._readers.glimpse(item.page, (item.width, item.height))

    def _voice(self, record: Captioning) -> CaptionBackend:
        networks = self._networks
        return networks.get(
            record.name, lambda: record.load(networks.shelf, networks.device, networks.compiled)
        )


def _present(
    item: Prepared,
    caption: Spoken,
    words: tuple[TextLine, ...],
    device: str,
    milliseconds: float,
) -> Captioned:
    record = item.choice.record
    if not caption.text:
        sentence = say(
            "{model} couldn't come up with a caption. Try another picture.", model=record.name
        )
        raise JobError("model_failed", sentence)
    return Captioned(
        caption=caption.text,
        log_probability=caption.log_probability,
        sure=not caption.guess,
        alternatives=caption.alternatives,
        model=record.name,
        weights=record.checkpoint.name,
        width=item.width,
        height=item.height,
        frames=item.frames,
        words=words,
        notes=item.notes,
        device=device,
        milliseconds=milliseconds,
        substitution=item.choice.substitution,
    )
