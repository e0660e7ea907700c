"""The task of saying what a picture shows: prepare, run, present.

Owns the way from an encoded picture to a sentence and its alternatives. Who answers is decided in
`models.catalog.selection`, and what is said in `models.captioning.backends`.
"""

import time
from dataclasses import dataclass

from torch import Tensor

from models.captioning.records import DEFAULT, Captioning, Captionings
from models.captioning.small import MAX_BEAMS
from models.catalog.selection import Choice, Selection
from models.images.perform import Perform, perform
from models.images.pixel_jobs import Look, Looked
from models.jobs.answers import Captioned, TextLine
from models.jobs.base import Said, say
from models.jobs.errors import JobError
from models.jobs.model_info import ModelInfo
from models.jobs.requests import Caption
from models.reading.networks import Picture
from models.runtime.cache import NetworkCache
from models.tasks.base import Alone
from models.tasks.classify import device_name
from models.tasks.read import PAGE, Readers, pixels


@dataclass(frozen=True)
class Prepared:
    """A decoded picture: `tensor` (3, H, W) is what the chosen captioner sees of it.

    `page` is what a reader sees, where there is one.
    """

    choice: Choice[Captioning]
    tensor: Tensor
    beams: int
    width: int
    height: int
    frames: int
    notes: tuple[Said, ...] = ()
    page: Picture | None = None


class CaptionTask(Alone[Prepared, Captioned]):
    """Answers `Caption` jobs with those of `records` whose files are here.

    `readers` read what is written in the picture, if it is seen at a glance.
    """

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
            tensor=choice.record.see(picture.images[0].image()),
            beams=min(max(job.beams or choice.record.beams, 1), MAX_BEAMS),
            width=picture.width,
            height=picture.height,
            frames=picture.frames,
            notes=picture.notes,
            page=pixels(picture.images[1].image()) if reads else None,
        )

    def model_of(self, item: Prepared) -> str:
        """See `Alone`."""
        return item.choice.record.name

    def answer(self, item: Prepared) -> Captioned:
        """See `Alone`: a caption is the same in any batch."""
        record = item.choice.record
        networks = self._networks
        voice = networks.get(
            record.name, lambda: record.load(networks.shelf, networks.device, networks.compiled)
        )
        begun = time.perf_counter()
        words: tuple[TextLine, ...] = ()
        if self._readers and item.page is not None:
            words = self._readers.glimpse(item.page, (item.width, item.height))
        caption = voice.say(item.tensor, item.beams)
        milliseconds = (time.perf_counter() - begun) * 1000
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
            device=device_name(networks.device, voice.runtime),
            milliseconds=milliseconds,
            substitution=item.choice.substitution,
        )
